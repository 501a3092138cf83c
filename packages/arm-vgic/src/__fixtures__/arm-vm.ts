// An Arm machine under the hand of a test: operations by name.

import type { AnyBackend } from '@virq/irq-core/backend';
import type { KernelVersion } from '@virq/irq-core/kvm';
import { checkArgs, createMachine, createSession, findOperation, type Session } from '@virq/irq-core/machine';
import type { Edits } from '@virq/irq-core/protocol';
import type { ArmChip } from '../chip.ts';
import armVgic from '../index.ts';
import type { Irq } from '../irq/layout.ts';

type Row = Readonly<Record<string, unknown>>;

/** Answer of an operation. */
export interface Answer {
  readonly ret: number;
  readonly out?: Row;
}

/** The machine. */
export interface ArmVm {
  readonly session: Session;
  readonly chip: ArmChip;
  /** Runs an operation, and what it started to its end. */
  op(name: string, args?: Row): Answer;
  /** The same, the return value alone. */
  ret(name: string, args?: Row): number;
  /** An interrupt as a vCPU sees it. */
  irq(intid: number, vcpu?: number): Irq;
  /** INTIDs on the list of a vCPU, in order. */
  listed(vcpu?: number): number[];
  /** Tracepoint lines since the last call. */
  events(): string[];
}

/** What it is made of. */
export interface ArmVmOptions {
  readonly kernel?: KernelVersion;
  readonly vm?: Row;
  readonly host?: Row;
  /** Options of a second VM. */
  readonly other?: Row;
  /** Paths that stand in for others. */
  readonly edits?: Edits;
}

const spec = (options: Row = {}) => {
  const checked = checkArgs(armVgic.vocabulary.vm, options);
  if (!checked.ok) throw new Error(checked.faults.map((f) => `${f.path} ${f.message}`).join('; '));
  const backend = armVgic as unknown as AnyBackend;
  return { backend, options: checked.args, limits: { vcpus: (checked.args['cpus'] as number) || 1 } };
};

/** Opens a machine with one VM, or two, and a PCI and a platform device. */
export function openArm({ kernel = '6.12', vm, host = {}, other, edits = [] }: ArmVmOptions = {}): ArmVm {
  const vms = other === undefined ? [spec(vm)] : [spec(vm), spec(other)];
  const devices = [
    { name: 'nic', kind: 'pci', msix: 4 },
    { name: 'mgbe', kind: 'platform', hostIrq: 40 },
  ] as const;
  const machine = createMachine({ kernel, vms, devices, host, edits });
  const session = createSession(machine);
  const chip = session.vm.chip as ArmChip;
  machine.trace.on = true;
  const op: ArmVm['op'] = (name, args = {}) => {
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
    irq: (intid, vcpu = 0) => chip.irqs.at(chip.irqs.find(vcpu, intid)),
    listed(vcpu = 0) {
      const out: number[] = [];
      for (let at = chip.lists.apLists.at(vcpu).first; at !== 0; at = chip.irqs.at(at - 1).next)
        out.push(chip.irqs.at(at - 1).intid);
      return out;
    },
    events: () => session.takeTrace().map((line) => line.split(':')[0] as string),
  };
}
