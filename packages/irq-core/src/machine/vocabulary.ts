// The words of a scenario and of `virq exec`: operations with declared arguments, and what `observe` can show. Data plus a function each.

import type { VmOptions } from '../backend.ts';
import type { AnyProtocol } from '../protocol/index.ts';

/** JSON as it goes in and out. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What one argument may be. `doc` is one phrase; integers are accepted as numbers or `"0x…"` strings. */
export type ArgSpec = ArgKind & {
  readonly doc: string;
  /** Value when the argument is left out; without it the argument is required unless `optional`. */
  readonly default?: Json;
  readonly optional?: boolean;
};

/** Kinds of argument. */
export type ArgKind =
  | { readonly type: 'int'; readonly min?: number; readonly max?: number }
  /** 64-bit integer, given as number or hex string, passed on as bigint. */
  | { readonly type: 'u64' }
  | { readonly type: 'bool' }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  /** Name of something the scenario or session has: an eventfd, a device. Created on first use where the operation says so. */
  | { readonly type: 'name'; readonly of: string }
  | { readonly type: 'list'; readonly of: ArgSpec }
  | { readonly type: 'object'; readonly fields: Readonly<Record<string, ArgSpec>> }
  /** First alternative that fits. */
  | { readonly type: 'either'; readonly of: readonly ArgSpec[] };

/** Arguments after checking, by name: integers are numbers, u64 bigint, the rest as given. */
export type Args = Readonly<Record<string, unknown>>;

/** A fault in the arguments: where and what. */
export interface ArgFault {
  /** Path below the operation: `entries[2].pin`. */
  readonly path: string;
  readonly message: string;
}

/** Result of an operation: what the ioctl or access would return, and what it reads back. */
export interface OpResult {
  /** Return value ≥ 0, or negative errno. */
  readonly ret: number;
  readonly out?: Readonly<Record<string, Json>>;
}

/** One operation. `T` is what it works on: a chip for a backend's words, the session for the core's. */
export interface Operation<T> {
  /** One sentence. */
  readonly summary: string;
  readonly args: Readonly<Record<string, ArgSpec>>;
  run(target: T, args: Args): OpResult;
  /**
   * True while a lock that the kernel would wait for is held by somebody who is in the middle of a path: a process of `check` then waits with an operation that is done
   * in one go.
   */
  isBusy?(target: T, args: Args): boolean;
  /** Its kernel path, if others can come between: a process of `check` walks it step by step. `options` are the VM's. */
  path?(args: Args, options: VmOptions): OperationPath<T>;
}

/** An operation in two parts: what it validates at once, and the path after that. */
export interface OperationPath<T> {
  readonly protocol: AnyProtocol<never>;
  /** Up to the first place where another CPU can come between: locals for the protocol, or what it returned without getting there. */
  begin(target: T): Readonly<Record<string, number>> | number;
}

/** A backend's words. */
export interface Vocabulary<C> {
  /** The operation that makes the machine, and its argument that counts vCPUs; `vm` and `vcpus` if not said. */
  readonly start?: { readonly op: string; readonly vcpus: string };
  /** Arguments of the `vm` operation beyond the core's (`vcpus`, `observe`). They reach the backend as VmOptions. */
  readonly vm: Readonly<Record<string, ArgSpec>>;
  /** What is wrong with arguments of `vm` that are each right by themselves. */
  readonly checkVm?: (args: Args) => readonly ArgFault[];
  readonly operations: Readonly<Record<string, Operation<C>>>;
  /** State keys for `observe`, in the shape of the recorded vectors. */
  readonly observe: Readonly<Record<string, (chip: C) => Json>>;
  /** Keys observed when nothing is said; a function where they depend on what the machine has. */
  readonly observeDefault: readonly string[] | ((chip: C) => readonly string[]);
}

/** A plain success. */
export const OK: OpResult = { ret: 0 };
