// Event queues: rings of 32-bit entries that hardware writes and software reads, told apart by a generation bit. QEMU: hw/intc/xive.c xive_end_enqueue; Linux: sysdev/xive/common.c xive_read_eq.

import type { End, XiveState } from './layout.ts';
import type { Ram } from './ram.ts';

/** The queues of one machine, by END. */
export interface Queues {
  /** Writes an entry and moves on; hardware does not ask whether the one before it in this place has been read. */
  push(index: number, end: End, data: number): void;
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
const GENERATION = 31;
const DATA = 0x7fffffff;

/** Number of entries of a queue. */
export const entriesOf = (end: Pick<End, 'qsize'>): number => 1024 << end.qsize;

/** Real frame of a queue's first entry. */
export const frameOf = (end: Pick<End, 'qaddrHi' | 'qaddrLo'>): number =>
  ((end.qaddrHi << (32 - FRAME_SHIFT)) | (end.qaddrLo >>> FRAME_SHIFT)) >>> 0;

/** Creates the queues. */
export function createQueues({ state, ram, overrun }: QueuesInit): Queues {
  const { ends, generation: machine } = state;

  function count(index: number, end: End): void {
    if (end.unread < entriesOf(end)) {
      end.unread++;
      return;
    }
    end.overrun = 1;
    overrun(index);
  }

  /** Frame and offset of an entry; queues are aligned to their size. */
  const frameAt = (end: End, entry: number): number => frameOf(end) + (entry >>> 10);

  return {
    push(index, end, data) {
      const entry = end.index;
      const { generation } = end;
      ram.store(frameAt(end, entry), (entry << 2) & 0xfff, (generation << GENERATION) | data);
      const next = entry + 1;
      if (next < entriesOf(end)) end.index = next;
      else {
        end.index = 0;
        end.generation = generation ^ 1;
        end.genFlipped = machine === 2 ? generation ^ 1 : 0;
      }
      if (end.watched === 1) count(index, end);
    },
    next(index) {
      const end = ends.at(index);
      end.watched = 1;
      const at = end.readIndex;
      const entry = ram.load(frameAt(end, at), (at << 2) & 0xfff);
      if (entry >>> GENERATION === end.readToggle) return -1;
      end.readIndex = at + 1 < entriesOf(end) ? at + 1 : 0;
      if (end.readIndex === 0) end.readToggle ^= 1;
      if (end.unread > 0) end.unread--;
      return entry & DATA;
    },
  };
}
