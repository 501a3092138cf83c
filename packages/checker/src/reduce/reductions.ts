// Which reductions a check uses.

import type { CheckOptions, Reductions } from '../result.ts';

const ALL: Reductions = { partialOrder: true, symmetry: true, deadLocals: true };
/** No reduction: every reachable state, every step. */
export const NONE: Reductions = { partialOrder: false, symmetry: false, deadLocals: false };

/** The reductions asked for; all by default. */
export const reductionsOf = ({ reduce = {} }: CheckOptions): Reductions =>
  reduce === false ? NONE : { ...ALL, ...reduce };
