// What a campaign needs to know of a family of machines: how a sequence begins, how it goes on, what of a state is worth remembering.

import type { Op, OracleResult } from '../oracle.ts';
import type { Choose } from './choose.ts';

/** Makes operations for one kind of machine. */
export interface Generator {
  /** The operation that makes the machine. */
  open(choose: Choose): Op;
  /** The next operation or operations on a machine made by `opened`, valid or not. */
  next(choose: Choose, opened: Op): readonly Op[];
  /** Short names of what a result shows: a sequence that shows a new one is kept and varied. */
  features(op: Op, result: OracleResult): readonly string[];
}
