// OPAL calls on event queues. skiboot: hw/xive.c opal_xive_{get,set}_queue_info, xive_setup_end, opal_xive_{get,set}_queue_state.

import type { End } from '../hw/layout.ts';
import { EQ_FLAG, EQ_SIZES, GATHER_PRIORITY, GIRQ_ESCALATION, OPAL } from './codes.ts';
import type { OpalContext } from './context.ts';

/** A queue as callers give it: real frame of its first entry, log2 of its bytes or 0, flags of {@link EQ_FLAG}. */
export interface QueueSetup {
  readonly frame: number;
  readonly qsize: number;
  readonly flags: number;
}

/** What get_queue_info tells. */
export interface QueueInfo extends QueueSetup {
  /** Number of the escalation source. */
  readonly escIrq: number;
}

/** OPAL calls on queues. Return codes as in {@link OPAL}. */
export interface OpalQueues {
  set(vp: number, priority: number, setup: QueueSetup): number;
  /** Null for PARAMETER. */
  info(vp: number, priority: number): QueueInfo | null;
  setState(vp: number, priority: number, toggle: number, index: number): number;
  /** Null for WRONG_STATE or PARAMETER. */
  state(vp: number, priority: number): { readonly toggle: number; readonly index: number } | null;
}

const FRAME_SHIFT = 12;

/** The gather END of single escalation: valid without queue, silent, firmware-owned. */
const isGather = (end: End): boolean => end.valid === 1 && end.silent === 1;

/** A disabled END keeps nothing but both of its ESBs switched off (w1 = 0x50000000). */
export function wipeEnd(end: End): void {
  const { firmware } = end;
  for (const key of END_FLAGS) end[key] = 0;
  end.firmware = firmware;
  Object.assign(end, {
    qsize: 0,
    generation: 0,
    index: 0,
    priority: 0,
    nvtIndex: 0,
    nvtBlock: 0,
    qaddrHi: 0,
    qaddrLo: 0,
  });
  Object.assign(end, { escBlock: 0, escIndex: 0, escData: 0, esn: 1, ese: 1 });
}

/** Bits of word 0 and the like. */
export const END_FLAGS = [
  'valid',
  'enqueue',
  'notify',
  'backlog',
  'precluded',
  'escalate',
  'unconditional',
  'silent',
  'firmware',
  'host',
  'format',
  'ignore',
  'escalateEnd',
] as const;

/** Creates the calls. */
export function createOpalQueues({ xive, endOfVp, vpOfEnd, isBusy }: OpalContext): OpalQueues {
  const { ends } = xive.state;

  function endAt(vp: number, priority: number): End | null {
    const index = priority > 7 ? -1 : endOfVp(vp, priority);
    return index < 0 ? null : ends.at(index);
  }

  function enable(end: End, index: number, { frame, qsize, flags }: QueueSetup): void {
    const { priority } = vpOfEnd(index);
    Object.assign(end, { valid: 1, backlog: 1, generation: 1, index: 0, priority, nvtBlock: 0 });
    end.nvtIndex = Math.floor(index / 8);
    end.notify = (flags & EQ_FLAG.ALWAYS_NOTIFY) === 0 ? 0 : 1;
    end.enqueue = qsize === 0 ? 0 : 1;
    end.qsize = qsize === 0 ? 0 : qsize - FRAME_SHIFT;
    end.qaddrHi = Math.floor(frame / 2 ** 20);
    end.qaddrLo = (frame << FRAME_SHIFT) >>> 0;
    end.escalate = (flags & EQ_FLAG.ESCALATE) === 0 ? 0 : 1;
  }

  return {
    set(vp, priority, setup) {
      if (isBusy()) return OPAL.BUSY;
      const end = endAt(vp, priority);
      if (end === null || !EQ_SIZES.includes(setup.qsize) || isGather(end)) return OPAL.PARAMETER;
      // A queue that is disabled forgets its way to the gather END too; only enabling the VP again would bring it back.
      if ((setup.flags & EQ_FLAG.ENABLED) === 0) wipeEnd(end);
      else enable(end, endOfVp(vp, priority), setup);
      return OPAL.SUCCESS;
    },
    info(vp, priority) {
      const end = endAt(vp, priority);
      if (end === null) return null;
      const escEnd = endOfVp(vp, end.unconditional === 1 ? GATHER_PRIORITY : priority);
      const escIrq = (GIRQ_ESCALATION | escEnd) >>> 0;
      if (isGather(end)) return { frame: 0, qsize: 0, flags: 0, escIrq };
      const flags =
        (end.valid === 1 ? EQ_FLAG.ENABLED : 0) |
        (end.notify === 1 ? EQ_FLAG.ALWAYS_NOTIFY : 0) |
        (end.escalate === 1 ? EQ_FLAG.ESCALATE : 0);
      const frame = end.qaddrHi * 2 ** 20 + (end.qaddrLo >>> FRAME_SHIFT);
      const qsize = end.enqueue === 1 ? end.qsize + FRAME_SHIFT : 0;
      return { frame, qsize, flags, escIrq };
    },
    setState(vp, priority, toggle, index) {
      const end = endAt(vp, priority);
      if (end === null) return OPAL.PARAMETER;
      if (end.valid === 0) return OPAL.WRONG_STATE;
      end.generation = toggle;
      end.index = index;
      return OPAL.SUCCESS;
    },
    state(vp, priority) {
      const end = endAt(vp, priority);
      return end === null || end.valid === 0 ? null : { toggle: end.generation, index: end.index };
    },
  };
}
