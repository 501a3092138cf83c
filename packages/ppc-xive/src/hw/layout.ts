// State of the XIVE hardware of one machine. QEMU: include/hw/ppc/xive.h, xive_regs.h, xive2_regs.h; skiboot: include/xive-p9-regs.h.

import { array, bits, struct, u1, u8, u16, u32, u64, type View } from '@virq/irq-core/arena';

/** What a source stands for; `FREE` has no owner. */
export const SOURCE_KIND = { FREE: 0, IPI: 1, PHB_MSI: 2, PHB_LSI: 3 } as const;

/**
 * One source with its EAS. `pages` is 1 or 2; `inFlight` counts events that have left it and have not reached their END, which a sync waits
 * for; `fenced`: the PHB answers loads with all ones.
 */
export const Source = struct('source', {
  pq: u8,
  kind: bits(2),
  lsi: u1,
  asserted: u1,
  storeEoi: u1,
  pages: bits(2),
  fenced: u1,
  valid: u1,
  masked: u1,
  endBlock: bits(4),
  inFlight: u8,
  endIndex: u32,
  data: u32,
});
export type Source = View<typeof Source>;

/**
 * One event notification descriptor. Names are those of skiboot's END_W0 … END_W7; the words themselves are put together by the codecs in
 * regs/, one per generation. `qaddr` is a real address, `index` the next entry, `qsize` log2(bytes) - 12.
 * `genFlipped`: P10's note that the generation has changed. `host`: an END of the host, whose queue Linux reads at once (Abstraction: the
 * host's own queues are not kept).
 * The model's own: `watched`, it knows what the owner of the queue has read; `unread`, `readIndex` and `readToggle`, how much is left and
 * where the owner is; `overrun`, an entry was overwritten before it was read.
 */
export const End = struct('end', {
  valid: u1,
  enqueue: u1,
  notify: u1,
  backlog: u1,
  precluded: u1,
  escalate: u1,
  unconditional: u1,
  silent: u1,
  firmware: u1,
  host: u1,
  format: u1,
  ignore: u1,
  escalateEnd: u1,
  watched: u1,
  overrun: u1,
  readToggle: u1,
  genFlipped: u1,
  esn: bits(2),
  ese: bits(2),
  nvtBlock: bits(4),
  qsize: u8,
  generation: u8,
  priority: u8,
  index: u32,
  nvtIndex: u32,
  escBlock: bits(4),
  escIndex: bits(24),
  escData: bits(31),
  qaddr: u64,
  unread: bits(23),
  readIndex: bits(22),
});
export type End = View<typeof End>;

/** A notification virtual target (P9 NVT, P10 NVP): what the presenter keeps of a virtual processor that is on no thread. */
export const Nvt = struct('nvt', {
  valid: u8,
  /** P10: hardware saves and restores the context (w0 HW); whether it is on a thread (w1 CO) and on which, by PIR. */
  saveRestore: u1,
  checkedOut: u1,
  thread: u16,
  ipb: u8,
  cppr: u8,
  lsmfb: u8,
  endBlock: bits(4),
  endIndex: bits(24),
});
export type Nvt = View<typeof Nvt>;

/** One ring of a thread's context: eight bytes, word 2 with the CAM value, and word 3, of which the model only keeps what is stored. */
export const Ring = struct('ring', {
  nsr: u8,
  cppr: u8,
  ipb: u8,
  lsmfb: u8,
  ack: u8,
  inc: u8,
  age: u8,
  pipr: u8,
  w2: u32,
  w3: u32,
});
export type Ring = View<typeof Ring>;

/** A hardware thread: its processor identification, user, OS, pool and physical ring, and its two exception lines. */
export const Thread = struct('thread', { pir: u16, rings: array(Ring, 4), osLine: u8, hvLine: u8 });
export type Thread = View<typeof Thread>;

/** A 4 KiB frame of memory that somebody has written: `key` is 1 + its real frame number. */
export const Frame = struct('frame', { key: u32, words: array(u32, 1024) });

/** Sizes of the hardware. */
export interface XiveSizes {
  readonly sources: number;
  readonly ends: number;
  readonly nvts: number;
  readonly threads: number;
  /** 4 KiB frames of memory that can be written, a power of two. */
  readonly frames: number;
}

/** `generation` 1 is POWER9, 2 POWER10; `delayed`: events take a way of their own from source to END. */
export const xiveLayout = (sizes: XiveSizes) =>
  struct('xive', {
    generation: bits(2),
    delayed: u1,
    sources: array(Source, sizes.sources),
    ends: array(End, sizes.ends),
    nvts: array(Nvt, sizes.nvts),
    threads: array(Thread, sizes.threads),
    frames: array(Frame, sizes.frames),
  });
export type XiveState = View<ReturnType<typeof xiveLayout>>;
