// The PQ machine, MSI and LSI, and what each offset of an ESB page does. Tables, from QEMU's hw/intc/xive.c.

import { describe, expect, it } from 'vitest';
import { hardware } from './__fixtures__/hardware.ts';
import { ESB, ESB_INVALID, ESB_PAGE } from './esb.ts';
import { QEMU_7_2 } from './profile.ts';

const { TRIGGER, MANAGEMENT } = ESB_PAGE;

/** A source of PQ `pq`, and how many entries its events have made. */
function source(pq: number, more: object = {}) {
  const h = hardware();
  h.setEnd(4, { priority: 5, nvtIndex: 3 });
  h.setEas(0, 4);
  Object.assign(h.source(0), { pq, storeEoi: 1, ...more });
  return {
    ...h,
    load: (offset: number, page: number = MANAGEMENT) => h.sources.load(0, page, offset),
    store: (offset: number, page: number = MANAGEMENT) => h.sources.store(0, page, offset),
    after: () => ({ pq: h.source(0).pq, events: h.end(4).index }),
  };
}

describe('F-01 PQ × what happens, MSI', () => {
  it.each([
    // what, from PQ, to PQ, events
    ['V-02 trigger', 0b00, 0b10, 1],
    ['V-04 trigger', 0b01, 0b01, 0],
    ['V-03 trigger', 0b10, 0b11, 0],
    ['V-03 trigger', 0b11, 0b11, 0],
  ])('%s: %i → %i, %i events', (_what, pq, to, events) => {
    const m = source(pq);
    m.trigger(0);
    expect(m.after()).toEqual({ pq: to, events });
  });

  it.each([
    ['V-06 EOI', 0b00, 0b00, 0, 0],
    ['V-07 EOI', 0b01, 0b01, 0, 0],
    ['V-06 EOI', 0b10, 0b00, 0, 0],
    ['V-05 EOI', 0b11, 0b10, 1, 1],
  ])('%s: %i → %i, returns %i', (_what, pq, to, returns, events) => {
    const m = source(pq);
    expect(m.load(ESB.LOAD_EOI)).toBe(returns);
    expect(m.after()).toEqual({ pq: to, events });
    const stored = source(pq);
    stored.store(ESB.STORE_EOI);
    expect(stored.after()).toEqual({ pq: to, events });
  });

  it('V-01 a reset source is off', () => {
    const h = hardware();
    expect([0, 1, 7].map((i) => h.get(i))).toEqual([1, 1, 1]);
  });

  it('V-08 a SET_PQ load returns what was and never sends', () => {
    const m = source(0b11);
    expect(m.load(ESB.SET_PQ_00)).toBe(0b11);
    expect(m.after()).toEqual({ pq: 0b00, events: 0 });
  });

  it('V-09 00 → 01 → 10 → 11', () => {
    const m = source(0b00);
    expect([0xd00, 0xe00, 0xf00, 0x800].map((offset) => m.load(offset))).toEqual([0, 1, 2, 3]);
    expect(m.after().pq).toBe(0b11);
  });
});

describe('F-02 a level-triggered source', () => {
  it('V-13 raise, raise, EOI, lower, EOI', () => {
    const m = source(0b00, { lsi: 1 });
    const seen = [
      () => m.sources.setLevel(0, 1),
      () => m.sources.setLevel(0, 1),
      () => void m.loadEoi(0),
      () => m.sources.setLevel(0, 0),
      () => void m.loadEoi(0),
    ].map((act) => {
      act();
      return m.after();
    });
    expect(seen).toEqual([
      { pq: 0b10, events: 1 },
      { pq: 0b10, events: 1 },
      { pq: 0b10, events: 2 },
      { pq: 0b10, events: 2 },
      { pq: 0b00, events: 2 },
    ]);
  });

  it.each([
    [0b00, 0b10, 1],
    [0b01, 0b01, 0],
    [0b10, 0b10, 0],
    [0b11, 0b11, 0],
  ])('level high at %i → %i, %i events; low changes nothing', (pq, to, events) => {
    const m = source(pq, { lsi: 1 });
    m.sources.setLevel(0, 1);
    m.sources.setLevel(0, 0);
    expect(m.after()).toEqual({ pq: to, events });
  });

  it.each([
    // from, to, returns
    [0b00, 0b10, 1],
    [0b01, 0b01, 0],
    [0b10, 0b10, 1],
    [0b11, 0b10, 1],
  ])('EOI of an asserted one at %i → %i, returns %i', (pq, to, returns) => {
    const m = source(pq, { lsi: 1, asserted: 1 });
    expect(m.load(ESB.LOAD_EOI)).toBe(returns);
    expect(m.after()).toEqual({ pq: to, events: returns });
  });

  it('QEMU 7.2 forgets Q at the EOI of an asserted one: P set, no event, nobody to end it', () => {
    const h = hardware({ profile: QEMU_7_2 });
    Object.assign(h.source(0), { pq: 0b11, lsi: 1, asserted: 1 });
    expect([h.loadEoi(0), h.get(0)]).toEqual([0, 0b10]);
  });
});

