// The router (IVRE): from a source's EAS to an END, its event queue, its target and its escalation. QEMU: hw/intc/xive.c xive_router_notify, xive_router_end_notify.

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
import type { End, Source, XiveState } from './layout.ts';
import { NO_PRIORITY, type Presenter, priorityToIpb } from './presenter.ts';
import type { Queues } from './queue.ts';

/** Why an event ended before a queue or a target. */
export type Drop =
  | 'eas invalid'
  | 'eas masked'
  | 'end invalid'
  | 'end masked'
  | 'coalesced'
  | 'nvt invalid'
  | 'user notification'
  | 'escalation loop';

/** Which ESB of an END: ESn coalesces notifications, ESe escalations. */
export type EndEsb = 'esn' | 'ese';

/** The router of one machine. */
export interface Router {
  /** The event of a source. */
  notify(source: Source): void;
  /** An event for an END, with the data that goes into its queue. */
  notifyEnd(index: number, data: number): void;
  /** Load from a page of an END's ESB: the value, or {@link ESB_INVALID} for an invalid END. An EOI of Q answers 1; nothing is sent anew. */
  loadEnd(index: number, which: EndEsb, offset: number): number;
  /**
   * Store to a page of an END's ESB, on P10 only: triggers and EOIs change its bits. Abstraction: what silicon sends on is not published;
   * as in QEMU nothing is sent, and an injection (0x800) has no effect.
   */
  storeEnd(index: number, which: EndEsb, offset: number): void;
}

/** What {@link createRouter} needs. */
export interface RouterInit {
  readonly state: XiveState;
  readonly queues: Queues;
  readonly presenter: Presenter;
  /** The host's own queue has an entry. */
  host(data: number): void;
  /** A queue entry was written: END and data, for the trace. */
  queued(end: number, data: number): void;
  dropped(why: Drop, number: number): void;
  /** An access that hardware calls an error. */
  misuse(end: number, what: string): void;
}

/** Escalations that may follow one another before the router is taken for stuck in a loop. */
const MAX_ESCALATIONS = 16;

/** Creates the router. */
export function createRouter({ state, queues, presenter, host, queued, dropped, misuse }: RouterInit): Router {
  const { ends, nvts } = state;

  /** Passes an event through ESn or ESe: false if it is coalesced. */
  function passes(end: End, which: EndEsb): boolean {
    const pq = end[which];
    end[which] = nextPq(TRIGGER, pq);
    return sendsEvent(TRIGGER, pq);
  }

  /** What ends a notification before anybody is asked for the target; null if nothing does. */
  function obstacle(end: End): Drop | null {
    if (end.format === 0 && end.priority === NO_PRIORITY) return 'end masked';
    if (end.notify === 0 && !passes(end, 'esn')) return 'coalesced';
    if (end.nvtIndex >= nvts.length || nvts.at(end.nvtIndex).valid === 0) return 'nvt invalid';
    return end.format === 1 && end.backlog === 1 ? 'user notification' : null;
  }

  /**
   * Notification: true when the event has found its target or ends here, so that nothing escalates. Abstraction: user-level notifications
   * (F = 1, event-based branches) find nobody, and one that asks for a backlog is an error.
   */
  function present(index: number, end: End): boolean {
    const why = obstacle(end);
    if (why !== null) {
      dropped(why, index);
      return true;
    }
    if (end.format === 0 && presenter.notify(end)) return true;
    if (end.backlog === 1) nvts.at(end.nvtIndex).ipb |= priorityToIpb(end.priority);
    return false;
  }

  function route(index: number, data: number, depth: number): void {
    const end = index < ends.length ? ends.at(index) : null;
    if (end === null || end.valid === 0) return dropped('end invalid', index);
    if (depth > MAX_ESCALATIONS) return dropped('escalation loop', index);
    if (end.host === 1) return host(data);
    if (end.enqueue === 1) {
      queues.push(index, end, data);
      queued(index, data);
    }
    if (end.silent === 0 && present(index, end)) return undefined;
    if (end.escalate === 0 || (end.unconditional === 0 && !passes(end, 'ese'))) return undefined;
    return route(end.escIndex, end.escData, depth + 1);
  }

  /** An END whose ESB pages answer. */
  function validEnd(index: number): End | null {
    if (index < ends.length && ends.at(index).valid === 1) return ends.at(index);
    misuse(index, 'ESB of an invalid END');
    return null;
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
      if (state.generation === 1 || setsPq(op)) misuse(index, `store at 0x${offset.toString(16)} of ${which}`);
      else if (op === ESB_OP.TRIGGER) end[which] = nextPq(TRIGGER, end[which]);
      else if (op === ESB_OP.STORE_EOI) end[which] = nextPq(EOI, end[which]);
    },
  };
}

/** Page of an END's pair: even is ESn, odd ESe. */
export const endEsbOf = (page: number): EndEsb => (page === ESB_PAGE.TRIGGER ? 'esn' : 'ese');
