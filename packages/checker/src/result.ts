// What is asked of the checker and what it answers.

import type { PropertyKind, ScheduleStep } from '@virq/irq-core/protocol';

/** Built-in properties, checked in every model. */
export const BUILT_IN = {
  fault: 'no step fails',
  stale: 'no freed slot is touched',
  deadlock: 'no process waits for ever',
  lockOrder: 'locks are taken in one order',
  atomic: 'no step sleeps under a spinlock',
} as const;

/** Properties of protocols that no schedule shows: their violations have no steps. */
export const isAboutLocks = (property: string): boolean =>
  property === BUILT_IN.lockOrder || property === BUILT_IN.atomic;

/** Why an exploration ended before it had seen everything. */
export type Bound =
  | 'states'
  | 'depth'
  | 'time'
  | 'memory'
  | 'interrupted'
  /** Everything that was not taken for something else was seen: states shared bits (`store: 'bitstate'`). */
  | 'bits'
  /** Every state was seen, but promises about paths cannot be judged by hashes of states. */
  | 'promises';

/** Reductions; each keeps every verdict and can be switched off. */
export interface Reductions {
  /** Run steps that touch only what their process owns (its locals, fields under a lock it holds) without interleaving. */
  readonly partialOrder: boolean;
  /** Explore one state of each orbit under permutation of interchangeable instances. */
  readonly symmetry: boolean;
  /** Forget locals that will not be read again. */
  readonly deadLocals: boolean;
}

/** Options of `check`. */
export interface CheckOptions {
  /** Breadth first finds a shortest counterexample; depth first needs less memory for deep, narrow spaces. Default `bfs`. */
  readonly search?: 'bfs' | 'dfs';
  /**
   * What is kept of a state. `exact` (default): all of it. `fingerprint`: 64 bits, so that a state may be taken for another with a
   * probability that the result bounds. `bitstate`: three bits in a field of `maxMemory` bytes (default 64 MiB), which proves nothing.
   * Those two go depth first in the order that `seed` gives, unreduced, with the compiled engine; they are for states of more than
   * three words or spaces beyond memory, since exact states are small already.
   */
  readonly store?: 'exact' | 'fingerprint' | 'bitstate';
  /** Order of a search that keeps hashes; default 1. */
  readonly seed?: number;
  /** `plain` runs the steps themselves; `compiled` (default) runs code generated from what they were seen to read and write. */
  readonly engine?: 'compiled' | 'plain';
  /** All on by default, except where a property asks for the whole graph. `false` switches all off. */
  readonly reduce?: Partial<Reductions> | false;
  /** States explored without partial order reduction first, to see who touches what; default 3000. */
  readonly survey?: number;
  readonly maxStates?: number;
  /** Steps from the initial state. */
  readonly maxDepth?: number;
  /** Wall time in milliseconds, measured by `now`. */
  readonly maxTime?: number;
  /** Bytes for states and tables; default 2 GiB. */
  readonly maxMemory?: number;
  /** Clock in milliseconds for `maxTime` and progress; without it neither is available. */
  readonly now?: () => number;
  /** Called about every 100 ms of work; return false to stop with what is known. */
  readonly onProgress?: (p: Progress) => boolean | void;
  /** Whether a process that waits for ever is a violation; default true. */
  readonly deadlock?: boolean;
  /**
   * Go on after a violation and report the first of every property. Default false. Lock order and promises about paths are judged
   * only when no state breaks anything.
   */
  readonly all?: boolean;
}

/** How far an exploration is. */
export interface Progress {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** States found but not expanded. */
  readonly queue: number;
  /** Bytes in use. */
  readonly memory: number;
}

/** A violated property with the schedule that shows it. */
export interface Violation {
  readonly property: string;
  readonly kind: PropertyKind | 'built-in';
  /** Instance of a property that ranges over several, else 0. */
  readonly instance: number;
  /** What exactly was seen: the message of a failed step, the waiting process, … */
  readonly message: string;
  readonly consequence: string | null;
  /** From the initial state; `cycleFrom` steps lead to a cycle that the rest repeats, for liveness. */
  readonly steps: readonly ScheduleStep[];
  readonly cycleFrom: number | null;
}

/** How often a label was run. */
export interface LabelCoverage {
  readonly protocol: string;
  readonly label: string;
  readonly reached: boolean;
}

/** Outcome of a check. */
export interface CheckResult {
  readonly verdict: 'ok' | 'violated' | 'incomplete';
  readonly violations: readonly Violation[];
  /** Bound that was hit, null when every reachable state was seen. */
  readonly bound: Bound | null;
  readonly states: number;
  readonly transitions: number;
  /** Longest shortest path seen (BFS), deepest path (DFS). */
  readonly depth: number;
  /** States in which nothing can move. */
  readonly terminal: number;
  /** Bytes per stored state, tables included. */
  readonly bytesPerState: number;
  /** Bound on the probability that a state was taken for another and left out, null if none can be given; only if hashes were kept. */
  readonly omission?: number | null;
  /** Bits per state that `bitstate` had: above 100 nearly all states were told apart. */
  readonly hashFactor?: number | null;
  readonly coverage: readonly LabelCoverage[];
  /** `sometimes` properties that no state satisfied, and `quiescent` ones that were never asked because something can always move; with hashes, also promises about paths. */
  readonly unreached: readonly string[];
}
