// Model and oracle side by side: one operation to both, then every observable field.

import type { Instance, Op, Oracle, OracleResult } from '../oracle.ts';
import { differences, type FieldDifference } from './difference.ts';

/** A difference: the operation after which it shows, by its place in the sequence. */
export interface Difference {
  readonly step: number;
  readonly op: Op;
  readonly fields: readonly FieldDifference[];
}

/** How often the oracle is asked again before a difference of state counts: its work items may be late. */
const RETRIES = 3;

/** Both sides of one sequence. */
export interface Lockstep {
  /** Applies one operation to both. */
  apply(
    op: Op,
  ): Promise<{ readonly model: OracleResult; readonly oracle: OracleResult; readonly difference: Difference | null }>;
  stop(): Promise<void>;
}

/** Starts both sides. */
export async function lockstep(model: Oracle, oracle: Oracle): Promise<Lockstep> {
  const [left, right]: [Instance, Instance] = [await model.start(), await oracle.start()];
  let step = 0;

  async function apply(op: Op) {
    const expected = await left.apply(op);
    let answered = await right.apply(op);
    let fields = differences(expected, answered);
    for (let i = 0; i < RETRIES && fields.some((d) => d.path.startsWith('state')); i++) {
      answered = { ...answered, state: await right.settle() };
      fields = differences(expected, answered);
    }
    const at = step++;
    const difference = fields.length === 0 ? null : { step: at, op, fields };
    return { model: expected, oracle: answered, difference };
  }

  return {
    apply,
    async stop() {
      await left.stop();
      await right.stop();
    },
  };
}

/** The first difference that a sequence shows from a fresh start, null if there is none. */
export async function firstDifference(
  sides: { readonly model: Oracle; readonly oracle: Oracle },
  ops: readonly Op[],
  known: (d: Difference) => boolean = () => false,
): Promise<Difference | null> {
  const pair = await lockstep(sides.model, sides.oracle);
  try {
    for (const op of ops) {
      const { difference } = await pair.apply(op);
      if (difference === null) continue;
      if (!known(difference)) return difference;
      if (difference.fields.some((d) => d.path.startsWith('state'))) return null;
    }
    return null;
  } finally {
    await pair.stop();
  }
}