describe('F-03 every offset, F-04 one page and two', () => {
  /** What a load does at PQ = 11 and asserted = 0: the value it returns and PQ afterwards. */
  const LOADS: readonly (readonly [number, number, number, number])[] = [
    [0x000, 0x7ff, 1, 0b10],
    [0x800, 0xbff, 0b11, 0b11],
    [0xc00, 0xcff, 0b11, 0b00],
    [0xd00, 0xdff, 0b11, 0b01],
    [0xe00, 0xeff, 0b11, 0b10],
    [0xf00, 0xfff, 0b11, 0b11],
  ];
  /** What a store does at PQ = 00: PQ afterwards and events. */
  const STORES: readonly (readonly [number, number, number, number])[] = [
    [0x000, 0x3ff, 0b10, 1],
    [0x400, 0x7ff, 0b00, 0],
    [0x800, 0xbff, 0b00, 1],
    [0xc00, 0xcff, 0b00, 0],
    [0xd00, 0xdff, 0b01, 0],
    [0xe00, 0xeff, 0b10, 0],
    [0xf00, 0xfff, 0b11, 0],
  ];
  /** Offsets of a range, and the same in a later 4 KiB: a page repeats. */
  const offsets = (from: number, to: number): number[] =>
    [from, from + 0x40, (from + to) >> 1, to - 7].flatMap((offset) => [offset, offset + 0x5000]);

  for (const pages of [1, 2]) {
    it.each(LOADS)(`load, management page of ${pages}: 0x%s–0x%s`, (from, to, value, pq) => {
      for (const offset of offsets(from, to)) {
        const m = source(0b11, { pages });
        expect([offset, m.load(offset), m.after().pq]).toEqual([offset, value, pq]);
      }
    });

    it.each(STORES)(`V-12 store, management page of ${pages}: 0x%s–0x%s`, (from, to, pq, events) => {
      for (const offset of offsets(from, to)) {
        const m = source(0b00, { pages });
        m.store(offset);
        expect([offset, m.after()]).toEqual([offset, { pq, events }]);
      }
    });
  }

  it('V-10 loads from the trigger page of two are errors and change nothing', () => {
    for (const offset of [0, 0x400, 0x800, 0xc00, 0xf00]) {
      const m = source(0b11);
      expect([m.load(offset, TRIGGER), m.after()]).toEqual([ESB_INVALID, { pq: 0b11, events: 0 }]);
      expect(m.takeReports()).toEqual(['xive_guest_error source 0 load from a trigger page']);
    }
  });

  it('any store to the trigger page of two triggers', () => {
    for (const offset of [0, 0x400, 0x800, 0xc00, 0xd00]) {
      const m = source(0b00);
      m.store(offset, TRIGGER);
      expect(m.after()).toEqual({ pq: 0b10, events: 1 });
    }
  });

  it('with one page, what would be the trigger page manages', () => {
    const m = source(0b11, { pages: 1 });
    expect(m.load(ESB.SET_PQ_00, TRIGGER)).toBe(0b11);
  });
});

describe('F-05 StoreEOI', () => {
  it('V-11 unsupported: ignored and reported; supported: ends', () => {
    const without = source(0b11, { storeEoi: 0 });
    without.store(ESB.STORE_EOI);
    expect(without.after()).toEqual({ pq: 0b11, events: 0 });
    expect(without.takeReports()).toEqual(['xive_guest_error source 0 StoreEOI is not supported']);
    const supported = source(0b11);
    supported.store(ESB.STORE_EOI);
    expect(supported.after()).toEqual({ pq: 0b10, events: 1 });
  });
});

describe('F-07 a source that its PHB has fenced', () => {
  it('answers loads with all ones and takes no store', () => {
    const m = source(0b11, { fenced: 1 });
    expect([ESB.GET, ESB.LOAD_EOI, ESB.SET_PQ_00].map((offset) => m.load(offset))).toEqual(Array(3).fill(ESB_INVALID));
    for (const offset of [0, ESB.STORE_EOI, ESB.SET_PQ_00]) m.store(offset);
    expect(m.after()).toEqual({ pq: 0b11, events: 0 });
  });
});
