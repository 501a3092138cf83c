// The reference model as a server: one JSON operation in, one JSON result out, in the vocabulary of the recorded vectors.

import type { AnyBackend } from '../backend.ts';
import { errnoName, VirqError } from '../errors.ts';
import { DEFAULT_KERNEL, type KernelVersion } from '../kvm/index.ts';
import type { DeviceSpec } from '../vfio/index.ts';
import { checkArgs } from './args.ts';
import { createMachine } from './machine.ts';
import { createSession, findOperation, operationNames, type Session } from './session.ts';
import type { ArgSpec, Args, Json, OpResult } from './vocabulary.ts';

/** One line of output. */
export type ExecResult = { readonly i: number; readonly op: string | null } & Readonly<Record<string, Json>>;

/** Options of {@link createExec}. */
export interface ExecOptions {
  readonly backend: AnyBackend;
  readonly kernel?: KernelVersion;
}

/** A running session: feed one request at a time. */
export interface Exec {
  /** The result of one request, a parsed JSON value. Never throws for bad input: that is a result with `error`. */
  request(value: unknown): ExecResult;
  /** The same for a line of text. */
  line(text: string): ExecResult;
  /** The session behind it; null before the first `vm`. */
  session(): Session | null;
}

const VM_ARGS: Readonly<Record<string, ArgSpec>> = {
  observe: {
    type: 'list',
    of: { type: 'name', of: 'a part of the state', doc: 'key' },
    doc: 'state keys of every result',
    optional: true,
  },
  devices: {
    type: 'list',
    of: {
      type: 'object',
      fields: {
        name: { type: 'name', of: 'a device', doc: 'its name' },
        msix: { type: 'int', min: 1, max: 32, default: 1, doc: 'MSI-X vectors' },
      },
      doc: 'a PCI function',
    },
    doc: 'passed-through devices of the host; the VMM has opened them',
    optional: true,
  },
};

/** Fields of a request that are no arguments. */
const NOT_ARGS: ReadonlySet<string> = new Set(['op', 'note']);

const errorResult = (i: number, op: string | null, code: string, message: string): ExecResult => ({
  i,
  op,
  error: { code, message },
});

function split(request: object): { op: unknown; note: Json | undefined; given: Args } {
  const given = Object.fromEntries(Object.entries(request).filter(([key]) => !NOT_ARGS.has(key)));
  const { op, note } = request as { op?: unknown; note?: Json };
  return { op, note, given };
}

const plain = (r: OpResult): { ret: number; errno: string | null } =>
  r.ret < 0 ? { ret: -1, errno: errnoName(r.ret) } : { ret: r.ret, errno: null };

/** Opens a server on a backend. */
export function createExec({ backend, kernel = DEFAULT_KERNEL }: ExecOptions): Exec {
  let index = 0;
  let session: Session | null = null;
  const { op: opening, vcpus: vcpusArg } = backend.vocabulary.start ?? { op: 'vm', vcpus: 'vcpus' };

  function startVm(args: Args): OpResult {
    const { observe, devices: given, ...options } = args;
    const vcpus = (options[vcpusArg] as number | undefined) ?? 1;
    const functions = (given ?? []) as readonly Pick<DeviceSpec, 'name' | 'msix'>[];
    const devices = functions.map((d): DeviceSpec => ({ ...d, kind: 'pci' }));
    const machine = createMachine({ kernel, vms: [{ backend, options, limits: { vcpus } }], devices });
    for (const device of devices.keys()) machine.vfio.open(device);
    session = createSession(machine);
    if (observe !== undefined) session.observed = observe as string[];
    return { ret: 0 };
  }

  function operation(op: string): { args: Readonly<Record<string, ArgSpec>>; run(args: Args): OpResult } | undefined {
    if (op === opening) return { args: { ...VM_ARGS, ...backend.vocabulary.vm }, run: startVm };
    return session === null ? undefined : findOperation(session, op);
  }

  function known(): string {
    return [opening, ...(session === null ? [] : operationNames(session))].join(', ');
  }

  function run(i: number, op: string, given: Args, note: Json | undefined): ExecResult {
    const found = operation(op);
    if (found === undefined) {
      const first = session === null ? `the first operation is ${opening}; ` : '';
      return errorResult(i, op, 'VIRQ-X002', `no operation '${op}': ${first}known are ${known()}`);
    }
    const checked = checkArgs(found.args, given, op === opening ? backend.vocabulary.checkVm : undefined);
    if (!checked.ok)
      return errorResult(i, op, 'VIRQ-X003', checked.faults.map((f) => `${f.path} ${f.message}`).join('; '));
    const result = found.run(checked.args);
    const s = session as Session;
    s.machine.settle();
    const out = result.out === undefined ? {} : { out: result.out };
    const trace = s.tracing ? { trace: s.takeTrace() } : {};
    return { i, op, ...plain(result), ...(note === undefined ? {} : { note }), ...out, state: s.observe(), ...trace };
  }

  function request(value: unknown): ExecResult {
    const i = index++;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return errorResult(i, null, 'VIRQ-X001', 'a request is a JSON object with a string "op"');
    const { op, note, given } = split(value);
    if (typeof op !== 'string') return errorResult(i, null, 'VIRQ-X001', 'a request needs a string "op"');
    try {
      return run(i, op, given, note);
    } catch (error) {
      if (VirqError.isInstance(error)) return errorResult(i, op, error.code, error.message);
      throw error;
    }
  }

  return {
    request,
    line(text) {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch (error) {
        return errorResult(index++, null, 'VIRQ-X001', `line ${index} is not JSON: ${(error as Error).message}`);
      }
      return request(value);
    },
    session: () => session,
  };
}
