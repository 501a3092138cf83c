// Sequences for QEMU's virt: a GICv2, a GICv3 or one with an ITS, then operations and stories by weight.

import type { Op, OracleResult } from '../oracle.ts';
import type { Choose } from './choose.ts';
import type { Generator } from './generator.ts';
import { VIRT_ROWS } from './virt-rows.ts';
import { VIRT_STORIES } from './virt-stories.ts';
import { boardOf } from './virt-values.ts';

/** In how many of a hundred cases a story is told instead of a single operation. */
const STORIES = 8;

/** Numbers of CPUs. With an ITS they execute, and each keeps a processor of the host busy. */
const CPUS = { gicv2: [1], gicv3: [1, 2, 2, 3], its: [1, 2, 2] } as const;

function open(c: Choose): Op {
  const backend = c.one(['gicv2', 'gicv3', 'its', 'its'] as const);
  return { op: 'start', backend, cpus: c.one(CPUS[backend]) };
}

const SETS = ['pending', 'active', 'pending_ppi', 'active_ppi', 'lpi_pending'];

/** Which few interrupts are pending and active together. */
function features({ state }: OracleResult): string[] {
  const shown = SETS.map((key) => [key, JSON.stringify(state[key] ?? null)] as const);
  return [...shown.map(([key, value]) => `${key} ${value}`), `pins ${JSON.stringify(state['pins'] ?? null)}`];
}

const outcome = (op: Op, { out }: OracleResult): string =>
  [op.op, op['reg'] ?? '', out?.['intid'] ?? out?.['value'] ?? ''].join(' ');

/** The generator. */
export const virtSequences: Generator = {
  open,
  next(c, opened) {
    const on = boardOf(opened);
    if (c.chance(STORIES)) return c.weighted(VIRT_STORIES[on.backend]).tell(c, on);
    return [c.weighted(VIRT_ROWS[on.backend]).make(c, on)];
  },
  features: (op, result) => [outcome(op, result), ...features(result)],
};
