// The source controller (IVSE): sources, their PQ bits and their pages. QEMU: hw/intc/xive.c xive_source_*.

import { columns, pattern } from '@virq/irq-core/arena';
import {
  EOI,
  ESB,
  ESB_INVALID,
  ESB_OP,
  ESB_PAGE,
  type EsbTransition,
  esbOp,
  LEVEL,
  LOADS,
  nextPq,
  PQ,
  STORES,
  sendsEvent,
  setsPq,
  TRIGGER,
} from './esb.ts';
import { Source, type XiveState } from './layout.ts';

/** Sources of one machine, by index. */
export interface Sources {
  readonly count: number;
  at(index: number): Source;
  /** Load of 8 bytes: old PQ, the result of an EOI (1: it sent an event), or {@link ESB_INVALID}. */
  load(index: number, page: number, offset: number): number;
  store(index: number, page: number, offset: number): void;
  /** A message arrives: the device's, or a store to the trigger page. */
  trigger(index: number): void;
  /** EOI by hardware rules; true if it sent an event. */
  eoi(index: number): boolean;
  /** The line of an LSI. */
  setLevel(index: number, level: number): void;
  /** An event of a source has got to its END (for machines where it takes its time). */
  arrive(index: number): void;
}

/** What {@link createSources} needs. */
export interface SourcesInit {
  readonly state: XiveState;
  /** An EOI of an LSI whose level is high. */
  readonly eoiAsserted: EsbTransition;
  /** The event leaves the source. */
  send(index: number): void;
  /** An access that hardware calls an error. */
  misuse(index: number, what: string): void;
}

/** Creates the sources. */
export function createSources({ state, eoiAsserted, send, misuse }: SourcesInit): Sources {
  const { sources } = state;
  const { pq, pages, lsi, asserted, fenced, storeEoi, inFlight } = columns(Source, sources);

  /** Nothing on its way and nothing in the way. */
  const ready = pattern(Source, sources, { pq: PQ.RESET, fenced: 0 });
  /** The event has been taken, nothing has come since, and its EOI has nothing else to look at. */
  const done = pattern(Source, sources, { pq: PQ.PENDING, fenced: 0, lsi: 0 });

  function pass(index: number, t: EsbTransition): boolean {
    const was = pq.get(index);
    pq.set(index, nextPq(t, was));
    if (!sendsEvent(t, was)) return false;
    send(index);
    return true;
  }

  /** An LSI whose line is still high fires again. */
  const eoi = (index: number): boolean =>
    pass(index, lsi.get(index) === 1 && asserted.get(index) === 1 ? eoiAsserted : EOI);

  const managed = (index: number, page: number): boolean => page === ESB_PAGE.MANAGEMENT || pages.get(index) === 1;

  function manage(index: number, op: number): void {
    if (op === ESB_OP.TRIGGER) pass(index, TRIGGER);
    else if (op === ESB_OP.INJECT) send(index);
    else if (setsPq(op)) pq.set(index, op);
    else if (storeEoi.get(index) === 1) eoi(index);
    else misuse(index, 'StoreEOI is not supported');
  }

  return {
    count: sources.length,
    at: (index) => sources.at(index),
    trigger: (index) => void pass(index, TRIGGER),
    eoi,
    load(index, page, offset) {
      if (page === ESB_PAGE.MANAGEMENT && offset === ESB.LOAD_EOI && done.holds(index)) {
        pq.set(index, PQ.RESET);
        return 0;
      }
      if (fenced.get(index) === 1) return ESB_INVALID;
      if (!managed(index, page)) {
        misuse(index, 'load from a trigger page');
        return ESB_INVALID;
      }
      const op = esbOp(LOADS, offset);
      if (op === ESB_OP.EOI) return eoi(index) ? 1 : 0;
      const was = pq.get(index);
      if (setsPq(op)) pq.set(index, op);
      return was;
    },
    store(index, page, offset) {
      if (page === ESB_PAGE.TRIGGER && offset === 0 && ready.holds(index)) {
        pq.set(index, PQ.PENDING);
        return send(index);
      }
      if (fenced.get(index) === 1) return;
      if (managed(index, page)) return manage(index, esbOp(STORES, offset));
      pass(index, TRIGGER);
      return undefined;
    },
    setLevel(index, level) {
      asserted.set(index, level);
      if (level === 1) pass(index, LEVEL);
    },
    arrive(index) {
      inFlight.set(index, inFlight.get(index) - 1);
    },
  };
}
