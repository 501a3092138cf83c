// The QEMU oracle for x86: the IOAPIC and APIC bus of a q35 machine over qtest. Its LAPIC registers cannot be reached: no CPU is current.

import { num, redirection } from '../../arguments.ts';
import { type Op, type Oracle, OracleError } from '../../oracle.ts';
import { load, type QemuMachines, qemuOracle, type Run, store } from '../oracle.ts';
import { type Qemu, startQemu } from '../process.ts';
import { observe } from './observe.ts';

const IOAPIC = 0xfec00000;
const WINDOW = IOAPIC + 0x10;
const EOI = IOAPIC + 0x40;
const OBSERVED = ['redir', 'lapic'];

type Session = {
  readonly qemu: Qemu;
  readonly cpus: number;
  readonly observed: readonly string[];
  readonly ioapic: string;
};

async function writeRegister({ qemu }: Session, index: number, value: number): Promise<void> {
  await store(qemu, IOAPIC, index);
  await store(qemu, WINDOW, value);
}

const OPERATIONS: Readonly<Record<string, Run<Session>>> = {
  async reg({ qemu }, op) {
    await store(qemu, IOAPIC, num(op, 'reg'));
    return op['value'] === undefined ? { value: await load(qemu, WINDOW) } : store(qemu, WINDOW, num(op, 'value'));
  },
  async redir(s, op) {
    const entry = redirection(op['value']);
    const index = 0x10 + 2 * num(op, 'pin');
    await writeRegister(s, index + 1, Number(entry >> 32n));
    await writeRegister(s, index, Number(entry & 0xffffffffn));
    return undefined;
  },
  async line({ qemu, ioapic }, op) {
    await qemu.qtest(`set_irq_in ${ioapic} unnamed-gpio-in ${num(op, 'n')} ${num(op, 'level')}`);
    return undefined;
  },
  eoi: ({ qemu }, op) => store(qemu, EOI, num(op, 'vector')),
  msi: ({ qemu }, op) => store(qemu, num(op, 'addr'), num(op, 'data')),
  read: async ({ qemu }, op) => ({ value: await load(qemu, num(op, 'addr'), num(op, 'size', 4)) }),
  write: ({ qemu }, op) => store(qemu, num(op, 'addr'), num(op, 'value'), num(op, 'size', 4)),
};

/** Name of the IOAPIC in the object tree: it has none of its own, so it is found among the unattached devices. */
async function findIoapic(qemu: Qemu): Promise<string> {
  const tree = (await qemu.monitor('info qom-tree')).replaceAll('\r', '');
  let parents: string[] = [];
  for (const line of tree.split('\n')) {
    const [, indent, name, type] = /^(\s*)\/(\S*) \((\S+)\)$/.exec(line) ?? [];
    if (indent === undefined || name === undefined) continue;
    parents = [...parents.slice(0, indent.length / 2), name];
    if (type === 'ioapic') return `/${parents.join('/')}`;
  }
  throw new OracleError('this machine has no IOAPIC');
}

async function start(binary: string, op: Op): Promise<Session> {
  const cpus = num(op, 'cpus', 1);
  // A small memory makes it start sooner.
  const qemu = await startQemu(binary, ['-machine', 'q35', '-m', '16', '-smp', String(cpus)]);
  const observed = (op['observe'] ?? OBSERVED) as unknown as string[];
  return { qemu, cpus, observed, ioapic: await findIoapic(qemu) };
}

const Q35: QemuMachines<Session> = {
  machine: 'q35',
  variable: 'VIRQ_QEMU',
  install: 'qemu-system-x86',
  operations: OPERATIONS,
  start,
  observe: ({ qemu, cpus, observed }) => observe(qemu, cpus, observed),
};

/** Creates the oracle over a QEMU binary. */
export const createQemuOracle = (binary = 'qemu-system-x86_64'): Oracle => qemuOracle(Q35, binary);
