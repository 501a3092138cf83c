// The observed state of a powernv machine, in the shape of the recorded vectors.

import type { Json } from '@virq/irq-core/machine';
import { TM_PAGE } from '../hw/tima.ts';
import { hex } from '../vocabulary/args.ts';
import type { PowernvChip } from './chip.ts';
import { FIRST_LSI, queueFrame, THREADS } from './machine.ts';

const SOURCES = [0, 1, 2, 3, 4, 5, 6, 7];
const LSIS = [0, 1, 2, 3].map((n) => FIRST_LSI + n);
/** Byte offsets of the queue entries that are shown. */
const ENTRIES = [0, 4, 8, 12];
const RINGS = { os: 0x10, phys: 0x30 } as const;

const pq = ({ xive }: PowernvChip, lisns: readonly number[]): Json => lisns.map((lisn) => xive.sources.at(lisn).pq);

function end({ state, xive }: PowernvChip, index: number): Json {
  const { esn, ese, generation, index: off } = state.xive.ends.at(index);
  const eq = ENTRIES.map((offset) => hex(xive.ram.load(queueFrame(index), offset)));
  return { esn, ese, gen: generation, off, eq };
}

/** A ring as the most privileged page shows it. */
function ring({ xive: { tima } }: PowernvChip, thread: number, offset: number): Json {
  const word = (n: number): number => tima.load(thread, TM_PAGE.HW, { offset: offset + 4 * n, size: 4 });
  const first = word(0);
  const w2 = word(2).toString(16).padStart(8, '0');
  return { nsr: first >>> 24, cppr: (first >>> 16) & 0xff, ipb: (first >>> 8) & 0xff, pipr: word(1) & 0xff, w2 };
}

/** What `observe` can show. */
export const POWERNV_OBSERVE: Readonly<Record<string, (c: PowernvChip) => Json>> = {
  pq: (c) => pq(c, SOURCES),
  lsi: (c) => pq(c, LSIS),
  end: (c) => Object.fromEntries(c.state.shown.list().map((index) => [String(index), end(c, index)])),
  tima: (c) =>
    Array.from({ length: THREADS }, (_, thread) => ({
      os: ring(c, thread, RINGS.os),
      phys: ring(c, thread, RINGS.phys),
    })),
};
