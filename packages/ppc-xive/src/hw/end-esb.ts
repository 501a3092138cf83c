// The two state buffers of an END as pages: ESn coalesces notifications, ESe escalations. QEMU: hw/intc/xive.c xive_end_source_read; P10: hw/intc/xive2.c xive2_end_source_write.

import {
  EOI,
  ESB_INVALID,
  ESB_OP,
  ESB_PAGE,
  esbOp,
  LOADS,
  nextPq,
  STORES,
  sendsEvent,
  setsPq,
  TRIGGER,
} from './esb.ts';
import type { End, XiveState } from './layout.ts';

/** Which ESB of an END. */
export type EndEsb = 'esn' | 'ese';

/** Page of an END's pair: even is ESn, odd ESe. */
export const endEsbOf = (page: number): EndEsb => (page === ESB_PAGE.TRIGGER ? 'esn' : 'ese');

/** Passes an event through ESn or ESe: false if it is coalesced. */
export function passes(end: End, which: EndEsb): boolean {
  const pq = end[which];
  end[which] = nextPq(TRIGGER, pq);
  return sendsEvent(TRIGGER, pq);
}

/** Accesses to the pages. */
export interface EndPages {
  /** Load: the value, or {@link ESB_INVALID} for an invalid END. An EOI of Q answers 1; nothing is sent anew. */
  loadEnd(index: number, which: EndEsb, offset: number): number;
  /**
   * Store, on P10 only: triggers and EOIs change the bits. Abstraction: what silicon sends on is not published; as in QEMU nothing is
   * sent, and an injection (0x800) has no effect.
   */
  storeEnd(index: number, which: EndEsb, offset: number): void;
}

/** Creates the pages. */
export function createEndPages({ ends, generation }: XiveState, misuse: (end: number, what: string) => void): EndPages {
  function validEnd(index: number): End | null {
    if (index < ends.length && ends.at(index).valid === 1) return ends.at(index);
    misuse(index, 'ESB of an invalid END');
    return null;
  }

  return {
    loadEnd(index, which, offset) {
      const end = validEnd(index);
      if (end === null) return ESB_INVALID;
      const op = esbOp(LOADS, offset);
      const pq = end[which];
      if (op === ESB_OP.EOI) {
        end[which] = nextPq(EOI, pq);
        return sendsEvent(EOI, pq) ? 1 : 0;
      }
      if (setsPq(op)) end[which] = op;
      return pq;
    },
    storeEnd(index, which, offset) {
      const end = validEnd(index);
      if (end === null) return;
      const op = esbOp(STORES, offset);
      if (generation === 1 || setsPq(op)) misuse(index, `store at 0x${offset.toString(16)} of ${which}`);
      else if (op === ESB_OP.TRIGGER) end[which] = nextPq(TRIGGER, end[which]);
      else if (op === ESB_OP.STORE_EOI) end[which] = nextPq(EOI, end[which]);
    },
  };
}
