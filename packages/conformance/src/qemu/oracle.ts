// What the QEMU oracles share: a machine per sequence, an operation at a time, what is installed and which release it is.

import { spawnSync } from 'node:child_process';
import { hex, num, u64 } from '../arguments.ts';
import {
  cannot,
  type Instance,
  type Op,
  type Oracle,
  OracleError,
  type OracleResult,
  type Unavailable,
} from '../oracle.ts';
import type { Qemu } from './process.ts';

/** What an operation reads back. */
export type Out = OracleResult['out'];

/** One operation on a running machine. */
export type Run<S> = (session: S, op: Op) => Promise<Out | undefined>;

/** A family of QEMU machines. `S` is one that runs. */
export interface QemuMachines<S extends { readonly qemu: Qemu }> {
  /** As `-machine` takes them, for the head of a recording. */
  readonly machine: string;
  /** The environment variable that names another binary. */
  readonly variable: string;
  /** What installs the binary. */
  readonly install: string;
  /** Releases that the model follows, as a regular expression and in words; all if not said. */
  readonly follows?: { readonly versions: RegExp; readonly words: string };
  readonly operations: Readonly<Record<string, Run<S>>>;
  /** Makes the machine that a `start` asks for. */
  start(binary: string, op: Op): Promise<S>;
  observe(session: S): Promise<OracleResult['state']>;
}

const SUFFIX: Readonly<Record<number, string>> = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' };

const sized = (size: number): string => {
  const suffix = SUFFIX[size];
  if (suffix === undefined) throw new OracleError(`qtest has no access of ${size} bytes`);
  return suffix;
};

/** A store of 1, 2, 4 or 8 bytes, in the byte order of the machine's CPU. */
export async function store(
  qemu: Qemu,
  address: number | bigint,
  value: number | bigint,
  size = 4,
): Promise<undefined> {
  await qemu.qtest(`write${sized(size)} ${hex(address)} ${hex(value)}`);
  return undefined;
}

/** A load of 1, 2, 4 or 8 bytes, as the recordings print it. */
export const load = async (qemu: Qemu, address: number | bigint, size = 4): Promise<string> =>
  hex(BigInt(await qemu.qtest(`read${sized(size)} ${hex(address)}`)));

/** What an operation on a register says: a load, or with a value a store; 4 bytes if there is no size. */
export async function access(qemu: Qemu, op: Op, address: number): Promise<Out | undefined> {
  const size = num(op, 'size', 4);
  if (op['value'] === undefined) return { value: await load(qemu, address, size) };
  return store(qemu, address, u64(op['value']), size);
}

function createInstance<S extends { readonly qemu: Qemu }>(machines: QemuMachines<S>, binary: string): Instance {
  let session: S | null = null;
  const current = (): S => {
    if (session === null) throw new OracleError('the first operation is start');
    return session;
  };

  async function start(op: Op): Promise<undefined> {
    session?.qemu.stop();
    session = null;
    session = await machines.start(binary, op);
    return undefined;
  }

  const state = (): Promise<OracleResult['state']> => machines.observe(current());
  return {
    async apply(op) {
      const run = machines.operations[op.op];
      if (op.op !== 'start' && run === undefined) throw cannot('QEMU', op.op);
      const out = op.op === 'start' ? await start(op) : await run?.(current(), op);
      return { ret: 0, errno: null, ...(out === undefined ? {} : { out }), state: await state() };
    },
    settle: state,
    stop: () => session?.qemu.stop(),
  };
}

/** Creates the oracle over a QEMU binary. */
export function qemuOracle<S extends { readonly qemu: Qemu }>(machines: QemuMachines<S>, binary: string): Oracle {
  const version = (): string | null => {
    const { stdout, status } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
    return status === 0 ? (/version (\S+)/.exec(stdout)?.[1] ?? 'unknown') : null;
  };

  function available(): Unavailable | null {
    const found = version();
    if (found === null)
      return {
        reason: `${binary} is not installed`,
        remedy: `apt-get install -y --no-install-recommends ${machines.install}`,
      };
    const { follows, variable } = machines;
    if (follows === undefined || follows.versions.test(found)) return null;
    return {
      reason: `${binary} is QEMU ${found}; the model follows ${follows.words}`,
      remedy: `${variable} names another QEMU`,
    };
  }

  return {
    name: 'qemu',
    operations: new Set(['start', ...Object.keys(machines.operations)]),
    available: async () => available(),
    provenance: async () => ({
      implementation: 'qemu',
      version: version() ?? 'unknown',
      details: { machine: machines.machine, accelerator: 'tcg, stopped' },
    }),
    start: () => createInstance(machines, binary),
  };
}
