// The router (IVRE): from a source's EAS to an END, its event queue, its target and its escalation. QEMU: hw/intc/xive.c xive_router_notify, xive_router_end_notify.

import { EOI, ESB_INVALID, ESB_PAGE, esbOp, LOADS, nextPq, sendsEvent, TRIGGER } from './esb.ts';
import type { End, Source, XiveState } from './layout.ts';
import { NO_PRIORITY, type Presenter, priorityToIpb } from './presenter.ts';
import type { Ram } from './ram.ts';

/** Why an event ended before a queue or a target. */
export type Drop = 'eas invalid' | 'eas masked' | 'end invalid' | 'end masked' | 'coalesced' | 'escalation loop';

/** Which ESB of an END: ESn coalesces notifications, ESe escalations. */
export type EndEsb = 'esn' | 'ese';

/** The router of one machine. */
export interface Router {
  /** The event of a source. */
  notify(source: Source): void;
  /** An event for an END, with the data that goes into its queue. */
  notifyEnd(index: number, data: number): void;
  /** Load from a page of an END's ESB: the value, or {@link ESB_INVALID}. An EOI lets a coalesced event through as a source's does. */
  loadEnd(index: number, which: EndEsb, offset: number): number;
  /** P10: a store at 0x800 of the ESn page injects an event. */
  injectEnd(index: number): void;
}

/** What {@link createRouter} needs. */
export interface RouterInit {
  readonly state: XiveState;
  readonly ram: Ram;
  readonly presenter: Presenter;
  /** The host's own queue has an entry. */
  host(data: number): void;
  /** A queue entry was written: END and data, for the trace. */
  queued(end: number, data: number): void;
  dropped(why: Drop, number: number): void;
}

/** Escalations that may follow one another before the router is taken for stuck in a loop. */
const MAX_ESCALATIONS = 16;

const FRAME_SHIFT = 12;

/** Number of entries of a queue. */
export const entriesOf = (end: Pick<End, 'qsize'>): number => 2 ** (end.qsize + 10);

/** Real frame of a queue's first entry. */
export const frameOf = (end: Pick<End, 'qaddrHi' | 'qaddrLo'>): number =>
  end.qaddrHi * 2 ** (32 - FRAME_SHIFT) + (end.qaddrLo >>> FRAME_SHIFT);

/** Creates the router. */
export function createRouter({ state, ram, presenter, host, queued, dropped }: RouterInit): Router {
  const { ends, nvts } = state;

  /** Writes an entry and moves on; the hardware does not ask whether it has been read. */
  function push(end: End, data: number): void {
    const offset = end.index * 4;
    const entry = ((end.generation << 31) | data) >>> 0;
    ram.store(frameOf(end) + (offset >>> FRAME_SHIFT), ((end.qaddrLo & 0xfff) + offset) & 0xfff, entry);
    const next = end.index + 1;
    if (next < entriesOf(end)) end.index = next;
    else {
      end.index = 0;
      end.generation ^= 1;
    }
  }

  /** Passes an event through ESn or ESe: false if it is coalesced. */
  function passes(end: End, which: EndEsb): boolean {
    const pq = end[which];
    end[which] = nextPq(TRIGGER, pq);
    return sendsEvent(TRIGGER, pq);
  }

  /** Notification: true when the event has found its target or was coalesced, so that nothing escalates. */
  function present(index: number, end: End): boolean {
    if (end.format === 0 && end.priority === NO_PRIORITY) {
      dropped('end masked', index);
      return true;
    }
    if (end.notify === 0 && !passes(end, 'esn')) {
      dropped('coalesced', index);
      return true;
    }
    if (presenter.notify(end)) return true;
    if (end.backlog === 1 && end.nvtIndex < nvts.length) nvts.at(end.nvtIndex).ipb |= priorityToIpb(end.priority);
    return false;
  }

  function route(index: number, data: number, depth: number): void {
    const end = index < ends.length ? ends.at(index) : null;
    if (end === null || end.valid === 0) return dropped('end invalid', index);
    if (depth > MAX_ESCALATIONS) return dropped('escalation loop', index);
    if (end.host === 1) return host(data);
    if (end.enqueue === 1) {
      push(end, data);
      queued(index, data);
    }
    if (end.silent === 0 && present(index, end)) return undefined;
    if (end.escalate === 0 || (end.unconditional === 0 && !passes(end, 'ese'))) return undefined;
    return route(end.escIndex, end.escData, depth + 1);
  }

  const notifyEnd = (index: number, data: number): void => route(index, data, 0);

  return {
    notifyEnd,
    notify(source) {
      if (source.valid === 0) dropped('eas invalid', source.endIndex);
      else if (source.masked === 1) dropped('eas masked', source.endIndex);
      else notifyEnd(source.endIndex, source.data);
    },
    loadEnd(index, which, offset) {
      if (index >= ends.length) return ESB_INVALID;
      const end = ends.at(index);
      if (end.valid === 0) return ESB_INVALID;
      const op = esbOp(LOADS, offset);
      const pq = end[which];
      if (op === 'get') return pq;
      if (typeof op === 'number') {
        end[which] = op;
        return pq;
      }
      end[which] = nextPq(EOI, pq);
      return sendsEvent(EOI, pq) ? 1 : 0;
    },
    injectEnd(index) {
      if (index < ends.length) notifyEnd(index, 0);
    },
  };
}

/** Page of an END's pair: even is ESn, odd ESe. */
export const endEsbOf = (page: number): EndEsb => (page === ESB_PAGE.TRIGGER ? 'esn' : 'ese');
