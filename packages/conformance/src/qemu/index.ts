// The QEMU oracle: the IOAPIC and APIC bus of a q35 machine over qtest. Its LAPIC registers cannot be reached: no CPU is current.

import { spawnSync } from 'node:child_process';
import { hex, num, redirection } from '../arguments.ts';
import {
  cannot,
  type Instance,
  type Op,
  type Oracle,
  OracleError,
  type OracleResult,
  type Unavailable,
} from '../oracle.ts';
import { observe } from './observe.ts';
import { type Qemu, startQemu } from './process.ts';

const IOAPIC = 0xfec00000;
const WINDOW = IOAPIC + 0x10;
const EOI = IOAPIC + 0x40;
const OBSERVED = ['redir', 'lapic'];
const SUFFIX: Readonly<Record<number, string>> = { 1: 'b', 2: 'w', 4: 'l' };

type Out = OracleResult['out'];
type Session = {
  readonly qemu: Qemu;
  readonly cpus: number;
  readonly observed: readonly string[];
  readonly ioapic: string;
};
type Run = (s: Session, op: Op) => Promise<Out | undefined>;

const sized = (size: number): string => {
  const suffix = SUFFIX[size];
  if (suffix === undefined) throw new OracleError(`qtest has no access of ${size} bytes`);
  return suffix;
};
const write = async (s: Session, address: number, value: number, size = 4): Promise<undefined> => {
  await s.qemu.qtest(`write${sized(size)} ${hex(address)} ${hex(value)}`);
  return undefined;
};
const read = async (s: Session, address: number, size = 4): Promise<string> =>
  hex(BigInt(await s.qemu.qtest(`read${sized(size)} ${hex(address)}`)));

async function writeRegister(s: Session, index: number, value: number): Promise<void> {
  await write(s, IOAPIC, index);
  await write(s, WINDOW, value);
}

const OPERATIONS: Readonly<Record<string, Run>> = {
  async reg(s, op) {
    await write(s, IOAPIC, num(op, 'reg'));
    return op['value'] === undefined ? { value: await read(s, WINDOW) } : write(s, WINDOW, num(op, 'value'));
  },
  async redir(s, op) {
    const entry = redirection(op['value']);
    const index = 0x10 + 2 * num(op, 'pin');
    await writeRegister(s, index + 1, Number(entry >> 32n));
    await writeRegister(s, index, Number(entry & 0xffffffffn));
    return undefined;
  },
  async line(s, op) {
    await s.qemu.qtest(`set_irq_in ${s.ioapic} unnamed-gpio-in ${num(op, 'n')} ${num(op, 'level')}`);
    return undefined;
  },
  eoi: (s, op) => write(s, EOI, num(op, 'vector')),
  msi: (s, op) => write(s, num(op, 'addr'), num(op, 'data')),
  read: async (s, op) => ({ value: await read(s, num(op, 'addr'), num(op, 'size', 4)) }),
  write: (s, op) => write(s, num(op, 'addr'), num(op, 'value'), num(op, 'size', 4)),
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

function createInstance(binary: string): Instance {
  let session: Session | null = null;
  const current = (): Session => {
    if (session === null) throw new OracleError('the first operation is start');
    return session;
  };

  async function start(op: Op): Promise<undefined> {
    session?.qemu.stop();
    const cpus = num(op, 'cpus', 1);
    const qemu = await startQemu(binary, ['-machine', 'q35', '-smp', String(cpus)]);
    const observed = (op['observe'] ?? OBSERVED) as unknown as string[];
    session = { qemu, cpus, observed, ioapic: await findIoapic(qemu) };
    return undefined;
  }

  const state = (): Promise<OracleResult['state']> => observe(current().qemu, current().cpus, current().observed);
  return {
    async apply(op) {
      const run = OPERATIONS[op.op];
      if (op.op !== 'start' && run === undefined) throw cannot('QEMU', op.op);
      const out = op.op === 'start' ? await start(op) : await run?.(current(), op);
      return { ret: 0, errno: null, ...(out === undefined ? {} : { out }), state: await state() };
    },
    settle: state,
    stop: () => session?.qemu.stop(),
  };
}

const INSTALL = 'apt-get install -y --no-install-recommends qemu-system-x86';

/** Creates the oracle over a QEMU binary. */
export function createQemuOracle(binary = 'qemu-system-x86_64'): Oracle {
  const version = (): string | null => {
    const { stdout, status } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
    return status === 0 ? (/version (\S+)/.exec(stdout)?.[1] ?? 'unknown') : null;
  };
  return {
    name: 'qemu',
    operations: new Set(['start', ...Object.keys(OPERATIONS)]),
    available: async (): Promise<Unavailable | null> =>
      version() === null ? { reason: `${binary} is not installed`, remedy: INSTALL } : null,
    provenance: async () => ({
      implementation: 'qemu',
      version: version() ?? 'unknown',
      details: { machine: 'q35', accelerator: 'tcg, stopped' },
    }),
    start: () => createInstance(binary),
  };
}
