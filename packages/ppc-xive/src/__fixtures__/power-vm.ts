// A POWER machine under the hand of a test: operations by name, what the device's VM looks like.

import type { AnyBackend } from '@virq/irq-core/backend';
import type { KernelVersion } from '@virq/irq-core/kvm';
import { checkArgs, createMachine, createSession, findOperation, type Session } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import type { Source } from '../hw/layout.ts';
import { ppcXive } from '../index.ts';
import type { IrqState } from '../kvm/layout.ts';

type Row = Readonly<Record<string, unknown>>;

/** Answer of an operation. */
export interface Answer {
  readonly ret: number;
  readonly out?: Row;
}

/** The machine. */
export interface PowerVm {
  readonly session: Session;
  readonly chip: PowerChip;
  /** Runs an operation, and what it started to its end. */
  op(name: string, args?: Row): Answer;
  /** The same, the return value alone. */
  ret(name: string, args?: Row): number;
  /** An access to a source's pages: what it read, null for a store or a signal. */
  esb(irq: number, cmd: string): number | null;
  /** KVM's state of a source. */
  source(irq: number): IrqState;
  /** Its IPI. */
  ipi(irq: number): Source;
  /** Hardware source of the device's vector. */
  device(vector?: number): Source;
  /** First words of the queue at its usual place. */
  queue(): unknown;
  /** Names of events since the last call. */
  events(): string[];
}

/** What it is made of. */
export interface PowerVmOptions {
  readonly kernel?: KernelVersion;
  readonly vm?: Row;
  readonly host?: Row;
  /** Options of a second VM. */
  readonly other?: Row;
}

const spec = (options: Row = {}) => {
  const checked = checkArgs(ppcXive.vocabulary.vm, options);
  if (!checked.ok) throw new Error(checked.faults.map((f) => `${f.path} ${f.message}`).join('; '));
  const backend = ppcXive as unknown as AnyBackend;
  return { backend, options: checked.args, limits: { vcpus: (checked.args['cpus'] as number) || 1 } };
};

/** Opens a machine with one VM, or two, and a device of four vectors that VM 0 has opened. */
export function openPower({ kernel = '6.12', vm, host = {}, other }: PowerVmOptions = {}): PowerVm {
  const vms = other === undefined ? [spec(vm)] : [spec(vm), spec(other)];
  const machine = createMachine({ kernel, vms, devices: [{ name: 'nic', kind: 'pci', msix: 4 }], host });
  const session = createSession(machine);
  machine.vfio.open(0);
  const chip = session.vm.chip as PowerChip;
  machine.trace.on = true;
  const op: PowerVm['op'] = (name, args = {}) => {
    const found = findOperation(session, name);
    if (found === undefined) throw new Error(`no operation ${name}`);
    const checked = checkArgs(found.args, args);
    if (!checked.ok) throw new Error(checked.faults.map((f) => `${f.path} ${f.message}`).join('; '));
    const answer = found.run(checked.args);
    machine.settle();
    return answer;
  };
  return {
    session,
    chip,
    op,
    ret: (name, args) => op(name, args).ret,
    esb(irq, cmd) {
      const { out } = op('esb', { n: irq, cmd });
      return out?.['value'] === undefined ? null : Number(out['value']);
    },
    source: (irq) => chip.sources.find(irq) as IrqState,
    ipi: (irq) => chip.host.xive.sources.at((chip.sources.find(irq) as IrqState).ipi - 1),
    device: (vector = 0) => chip.host.xive.sources.at(vector),
    queue: () => ppcXive.vocabulary.observe['eq']?.(chip as never),
    events: () => session.takeTrace().map((line) => line.split(':')[0] as string),
  };
}

/** A source that is made, has a queue and is routed to it. */
export function openRouted(irq = 0x20, options: PowerVmOptions = {}): PowerVm {
  const t = openPower(options);
  for (const [op, args] of [
    ['source', { n: irq }],
    ['eq', {}],
    ['config', { n: irq, eisn: 0x1234 }],
  ] as const)
    if (t.ret(op, args) !== 0) throw new Error(op);
  return t;
}
