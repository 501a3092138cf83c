// The source controller (IVSE): sources, their PQ bits and their pages. QEMU: hw/intc/xive.c xive_source_*.

import {
  EOI,
  ESB_INVALID,
  ESB_OP,
  ESB_PAGE,
  type EsbTransition,
  esbOp,
  LEVEL,
  LOADS,
  nextPq,
  STORES,
  sendsEvent,
  setsPq,
  TRIGGER,
} from './esb.ts';
import type { Source, XiveState } from './layout.ts';

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

  function pass(index: number, s: Source, t: EsbTransition): boolean {
    const { pq } = s;
    s.pq = nextPq(t, pq);
    if (!sendsEvent(t, pq)) return false;
    send(index);
    return true;
  }

  /** An LSI whose line is still high fires again. */
  const endOfInterrupt = (index: number, s: Source): boolean =>
    pass(index, s, s.lsi === 1 && s.asserted === 1 ? eoiAsserted : EOI);

  const managed = (s: Source, page: number): boolean => s.pages === 1 || page === ESB_PAGE.MANAGEMENT;

  function manage(index: number, s: Source, op: number): void {
    if (op === ESB_OP.TRIGGER) pass(index, s, TRIGGER);
    else if (op === ESB_OP.INJECT) send(index);
    else if (setsPq(op)) s.pq = op;
    else if (s.storeEoi === 1) endOfInterrupt(index, s);
    else misuse(index, 'StoreEOI is not supported');
  }

  return {
    count: sources.length,
    at: (index) => sources.at(index),
    trigger: (index) => void pass(index, sources.at(index), TRIGGER),
    eoi: (index) => endOfInterrupt(index, sources.at(index)),
    load(index, page, offset) {
      const s = sources.at(index);
      if (s.fenced === 1) return ESB_INVALID;
      if (!managed(s, page)) {
        misuse(index, 'load from a trigger page');
        return ESB_INVALID;
      }
      const op = esbOp(LOADS, offset);
      if (op === ESB_OP.EOI) return endOfInterrupt(index, s) ? 1 : 0;
      const { pq } = s;
      if (setsPq(op)) s.pq = op;
      return pq;
    },
    store(index, page, offset) {
      const s = sources.at(index);
      if (s.fenced === 1) return;
      manage(index, s, managed(s, page) ? esbOp(STORES, offset) : ESB_OP.TRIGGER);
    },
    setLevel(index, level) {
      const s = sources.at(index);
      s.asserted = level;
      if (level === 1) pass(index, s, LEVEL);
    },
    arrive(index) {
      sources.at(index).inFlight--;
    },
  };
}
