// The router (IVRE): from a source's EAS to an END, its event queue, its target and its escalation. QEMU: hw/intc/xive.c xive_router_notify, xive_router_end_notify.

import { columns, pattern } from '@virq/irq-core/arena';
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
import { End, Nvt, Source, type XiveState } from './layout.ts';
import { camOf, NO_PRIORITY, type Presenter, priorityToIpb } from './presenter.ts';
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
  /** The event of a source, by its index. */
  notify(source: number): void;
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
  const { ends, nvts, generation } = state;
  const { valid: isSet, endIndex, data: eisn } = columns(Source, state.sources);
  const {
    valid,
    host: isHosts,
    enqueue,
    notify,
    backlog,
    silent,
    format,
    priority,
    nvtBlock,
    nvtIndex,
  } = columns(End, ends);
  const { escalate, unconditional } = columns(End, ends);
  const { valid: isTarget } = columns(Nvt, nvts);
  const targets = nvts.length;

  /** The EAS of a source that sends. */
  const open = pattern(Source, state.sources, { valid: 1, masked: 0 });
  /** An END as operating systems have theirs: events go to a queue, and every one notifies. */
  const usual = pattern(End, ends, {
    ...{ valid: 1, enqueue: 1, notify: 1, silent: 0, host: 0 },
    ...{ format: 0, ignore: 0, watched: 0 },
  });

  /** Passes an event through ESn or ESe: false if it is coalesced. */
  function passes(index: number, which: EndEsb): boolean {
    const end = ends.at(index);
    const pq = end[which];
    end[which] = nextPq(TRIGGER, pq);
    return sendsEvent(TRIGGER, pq);
  }

  /** What ends a notification before anybody is asked for the target; null if nothing does. */
  function obstacle(index: number): Drop | null {
    const f = format.get(index);
    if (f === 0 && priority.get(index) === NO_PRIORITY) return 'end masked';
    if (notify.get(index) === 0 && !passes(index, 'esn')) return 'coalesced';
    const target = nvtIndex.get(index);
    if (target >= nvts.length || isTarget.get(target) === 0) return 'nvt invalid';
    return f === 1 && backlog.get(index) === 1 ? 'user notification' : null;
  }

  /** Nobody runs the target: what the END says is to happen then. */
  function unanswered(index: number, depth: number): void {
    if (backlog.get(index) === 1) nvts.at(nvtIndex.get(index)).ipb |= priorityToIpb(priority.get(index));
    return escalateFrom(index, depth);
  }

  /**
   * Notification. Abstraction: user-level notifications (F = 1, event-based branches) find nobody, and one that asks for a backlog is an
   * error.
   */
  function present(index: number, depth: number): void {
    const why = obstacle(index);
    if (why !== null) return dropped(why, index);
    if (format.get(index) === 0 && presenter.notify(index)) return undefined;
    return unanswered(index, depth);
  }

  /** The way of most events, without a look at what is not set. */
  function deliver(index: number, data: number): boolean {
    queues.write(index, data);
    queued(index, data);
    const target = nvtIndex.get(index);
    const p = priority.get(index);
    if (p === NO_PRIORITY || target >= targets || isTarget.get(target) === 0) return false;
    return presenter.present(camOf(nvtBlock.get(index), target, generation), p);
  }

  function route(index: number, data: number, depth: number): void {
    if (index >= ends.length || valid.get(index) === 0) return dropped('end invalid', index);
    if (depth > MAX_ESCALATIONS) return dropped('escalation loop', index);
    if (isHosts.get(index) === 1) return host(data);
    if (enqueue.get(index) === 1) {
      queues.push(index, data);
      queued(index, data);
    }
    if (silent.get(index) === 0) return present(index, depth);
    return escalateFrom(index, depth);
  }

  /** The event of a source arrives at its END. */
  function arrive(index: number, data: number): void {
    if (index >= ends.length || !usual.holds(index)) return route(index, data, 0);
    if (deliver(index, data)) return undefined;
    const why = obstacle(index);
    return why === null ? unanswered(index, 0) : dropped(why, index);
  }

  function escalateFrom(index: number, depth: number): void {
    if (escalate.get(index) === 0 || (unconditional.get(index) === 0 && !passes(index, 'ese'))) return undefined;
    const { escIndex, escData } = ends.at(index);
    return route(escIndex, escData, depth + 1);
  }

  /** An END whose ESB pages answer. */
  function validEnd(index: number): End | null {
    if (index < ends.length && ends.at(index).valid === 1) return ends.at(index);
    misuse(index, 'ESB of an invalid END');
    return null;
  }

  return {
    notifyEnd: arrive,
    notify(source) {
      const end = endIndex.get(source);
      if (open.holds(source)) return arrive(end, eisn.get(source));
      return dropped(isSet.get(source) === 0 ? 'eas invalid' : 'eas masked', end);
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
