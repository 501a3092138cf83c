// A campaign: seeds × operations against an oracle. It ends at the first difference that no skip explains.

import { seeded } from '@virq/irq-core/protocol';
import { type Difference, firstDifference, type Lockstep, lockstep } from './compare/lockstep.ts';
import { type Minimised, minimise } from './compare/minimise.ts';
import { explaining, type Skip } from './compare/skips.ts';
import { chooser } from './generate/choose.ts';
import type { Generator } from './generate/generator.ts';
import { createStrategy } from './generate/strategy.ts';
import type { Op, Oracle, OracleResult, Provenance } from './oracle.ts';

/** What a campaign runs. */
export interface CampaignOptions {
  readonly model: Oracle;
  readonly oracle: Oracle;
  readonly generator: Generator;
  readonly skips: readonly Skip[];
  readonly seeds: readonly number[];
  /** Operations in all, shared out among the seeds. */
  readonly ops: number;
  /** Called after every operation with what the oracle gave. */
  readonly onResult?: (op: Op, result: OracleResult, seed: number) => void;
  /** Called now and then; false ends the campaign. */
  readonly onProgress?: (progress: Progress) => boolean;
}

/** How far a campaign is. */
export interface Progress {
  readonly ops: number;
  readonly sequences: number;
  readonly seed: number;
}

/** A difference that nothing explains. */
export interface Finding {
  readonly seed: number;
  readonly difference: Difference;
  /** Null when the sequence did not show it again. */
  readonly minimised: Minimised | null;
  /** The whole sequence up to the difference. */
  readonly sequence: readonly Op[];
}

/** What a campaign came to. */
export interface CampaignResult {
  readonly oracle: Provenance;
  readonly ops: number;
  readonly sequences: number;
  readonly features: number;
  /** How often each skip was used. */
  readonly skipped: ReadonlyMap<string, number>;
  readonly finding: Finding | null;
  readonly interrupted: boolean;
}

const LENGTHS = [20, 60, 150, 300];

/** What is counted while it runs. */
interface Tally {
  ops: number;
  sequences: number;
  features: number;
  readonly skipped: Map<string, number>;
}

type Outcome = 'done' | 'interrupted' | { readonly difference: Difference; readonly sequence: readonly Op[] };

const touchesState = (d: Difference): boolean => d.fields.some((f) => f.path.startsWith('state'));

/** Runs a campaign. */
export async function runCampaign(o: CampaignOptions): Promise<CampaignResult> {
  const who = await o.oracle.provenance();
  const tally: Tally = { ops: 0, sequences: 0, features: 0, skipped: new Map() };
  const explain = (d: Difference): Skip | undefined => explaining(o.skips, who, d.op, d.fields);

  /** One sequence; ends at an unexplained difference, or at an explained one after which the states are apart. */
  async function follow(
    pair: Lockstep,
    ops: Iterator<Op, undefined>,
    seed: number,
    saw: (op: Op, r: OracleResult) => void,
  ): Promise<Outcome> {
    const sequence: Op[] = [];
    for (let next = ops.next(); next.done !== true; next = ops.next()) {
      const op = next.value;
      sequence.push(op);
      const { model, oracle, difference } = await pair.apply(op);
      tally.ops++;
      o.onResult?.(op, oracle, seed);
      saw(op, model);
      if (difference === null) continue;
      const skip = explain(difference);
      if (skip === undefined) return { difference, sequence };
      tally.skipped.set(skip.id, (tally.skipped.get(skip.id) ?? 0) + 1);
      if (touchesState(difference)) return 'done';
    }
    return 'done';
  }

  async function runSeed(seed: number, budget: number): Promise<Outcome> {
    const choose = chooser(seeded(seed));
    const strategy = createStrategy(choose, o.generator);
    const until = tally.ops + budget;
    let outcome: Outcome = 'done';
    while (outcome === 'done' && tally.ops < until) {
      const pair = await lockstep(o.model, o.oracle);
      try {
        const length = Math.min(choose.one(LENGTHS), until - tally.ops);
        outcome = await follow(pair, strategy.begin(length), seed, strategy.saw);
      } finally {
        await pair.stop();
      }
      strategy.end();
      tally.sequences++;
      if (o.onProgress?.({ ops: tally.ops, sequences: tally.sequences, seed }) === false) return 'interrupted';
    }
    tally.features += strategy.seen;
    return outcome;
  }

  async function findingOf(seed: number, difference: Difference, sequence: readonly Op[]): Promise<Finding> {
    const run = (ops: readonly Op[]): Promise<Difference | null> =>
      firstDifference(o.model, o.oracle, ops, (d) => explain(d) !== undefined);
    return { seed, difference, sequence, minimised: await minimise(sequence, difference, run) };
  }

  let finding: Finding | null = null;
  let interrupted = false;
  for (const [i, seed] of o.seeds.entries()) {
    const budget = Math.floor(o.ops / o.seeds.length) + (i < o.ops % o.seeds.length ? 1 : 0);
    const outcome = await runSeed(seed, budget);
    if (outcome === 'done') continue;
    if (outcome === 'interrupted') interrupted = true;
    else finding = await findingOf(seed, outcome.difference, outcome.sequence);
    break;
  }
  return { oracle: who, ...tally, finding, interrupted };
}
