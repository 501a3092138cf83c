// The queues that KVM makes for a guest in XICS mode, in the host's memory. Linux: arch/powerpc/kvm/book3s_xive.h __xive_read_eq, book3s_xive.c xive_provision_queue.

import type { Ram } from '../hw/ram.ts';
import type { Queue } from '../kvm/layout.ts';

const FRAME_SHIFT = 12;
const FRAME_MASK = 2 ** FRAME_SHIFT - 1;

/** Where a reader is: index of the next entry, and the generation of entries that are old. */
export interface Cursor {
  idx: number;
  toggle: number;
}

/** Queues as the hypervisor reads them. */
export interface KvmQueues {
  /** The word at an index. */
  entry(q: Queue, idx: number): number;
  setEntry(q: Queue, idx: number, word: number): void;
  /** Moves a cursor to the next entry. */
  next(q: Queue, at: Cursor): void;
  /** __xive_read_eq: takes the entry at the cursor, 0 if there is no new one. */
  read(q: Queue, at: Cursor): number;
}

/** Number of entries of a queue, less one (xive_q.msk). */
export const maskOf = ({ qshift }: Pick<Queue, 'qshift'>): number => (qshift === 0 ? 0 : 2 ** (qshift - 2) - 1);

/** Creates the reader. */
export function createQueues(ram: Ram): KvmQueues {
  const frameOf = (q: Queue, idx: number): number => q.frame + ((idx * 4) >>> FRAME_SHIFT);

  function next(q: Queue, at: Cursor): void {
    at.idx = (at.idx + 1) & maskOf(q);
    if (at.idx === 0) at.toggle ^= 1;
  }

  return {
    entry: (q, idx) => ram.load(frameOf(q, idx), (idx * 4) & FRAME_MASK),
    setEntry: (q, idx, word) => ram.store(frameOf(q, idx), (idx * 4) & FRAME_MASK, word),
    next,
    read(q, at) {
      const word = ram.load(frameOf(q, at.idx), (at.idx * 4) & FRAME_MASK);
      if (word >>> 31 === at.toggle) return 0;
      next(q, at);
      return word & 0x7fffffff;
    },
  };
}
