// Seeded choices that generators share.

import type { Random } from '@virq/irq-core/protocol';

/** Choices over one random source. */
export interface Choose {
  readonly random: Random;
  /** One of a list. */
  one<T>(of: readonly T[]): T;
  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean;
  /** A weighted row. */
  weighted<T extends { readonly weight: number }>(rows: readonly T[]): T;
  /** Integer from `low` to `high`, both included. */
  between(low: number, high: number): number;
  u32(): number;
  /** Up to `most` different elements. */
  some<T>(of: readonly T[], most: number): T[];
}

/** Binds the choices to a source. */
export function chooser(random: Random): Choose {
  const one = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
  return {
    random,
    one,
    chance: (percent) => random.below(100) < percent,
    weighted(rows) {
      let left = random.below(rows.reduce((sum, r) => sum + r.weight, 0));
      for (const row of rows) {
        left -= row.weight;
        if (left < 0) return row;
      }
      throw new Error('no rows');
    },
    between: (low, high) => low + random.below(high - low + 1),
    u32: () => random.next(),
    some: (of, most) => [...new Set(Array.from({ length: random.below(most + 1) }, () => one(of)))],
  };
}
