// The router (IVRE): from a source's EAS to an END. Most events go straight to a queue and to a target that runs; all others go through the END step by step. QEMU: hw/intc/xive.c xive_router_notify.

import { columns, pattern } from '@virq/irq-core/arena';
import { createEndPages, type EndPages } from './end-esb.ts';
import { createEndEvents, type EndEventsInit } from './end-events.ts';
import { End, Nvt, Source } from './layout.ts';
import { camOf, NO_PRIORITY } from './presenter.ts';

/** The router of one machine. */
export interface Router extends EndPages {
  /** The event of a source, by its index. */
  notify(source: number): void;
  /** An event for an END, with the data that goes into its queue. */
  notifyEnd(index: number, data: number): void;
}

/** What {@link createRouter} needs. */
export interface RouterInit extends EndEventsInit {
  /** An access that hardware calls an error. */
  misuse(end: number, what: string): void;
}

/** Creates the router. */
export function createRouter(init: RouterInit): Router {
  const { state, queues, presenter, queued, dropped, misuse } = init;
  const { ends, nvts, generation } = state;
  const { length: endCount } = ends;
  const { length: targets } = nvts;
  const { valid: isSet, endIndex, data: eisn } = columns(Source, state.sources);
  const { priority, nvtBlock, nvtIndex } = columns(End, ends);
  const { valid: isTarget } = columns(Nvt, nvts);
  const { route, unanswered } = createEndEvents(init);

  /** The EAS of a source that sends. */
  const open = pattern(Source, state.sources, { valid: 1, masked: 0 });
  /** An END as operating systems have theirs: events go to a queue, and every one notifies. */
  const usual = pattern(End, ends, {
    ...{ valid: 1, enqueue: 1, notify: 1, silent: 0, host: 0 },
    ...{ format: 0, ignore: 0, watched: 0 },
  });

  /** Into the queue of a usual END and to its target: false if that did not answer. */
  function deliver(index: number, data: number): boolean {
    queues.write(index, data);
    queued(index, data);
    const target = nvtIndex.get(index);
    const p = priority.get(index);
    if (p === NO_PRIORITY || target >= targets || isTarget.get(target) === 0) return false;
    return presenter.present(camOf(nvtBlock.get(index), target, generation), p);
  }

  function notifyEnd(index: number, data: number): void {
    if (index >= endCount || !usual.holds(index)) return route(index, data);
    return deliver(index, data) ? undefined : unanswered(index);
  }

  return {
    notifyEnd,
    notify(source) {
      const end = endIndex.get(source);
      if (open.holds(source)) return notifyEnd(end, eisn.get(source));
      return dropped(isSet.get(source) === 0 ? 'eas invalid' : 'eas masked', end);
    },
    ...createEndPages(state, misuse),
  };
}
