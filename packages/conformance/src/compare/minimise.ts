// Delta debugging: drops operations while the same difference remains. Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input".

import type { Op } from '../oracle.ts';
import { shapeOf } from './difference.ts';
import type { Difference } from './lockstep.ts';

/** Runs a sequence from a fresh start and gives its first unexplained difference. */
export type Try = (ops: readonly Op[]) => Promise<Difference | null>;

/** What a minimised sequence is. */
export interface Minimised {
  readonly ops: readonly Op[];
  readonly difference: Difference;
  /** Sequences that were run. */
  readonly runs: number;
}

/** The same difference: after the same kind of operation, with a field of the same shape first. */
const isSame = (a: Difference, b: Difference | null): boolean =>
  b !== null && a.op.op === b.op.op && shapeOf(a.fields[0]?.path ?? '') === shapeOf(b.fields[0]?.path ?? '');

const without = (ops: readonly Op[], from: number, to: number): Op[] => [...ops.slice(0, from), ...ops.slice(to)];

/**
 * Minimises a sequence whose last operation shows `difference`. The first operation, which makes the machine, stays. Null when the
 * sequence does not show the difference again at all.
 */
export async function minimise(
  all: readonly Op[],
  seen: Difference,
  run: Try,
  limit = 2000,
): Promise<Minimised | null> {
  const first = await run(all);
  if (!isSame(seen, first)) return null;
  let difference = first as Difference;
  let ops = all.slice(0, difference.step + 1);
  let runs = 1;
  for (let size = Math.ceil(ops.length / 2); size >= 1 && runs < limit; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = ops.length - 1 - size; from > -size && runs < limit; from -= size) {
      const candidate = without(ops, Math.max(1, from), Math.max(1, from + size));
      if (candidate.length === ops.length) continue;
      const found = await run(candidate);
      runs++;
      if (!isSame(seen, found)) continue;
      difference = found as Difference;
      ops = candidate.slice(0, difference.step + 1);
      from = Math.min(from, ops.length - 1);
    }
  }
  return { ops, difference, runs };
}
