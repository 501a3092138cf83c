// Depth first in a random order, keeping hashes instead of states: for spaces that do not fit, one shard of a swarm at a time
// (Holzmann, Joshi, Groce, "Swarm verification techniques", 2011).

import { seeded } from '@virq/irq-core/protocol';
import type { MakeSystem } from '../check.ts';
import { createSearch, shortened } from '../compiled/search.ts';
import { createKnowledge, type Knowledge } from '../learn/knowledge.ts';
import { isLiveness } from '../liveness.ts';
import { lockDiscipline } from '../lock-order.ts';
import { pathViolations } from '../plain.ts';
import { NONE } from '../reduce/reductions.ts';
import type { Bound, CheckOptions, CheckResult } from '../result.ts';
import { createCounter } from './sketch.ts';
import { bitstate, fingerprints, type Hashes, type Note } from './visited.ts';

/** Options of a random search. */
export interface RandomSearchOptions {
  /** Order of processes and alternatives, and which bits a state sets; default 1. */
  readonly seed?: number;
  /** 64 bits per state, or three bits in a field of fixed size. Default `fingerprint`. */
  readonly store?: 'fingerprint' | 'bitstate';
  /** Bytes for what was visited and for the stack; default 256 MiB for fingerprints, 64 MiB for bits. */
  readonly maxMemory?: number;
  readonly maxStates?: number;
  /** Longest schedule; default any, for a shard 100,000. */
  readonly maxDepth?: number;
  /** Milliseconds, measured by `now`. */
  readonly maxTime?: number;
  readonly now?: () => number;
  readonly deadlock?: boolean;
  /** Go on after a violation and keep the first of every property. Default true. */
  readonly all?: boolean;
  /** Asked every thousand steps or so; true ends the search with what is known. */
  readonly stop?: () => boolean;
}

/** What a random search saw. */
export interface RandomSearchResult extends Omit<CheckResult, 'verdict' | 'bytesPerState'> {
  readonly bytes: number;
  /** Bound on the probability that a state was taken for another and left out; null if none can be given. */
  readonly omission: number | null;
  /** Bits per state of a field of bits: above 100 nearly all states were told apart. Null for fingerprints. */
  readonly hashFactor: number | null;
  /** For estimating how many states several searches saw together. */
  readonly sketch: readonly number[];
}

/** States expanded before the caller may look around. */
const BATCH = 1024;

/** What was visited, in up to seven eighths of the memory, and bytes for the stack: the rest. */
function sharesOf({ store, seed = 1, maxMemory }: RandomSearchOptions, note: Note) {
  const bytes = maxMemory ?? (store === 'bitstate' ? 2 ** 26 : 2 ** 28);
  const most = (bytes / 8) * 7;
  const visited = store === 'bitstate' ? bitstate(most, seed, note) : fingerprints(most, note);
  return { visited, maxStack: () => bytes - visited.bytes };
}

/** Runs slices without looking around in between. */
export function drained<T>(slices: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = slices.next();
    if (done === true) return value;
  }
}

/** Explores in a random order until the end or a bound. Goes on after violations: the first of every property is kept, not the shortest. */
export const randomSearch = (make: MakeSystem, options: RandomSearchOptions = {}): RandomSearchResult =>
  drained(randomSearchSlices(make, options));

/** Names of the promises about paths, which hashes cannot judge. */
const promisesOf = ({ system }: Knowledge): string[] => system.properties.filter(isLiveness).map((p) => p.name);

/** What a search that ended by itself has not shown all the same. */
function shortfall(knowledge: Knowledge, hashes: Hashes): Bound | null {
  if (hashes.omission() === null) return 'bits';
  return promisesOf(knowledge).length > 0 ? 'promises' : null;
}

/** The same, stopping now and then so that its caller can look around. */
export function* randomSearchSlices(
  make: MakeSystem,
  options: RandomSearchOptions & Pick<CheckOptions, 'onProgress'> = {},
): Generator<undefined, RandomSearchResult> {
  const knowledge = createKnowledge(make({ record: true }), NONE);
  const counter = createCounter();
  const { visited, maxStack } = sharesOf(options, counter.add);
  const hashed = { visited, random: seeded(options.seed ?? 1), maxStack };
  const search = createSearch(knowledge, { all: true, ...options }, false, hashed);
  let stopped = false;
  for (let going = true; going && !stopped; ) {
    for (let k = 0; k < BATCH && going; k++) going = search.advance();
    stopped = going && options.stop?.() === true;
    yield;
  }
  const { verdict, bytesPerState, bound, violations, unreached, ...counts } = search.result() as CheckResult;
  const ended = verdict === 'ok' && !stopped;
  const gaveUp = options.all === false && violations.length > 0;
  return {
    ...counts,
    bound: stopped ? 'interrupted' : (bound ?? (gaveUp ? null : shortfall(knowledge, visited))),
    violations: ended ? pathViolations(lockDiscipline(knowledge.edges), () => []) : violations,
    unreached: [...unreached, ...promisesOf(knowledge)],
    bytes: bytesPerState * counts.states,
    omission: visited.omission(),
    hashFactor: visited.hashFactor(),
    sketch: counter.sketch(),
  };
}

/** `check` with hashes instead of states. A violation ends it; the schedule is a shortest one if that is cheap to find. */
export function* hashedSlices(make: MakeSystem, options: CheckOptions): Generator<undefined, CheckResult> {
  const store = options.store === 'bitstate' ? 'bitstate' : 'fingerprint';
  const memory = store === 'fingerprint' ? { maxMemory: 2 ** 31 } : {};
  const found = yield* randomSearchSlices(make, { all: false, ...memory, ...options, store });
  const { sketch: _, bytes, ...rest } = found;
  const clean = found.bound === null ? 'ok' : 'incomplete';
  const verdict = found.violations.length > 0 ? 'violated' : clean;
  return yield* shortened(make, options, { ...rest, verdict, bytesPerState: bytes / found.states });
}
