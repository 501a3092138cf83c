// The source controller (IVSE): sources, their PQ bits and their pages. QEMU: hw/intc/xive.c xive_source_*.

import {
  EOI,
  ESB_INVALID,
  ESB_PAGE,
  type EsbTransition,
  esbOp,
  LEVEL,
  LOADS,
  nextPq,
  PQ,
  STORES,
  sendsEvent,
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
  /** The event leaves the source. */
  send(index: number): void;
  /** An access that hardware calls an error. */
  misuse(index: number, what: string): void;
}

/** Creates the sources. */
export function createSources({ state, send, misuse }: SourcesInit): Sources {
  const { sources } = state;

  function pass(index: number, t: EsbTransition): boolean {
    const s = sources.at(index);
    const { pq } = s;
    s.pq = nextPq(t, pq);
    if (!sendsEvent(t, pq)) return false;
    send(index);
    return true;
  }

  /** An LSI whose line is still high fires again. */
  function eoi(index: number): boolean {
    const { lsi } = sources.at(index);
    const sent = pass(index, EOI);
    if (lsi === 0 || sources.at(index).asserted === 0) return sent;
    return pass(index, LEVEL) || sent;
  }

  const managed = (s: Source, page: number): boolean => s.pages === 1 || page === ESB_PAGE.MANAGEMENT;

  return {
    count: sources.length,
    at: (index) => sources.at(index),
    trigger: (index) => void pass(index, TRIGGER),
    eoi,
    load(index, page, offset) {
      const s = sources.at(index);
      if (s.fenced === 1) return ESB_INVALID;
      if (!managed(s, page)) {
        misuse(index, 'load from a trigger page');
        return ESB_INVALID;
      }
      const op = esbOp(LOADS, offset);
      if (op === 'eoi') return eoi(index) ? 1 : 0;
      const { pq } = s;
      if (typeof op === 'number') s.pq = op;
      return pq;
    },
    store(index, page, offset) {
      const s = sources.at(index);
      if (s.fenced === 1) return;
      const op = managed(s, page) ? esbOp(STORES, offset) : 'trigger';
      if (op === 'trigger') pass(index, TRIGGER);
      else if (op === 'storeEoi' && s.storeEoi === 1) eoi(index);
      else if (typeof op === 'number') s.pq = op;
      else misuse(index, op === 'storeEoi' ? 'StoreEOI is not supported' : 'store to a load-only offset');
    },
    setLevel(index, level) {
      const s = sources.at(index);
      s.asserted = level;
      if (level === 1) pass(index, LEVEL);
    },
    arrive(index) {
      sources.at(index).inFlight--;
    },
  };
}

/** Brings a source to reset: off, its EAS invalid. */
export function resetSource(s: Source): void {
  Object.assign(s, { pq: PQ.OFF, asserted: 0, valid: 0, masked: 0, endBlock: 0, endIndex: 0, data: 0 });
}
