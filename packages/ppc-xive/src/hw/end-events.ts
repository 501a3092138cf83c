// What an END does with an event: queue, coalescing, notification, backlog, escalation. QEMU: hw/intc/xive.c xive_router_end_notify.

import { passes } from './end-esb.ts';
import type { End, XiveState } from './layout.ts';
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

/** What the way of an event needs. */
export interface EndEventsInit {
  readonly state: XiveState;
  readonly queues: Queues;
  readonly presenter: Presenter;
  /** The host's own queue has an entry. */
  host(data: number): void;
  /** A queue entry was written: END and data, for the trace. */
  queued(end: number, data: number): void;
  dropped(why: Drop, number: number): void;
}

/** The way of an event through an END, and what is left of it once its target did not answer. */
export interface EndEvents {
  route(index: number, data: number): void;
  /** The queue has the event and nobody had the target of an END that always notifies. */
  unanswered(index: number): void;
}

/** Escalations that may follow one another before the router is taken for stuck in a loop. */
const MAX_ESCALATIONS = 16;

/** Creates the way. */
export function createEndEvents({ state, queues, presenter, host, queued, dropped }: EndEventsInit): EndEvents {
  const { ends, nvts } = state;

  /** What ends a notification before anybody is asked for the target; null if nothing does. */
  function obstacle(end: End): Drop | null {
    if (end.format === 0 && end.priority === NO_PRIORITY) return 'end masked';
    if (end.notify === 0 && !passes(end, 'esn')) return 'coalesced';
    if (end.nvtIndex >= nvts.length || nvts.at(end.nvtIndex).valid === 0) return 'nvt invalid';
    return end.format === 1 && end.backlog === 1 ? 'user notification' : null;
  }

  /** Nobody runs the target: what the END says is to happen then. */
  function absent(end: End, depth: number): void {
    if (end.backlog === 1) nvts.at(end.nvtIndex).ipb |= priorityToIpb(end.priority);
    return escalate(end, depth);
  }

  /**
   * Notification. Abstraction: user-level notifications (F = 1, event-based branches) find nobody, and one that asks for a backlog is an
   * error.
   */
  function present(index: number, end: End, depth: number): void {
    const why = obstacle(end);
    if (why !== null) return dropped(why, index);
    if (end.format === 0 && presenter.notify(index)) return undefined;
    return absent(end, depth);
  }

  function escalate(end: End, depth: number): void {
    if (end.escalate === 0 || (end.unconditional === 0 && !passes(end, 'ese'))) return undefined;
    return routeFrom(end.escIndex, end.escData, depth + 1);
  }

  function routeFrom(index: number, data: number, depth: number): void {
    const end = index < ends.length ? ends.at(index) : null;
    if (end === null || end.valid === 0) return dropped('end invalid', index);
    if (depth > MAX_ESCALATIONS) return dropped('escalation loop', index);
    if (end.host === 1) return host(data);
    if (end.enqueue === 1) {
      queues.push(index, data);
      queued(index, data);
    }
    return end.silent === 0 ? present(index, end, depth) : escalate(end, depth);
  }

  return {
    route: (index, data) => routeFrom(index, data, 0),
    unanswered(index) {
      const end = ends.at(index);
      const why = obstacle(end);
      return why === null ? absent(end, 0) : dropped(why, index);
    },
  };
}
