// Sequences for powernv: a POWER9 or a POWER10, with or without StoreEOI, then operations and stories by weight.

import type { Op, OracleResult } from '../oracle.ts';
import type { Choose } from './choose.ts';
import type { Generator } from './generator.ts';
import { POWERNV_ROWS } from './powernv-rows.ts';
import { POWERNV_STORIES } from './powernv-stories.ts';
import { timaLoad, timaStore } from './powernv-tima.ts';
import type { Backend } from './powernv-values.ts';

/** In how many of a hundred cases a story is told instead of a single operation. */
const STORIES = 8;

/** In how many of a hundred cases something that POWER10's indirect TIMA refuses is tried all the same. */
const REFUSED = 10;

/** A single operation; where a small access would be refused, mostly one of 8 bytes in its place. */
function single(c: Choose, on: Backend): Op {
  const row = c.weighted(POWERNV_ROWS);
  if (row.small !== true || on === 'xive9' || c.chance(REFUSED)) return row.make(c, on);
  return c.chance(50) ? timaStore(c, on) : timaLoad(c, on);
}

const open = (c: Choose): Op => ({
  op: 'start',
  backend: c.one(['xive9', 'xive10']),
  store_eoi: c.chance(85) ? 1 : 0,
  observe: ['pq', 'lsi', 'end', 'tima'],
});

type Ring = { readonly nsr: number; readonly cppr: number; readonly ipb: number; readonly w2: string };
type End = { readonly esn: number; readonly ese: number; readonly gen: number; readonly off: number };

const ringFeature = ({ nsr, cppr, ipb, w2 }: Ring): string =>
  `nsr ${nsr} cppr ${cppr === 0 ? 'none' : cppr === 0xff ? 'all' : 'some'} ipb ${ipb === 0 ? 0 : ipb & (ipb - 1) ? 'many' : 'one'} ${w2[0]}`;

function features({ state }: OracleResult): string[] {
  const { pq, lsi, end, tima } = state as unknown as {
    readonly pq: readonly number[];
    readonly lsi: readonly number[];
    readonly end: Readonly<Record<string, End>>;
    readonly tima: readonly { readonly os: Ring; readonly phys: Ring }[];
  };
  return [
    ...pq.map((value, lisn) => `source ${lisn} ${value}`),
    ...lsi.map((value, n) => `lsi ${n} ${value}`),
    ...Object.entries(end).map(([idx, e]) => `end ${idx} ${e.esn} ${e.ese} ${e.gen} ${e.off === 0 ? 0 : 'more'}`),
    ...tima.flatMap(({ os, phys }, n) => [`os ${n} ${ringFeature(os)}`, `phys ${n} ${ringFeature(phys)}`]),
  ];
}

const outcome = (op: Op, { out }: OracleResult): string =>
  [op.op, op['cmd'] ?? op['off'] ?? '', out?.['value'] ?? ''].join(' ');

/** The generator. */
export const powernvSequences: Generator = {
  open,
  next(c, opened) {
    const on = opened['backend'] as Backend;
    return c.chance(STORIES) ? c.weighted(POWERNV_STORIES).tell(c, on) : [single(c, on)];
  },
  features: (op, result) => [outcome(op, result), ...features(result)],
};
