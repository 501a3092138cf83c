// One shard of a swarm, and what several of them saw together: text that any job queue can carry.

import { VirqError } from '@virq/irq-core/errors';
import { formatSchedule } from '@virq/irq-core/protocol';
import type { MakeSystem } from '../check.ts';
import type { Origin } from '../counterexample/index.ts';
import type { Bound } from '../result.ts';
import { drained, type RandomSearchOptions, randomSearchSlices } from './random-search.ts';
import { estimate, union } from './sketch.ts';

const FORMAT = 'shard/1';
/** Longest schedule that a shard looks for unless it is told otherwise: shards are there to find, and what they find is to be read. */
const DEEP = 100_000;

/** Which part of a swarm. */
export interface Part {
  /** From 1 to `of`. */
  readonly shard: number;
  readonly of: number;
}

/** A violation that a shard found; its schedule is some schedule, not the shortest. */
export interface ShardViolation {
  readonly property: string;
  readonly message: string;
  readonly schedule: string;
}

/** What a shard saw. */
export interface ShardResult extends Part {
  readonly virq: typeof FORMAT;
  readonly origin: Origin;
  readonly seed: number;
  readonly store: 'fingerprint' | 'bitstate';
  /** Why it ended before it had seen everything. */
  readonly bound: Bound | null;
  /** Everything was seen: the shard ended by itself, with fingerprints. */
  readonly complete: boolean;
  /** Bound on the probability that a state was left out; null if none can be given. */
  readonly omission: number | null;
  readonly states: number;
  readonly transitions: number;
  readonly violations: readonly ShardViolation[];
  readonly unreached: readonly string[];
  /** Labels that never ran, as `protocol: label`. */
  readonly unrun: readonly string[];
  readonly sketch: readonly number[];
}

/** Options of a shard. */
export interface ShardOptions extends RandomSearchOptions, Part {
  readonly origin: Origin;
}

/** Explores one shard: odd ones with fingerprints, even ones with bits, each in an order of its own. */
export const exploreShard = (make: MakeSystem, options: ShardOptions): ShardResult =>
  drained(exploreShardSlices(make, options));

/** The same, stopping now and then so that its caller can look around. */
export function* exploreShardSlices(make: MakeSystem, options: ShardOptions): Generator<undefined, ShardResult> {
  const { shard, of, origin } = options;
  if (!Number.isInteger(shard) || shard < 1 || shard > of)
    throw new VirqError('VIRQ-K005', `there is no shard ${shard} of ${of}`, { hint: 'shards are numbered from 1' });
  const seed = ((options.seed ?? 1) * 1009 + shard) >>> 0;
  const store = options.store ?? (shard % 2 === 1 ? 'fingerprint' : 'bitstate');
  const r = yield* randomSearchSlices(make, { maxDepth: DEEP, ...options, seed, store });
  return {
    virq: FORMAT,
    ...{ origin, shard, of, seed, store },
    bound: r.bound,
    complete: r.bound === null && (options.all !== false || r.violations.length === 0),
    omission: r.omission,
    states: r.states,
    transitions: r.transitions,
    violations: r.violations.map((v) => ({
      property: v.property,
      message: v.message,
      schedule: formatSchedule(v.steps),
    })),
    unreached: r.unreached,
    unrun: r.coverage.filter((l) => !l.reached).map((l) => `${l.protocol}: ${l.label}`),
    sketch: r.sketch,
  };
}

/** What a swarm saw. */
export interface MergedResult {
  readonly origin: Origin;
  /** `ok` only if a shard saw everything. */
  readonly verdict: 'ok' | 'violated' | 'incomplete';
  readonly of: number;
  /** Shards that were not among the results. */
  readonly missing: readonly number[];
  /** Different states seen by all together, estimated within about 3 %. */
  readonly states: number;
  readonly transitions: number;
  readonly omission: number | null;
  /** Of every property the shortest schedule that was found. */
  readonly violations: readonly ShardViolation[];
  readonly unreached: readonly string[];
  readonly unrun: readonly string[];
}

const common = (lists: readonly (readonly string[])[]): string[] =>
  (lists[0] ?? []).filter((name) => lists.every((l) => l.includes(name)));

function shortest(violations: readonly ShardViolation[]): ShardViolation[] {
  const best = new Map<string, ShardViolation>();
  for (const v of violations) {
    const known = best.get(v.property);
    if (known === undefined || v.schedule.length < known.schedule.length) best.set(v.property, v);
  }
  return [...best.values()];
}

/** Puts the results of shards together. Throws VIRQ-K005 if they are not of one swarm. */
export function mergeShards(shards: readonly ShardResult[]): MergedResult {
  const [first] = shards;
  if (first === undefined) throw new VirqError('VIRQ-K005', 'there is no shard to merge');
  const key = (s: ShardResult): string => JSON.stringify([s.origin, s.of]);
  for (const s of shards)
    if (key(s) !== key(first))
      throw new VirqError('VIRQ-K005', `shard ${s.shard} of ${s.of} is of another swarm: ${JSON.stringify(s.origin)}`, {
        hint: 'merge results of one model with one scope and one number of shards',
      });
  const twice = shards.find((s, i) => shards.some((t, k) => k < i && t.shard === s.shard));
  if (twice !== undefined)
    throw new VirqError('VIRQ-K005', `shard ${twice.shard} of ${twice.of} is there twice`, {
      hint: 'give one result of each shard',
    });
  const violations = shortest(shards.flatMap((s) => s.violations));
  const complete = shards.find((s) => s.complete);
  return {
    origin: first.origin,
    verdict: violations.length > 0 ? 'violated' : complete !== undefined ? 'ok' : 'incomplete',
    of: first.of,
    missing: Array.from({ length: first.of }, (_, i) => i + 1).filter((i) => !shards.some((s) => s.shard === i)),
    states: complete?.states ?? estimate(union(shards.map((s) => s.sketch))),
    transitions: shards.reduce((sum, s) => sum + s.transitions, 0),
    omission: complete?.omission ?? null,
    violations,
    unreached: common(shards.map((s) => s.unreached)),
    unrun: common(shards.map((s) => s.unrun)),
  };
}

/** Reads the result of a shard. Throws VIRQ-K002 if it is none. */
export function parseShard(text: string): ShardResult {
  let value: Partial<ShardResult> | null = null;
  try {
    value = JSON.parse(text) as Partial<ShardResult>;
  } catch {}
  const lists = ['violations', 'unreached', 'unrun', 'sketch'] as const;
  if (value?.virq !== FORMAT || !lists.every((name) => Array.isArray(value?.[name])) || value.origin === undefined)
    throw new VirqError('VIRQ-K002', `no result of a shard: "virq" is not "${FORMAT}", or a part is missing`, {
      hint: 'give a file that virq check --shard wrote',
    });
  return value as ShardResult;
}
