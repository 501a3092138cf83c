// A campaign: seeds × operations against an oracle, or a recorded sequence. It ends at the first difference that no skip explains.

import { seeded } from '@virq/irq-core/protocol';
import { type Difference, firstDifference, lockstep } from './compare/lockstep.ts';
import { type Minimised, minimise } from './compare/minimise.ts';
import { accidental, explaining, lasting, type Skip } from './compare/skips.ts';
import { chooser } from './generate/choose.ts';
import type { Generator } from './generate/generator.ts';
import { createStrategy } from './generate/strategy.ts';
import type { Op, Oracle, OracleResult, Provenance } from './oracle.ts';

/** Two sides, and what is known of their differences. */
export interface Comparison {
  readonly model: Oracle;
  readonly oracle: Oracle;
  readonly skips: readonly Skip[];
  /** Called after every operation with what the oracle gave; a replay has no seed. */
  readonly onResult?: (op: Op, result: OracleResult, seed: number | null) => void;
  /** Called after every sequence; false ends the campaign. */
  readonly onProgress?: (progress: Progress) => boolean;
}

/** What a campaign runs. */
export interface CampaignOptions extends Comparison {
  readonly generator: Generator;
  readonly seeds: readonly number[];
  /** Operations in all, shared out among the seeds. */
  readonly ops: number;
}

/** How far a campaign is. */
export interface Progress {
  readonly ops: number;
  readonly sequences: number;
}

/** A difference that nothing explains. */
export interface Finding {
  readonly seed: number | null;
  readonly minimised: Minimised;
}

/** A difference that did not show again. */
export interface Accident {
  readonly seed: number | null;
  readonly difference: Difference;
}

/** What a campaign came to. */
export interface CampaignResult {
  readonly oracle: Provenance;
  readonly ops: number;
  readonly sequences: number;
  /** Different pairs of operations and features of states that were seen. */
  readonly features: number;
  /** How often each skip was used. */
  readonly skipped: ReadonlyMap<string, number>;
  readonly finding: Finding | null;
  /** Differences that repeating the sequence did not show again: a work item of the host came late. */
  readonly unrepeatable: readonly Accident[];
  readonly interrupted: boolean;
}

const LENGTHS = [20, 60, 150, 300];
/** How often a sequence is repeated before its difference is taken for an accident. */
const REPETITIONS = 3;

/** How a sequence ended. */
type Outcome = 'done' | 'interrupted' | { readonly difference: Difference; readonly sequence: readonly Op[] };

const touchesState = (d: Difference): boolean => d.fields.some((f) => f.path.startsWith('state'));
/** Lets signals and streams have their turn: an oracle that answers at once never yields. */
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const nothing = (): void => undefined;

/** What a campaign counts and does with one sequence after the other. */
function createRunner(c: Comparison, who: Provenance) {
  const tally = {
    ops: 0,
    sequences: 0,
    features: 0,
    unrepeatable: [] as Accident[],
    skipped: new Map<string, number>(),
  };

  const known = (d: Difference, skips = lasting(c.skips)): Skip | undefined => explaining(skips, who, d.op, d.fields);

  /** Counts a difference under the skip that explains it; false if there is none. */
  function count(skip: Skip | undefined): boolean {
    if (skip !== undefined) tally.skipped.set(skip.id, (tally.skipped.get(skip.id) ?? 0) + 1);
    return skip !== undefined;
  }

  /** One sequence from a fresh start. It ends early at a difference, explained or not, that leaves the states apart. */
  async function follow(
    ops: Iterator<Op>,
    seed: number | null,
    saw: (op: Op, r: OracleResult) => void,
  ): Promise<Outcome> {
    const pair = await lockstep(c.model, c.oracle);
    const sequence: Op[] = [];
    try {
      for (let next = ops.next(); next.done !== true; next = ops.next()) {
        const op = next.value;
        sequence.push(op);
        const { model, oracle, difference } = await pair.apply(op);
        tally.ops++;
        c.onResult?.(op, oracle, seed);
        saw(op, model);
        if (difference === null) continue;
        if (!count(known(difference))) return { difference, sequence };
        if (touchesState(difference)) break;
      }
    } finally {
      await pair.stop();
    }
    tally.sequences++;
    await breath();
    return c.onProgress?.({ ops: tally.ops, sequences: tally.sequences }) === false ? 'interrupted' : 'done';
  }

  /** A difference, minimised; null when it does not show again. */
  async function examine(outcome: Outcome, seed: number | null): Promise<Finding | null> {
    if (typeof outcome === 'string') return null;
    const isKnown = (d: Difference): boolean => known(d) !== undefined;
    const run = (ops: readonly Op[]): Promise<Difference | null> => firstDifference(c, ops, isKnown);
    for (let i = 0; i < REPETITIONS; i++) {
      const minimised = await minimise(outcome.sequence, outcome.difference, run);
      if (minimised !== null) return { seed, minimised };
    }
    const { difference } = outcome;
    if (!count(known(difference, accidental(c.skips)))) tally.unrepeatable.push({ seed, difference });
    return null;
  }

  const result = (finding: Finding | null, interrupted: boolean): CampaignResult => ({
    oracle: who,
    ...tally,
    finding,
    interrupted,
  });

  return { tally, follow, examine, result };
}

/** Runs a campaign. */
export async function runCampaign(o: CampaignOptions): Promise<CampaignResult> {
  const { tally, follow, examine, result } = createRunner(o, await o.oracle.provenance());

  async function runSeed(seed: number, budget: number): Promise<Finding | 'done' | 'interrupted'> {
    const choose = chooser(seeded(seed));
    const strategy = createStrategy(choose, o.generator);
    const until = tally.ops + budget;
    let ended: Finding | 'done' | 'interrupted' = 'done';
    while (ended === 'done' && tally.ops < until) {
      const length = Math.min(choose.one(LENGTHS), until - tally.ops);
      const outcome = await follow(strategy.begin(length), seed, strategy.saw);
      strategy.end();
      ended = outcome === 'interrupted' ? outcome : ((await examine(outcome, seed)) ?? 'done');
    }
    tally.features += strategy.seen;
    return ended;
  }

  for (const [i, seed] of o.seeds.entries()) {
    const budget = Math.floor(o.ops / o.seeds.length) + (i < o.ops % o.seeds.length ? 1 : 0);
    const ended = await runSeed(seed, budget);
    if (ended !== 'done') return result(ended === 'interrupted' ? null : ended, ended === 'interrupted');
  }
  return result(null, false);
}

/** A list of operations, cut where a new machine begins. */
function machines(ops: readonly Op[]): Op[][] {
  const opening = ops[0]?.op;
  const cut: Op[][] = [];
  for (const op of ops) {
    if (op.op === opening) cut.push([]);
    cut.at(-1)?.push(op);
  }
  return cut;
}

/** Runs given operations on both sides. */
export async function runReplay(c: Comparison, ops: readonly Op[]): Promise<CampaignResult> {
  const { follow, examine, result } = createRunner(c, await c.oracle.provenance());
  for (const sequence of machines(ops)) {
    const outcome = await follow(sequence.values(), null, nothing);
    if (outcome === 'interrupted') return result(null, true);
    const finding = await examine(outcome, null);
    if (finding !== null) return result(finding, false);
  }
  return result(null, false);
}
