// Known differences between model and oracle: data, each with the reason and where it is written down. They are counted, never silent.

import type { Op, Provenance } from '../oracle.ts';
import { type FieldDifference, shapeOf } from './difference.ts';

/** A difference that is understood and stays. */
export interface Skip {
  readonly id: string;
  /** Oracle it is about, and releases of it as a regular expression. */
  readonly oracle: string;
  readonly versions: string;
  /** Hosts it is about, as a regular expression over the oracle's details; all if not said. */
  readonly hosts?: string;
  /** Operations after which it shows; empty: any. */
  readonly ops: readonly string[];
  /** Shapes of the fields it explains, as `state.lapic[].ppr`. */
  readonly fields: readonly string[];
  /** Further condition on the operation. */
  readonly when?: (op: Op) => boolean;
  /** It depends on what else the host does: only a difference that does not show again is explained by it. */
  readonly accidental?: boolean;
  readonly reason: string;
  /** Manual, kernel commit, file or thread. */
  readonly source: string;
}

/** Those that explain a difference that repeats, and those that explain an accident. */
export const lasting = (skips: readonly Skip[]): readonly Skip[] => skips.filter((s) => s.accidental !== true);
export const accidental = (skips: readonly Skip[]): readonly Skip[] => skips.filter((s) => s.accidental === true);

/** The skip that explains every one of these differences, or undefined. */
export function explaining(
  skips: readonly Skip[],
  who: Provenance,
  op: Op,
  found: readonly FieldDifference[],
): Skip | undefined {
  return skips.find(
    (skip) =>
      skip.oracle === who.implementation &&
      new RegExp(skip.versions).test(who.version) &&
      new RegExp(skip.hosts ?? '').test(Object.values(who.details).join(' ')) &&
      (skip.ops.length === 0 || skip.ops.includes(op.op)) &&
      found.every((d) => skip.fields.includes(shapeOf(d.path))) &&
      skip.when?.(op) !== false,
  );
}
