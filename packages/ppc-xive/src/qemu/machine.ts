// A powernv machine of QEMU as qtest drives it: no firmware, no guest, tables in memory, one XIVE. QEMU 7.2: hw/ppc/pnv.c, hw/intc/pnv_xive.c, pnv_xive2.c, hw/ppc/pnv_psi.c.

import { bitmap, struct, type View } from '@virq/irq-core/arena';
import { SOURCE_KIND, type Source, type XiveSizes, xiveLayout } from '../hw/layout.ts';

/** Generations, as `start` names them. */
export const BACKENDS = ['xive9', 'xive10'] as const;
export type PowernvBackend = (typeof BACKENDS)[number];

/** Sources of the interrupt controller itself, a pair of ESB pages each; then the level-triggered ones of the PSI bridge, with one page. */
export const FIRST_LSI = 16;
export const LSIS = 14;
/** Threads: the first of two cores. */
export const THREADS = 2;
/** Processor identification: four threads to a core. */
export const pirOf = (thread: number): number => thread * 4;

/** Entries of the tables. Abstraction: QEMU's tables of 64 KiB hold more ENDs, all invalid. */
export const SIZES: XiveSizes = { sources: FIRST_LSI + LSIS, ends: 256, nvts: 1024, threads: THREADS, frames: 256 };

/** `shown`: ENDs that an operation has set up, whose state is observed. */
export const powernvLayout = struct('powernv', { xive: xiveLayout(SIZES), shown: bitmap(SIZES.ends) });
export type PowernvState = View<typeof powernvLayout>;

const QUEUES = 0x31000000;
const QUEUE_STRIDE = 0x20000;
const FRAME_SHIFT = 12;

/** Address of the event queue of an END. */
export const queueAddress = (end: number): number => QUEUES + end * QUEUE_STRIDE;
/** Real frame of its first entry. */
export const queueFrame = (end: number): number => queueAddress(end) >>> FRAME_SHIFT;

/** Brings sources to what firmware makes of them. POWER10's own sources always have StoreEOI. */
export function setUpSource(s: Source, lisn: number, storeEoi: boolean, backend: PowernvBackend): void {
  const lsi = lisn >= FIRST_LSI;
  s.kind = lsi ? SOURCE_KIND.PHB_LSI : SOURCE_KIND.IPI;
  s.lsi = lsi ? 1 : 0;
  s.pages = lsi ? 1 : 2;
  s.storeEoi = storeEoi || (backend === 'xive10' && !lsi) ? 1 : 0;
}
