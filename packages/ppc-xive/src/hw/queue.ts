// Event queues: rings of 32-bit entries that hardware writes and software reads, told apart by a generation bit. QEMU: hw/intc/xive.c xive_end_enqueue; Linux: sysdev/xive/common.c xive_read_eq.

import { columns } from '@virq/irq-core/arena';
import { End, type XiveState } from './layout.ts';
import type { Ram } from './ram.ts';

/** The queues of one machine, by END. */
export interface Queues {
  /** Writes an entry of 31 bits and moves on; hardware does not ask whether the one before it in this place has been read. */
  push(index: number, data: number): void;
  /** The same for a queue that nobody watches. */
  write(index: number, data: number): void;
  /**
   * Reads the next entry as its owner does, -1 if there is none. From the first call on the model knows what has been read, and notes an
   * entry that is overwritten unread: `overrun` of the END, and an event.
   */
  next(index: number): number;
}

/** What {@link createQueues} needs. */
export interface QueuesInit {
  readonly state: XiveState;
  readonly ram: Ram;
  /** An entry was overwritten that nobody had read. */
  overrun(end: number): void;
}

const FRAME_SHIFT = 12;
/** log2 of the entries in a frame; queues are aligned to their size. */
const PER_FRAME = 10;
const GENERATION = 31;
const DATA = 0x7fffffff;

/** Number of entries of a queue. */
export const entriesOf = (end: Pick<End, 'qsize'>): number => 1024 << end.qsize;

/** Real frame of a queue's first entry. */
export const frameOf = (end: Pick<End, 'qaddrHi' | 'qaddrLo'>): number => realFrame(end.qaddrHi, end.qaddrLo);

const realFrame = (hi: number, lo: number): number => ((hi << (32 - FRAME_SHIFT)) | (lo >>> FRAME_SHIFT)) >>> 0;

/** Creates the queues. */
export function createQueues({ state, ram, overrun }: QueuesInit): Queues {
  const { ends, generation: machine } = state;
  const { index: next, generation, qsize, qaddrHi, qaddrLo, watched } = columns(End, ends);

  function count(index: number): void {
    const end = ends.at(index);
    if (end.unread < entriesOf(end)) {
      end.unread++;
      return;
    }
    end.overrun = 1;
    overrun(index);
  }

  function wrap(index: number, flipped: number): void {
    next.set(index, 0);
    generation.set(index, flipped);
    ends.at(index).genFlipped = machine === 2 ? flipped : 0;
  }

  function write(index: number, data: number): void {
    const entry = next.get(index);
    const g = generation.get(index);
    const frame = realFrame(qaddrHi.get(index), qaddrLo.get(index)) + (entry >>> PER_FRAME);
    ram.store(frame, (entry << 2) & 0xfff, (g << GENERATION) | (data & DATA));
    if (entry + 1 < 1024 << qsize.get(index)) next.set(index, entry + 1);
    else wrap(index, g ^ 1);
  }

  return {
    write,
    push(index, data) {
      write(index, data);
      if (watched.get(index) === 1) count(index);
    },
    next(index) {
      const end = ends.at(index);
      end.watched = 1;
      const at = end.readIndex;
      const entry = ram.load(frameOf(end) + (at >>> PER_FRAME), (at << 2) & 0xfff);
      if (entry >>> GENERATION === end.readToggle) return -1;
      end.readIndex = at + 1 < entriesOf(end) ? at + 1 : 0;
      if (end.readIndex === 0) end.readToggle ^= 1;
      if (end.unread > 0) end.unread--;
      return entry & DATA;
    },
  };
}
