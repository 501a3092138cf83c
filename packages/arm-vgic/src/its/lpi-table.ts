// LPIs of a VM by INTID, sorted, so that looking one up takes as many steps as their number has bits. Linux: struct vgic_dist lpi_xa; a list in 6.1.

import type { LpiTableState } from '../irq/layout.ts';

/** The table. Handles are those of the pool of LPIs; no reference is taken. */
export interface LpiTable {
  /** Handle of an INTID's LPI, 0 for none. It may have lost its last reference already. */
  find(intid: number): number;
  /** xa_store: the handle that was there, 0 for none. */
  store(intid: number, lpi: number): number;
  /** xa_erase: the handle that was there. */
  erase(intid: number): number;
  readonly count: number;
  /** Place of the first INTID that is not lower. */
  placeOf(intid: number): number;
  /** By place, in the order of INTIDs. */
  at(place: number): number;
}

/** Creates it over zeroed state. */
export function createLpiTable(state: LpiTableState): LpiTable {
  const { intids, lpis } = state;

  function placeOf(intid: number): number {
    let low = 0;
    let high = state.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (intids.get(middle) < intid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  const has = (place: number, intid: number): boolean => place < state.count && intids.get(place) === intid;

  function move(from: number, to: number): void {
    intids.set(to, intids.get(from));
    lpis.set(to, lpis.get(from));
  }

  return {
    find(intid) {
      const place = placeOf(intid);
      return has(place, intid) ? lpis.get(place) : 0;
    },
    store(intid, lpi) {
      const place = placeOf(intid);
      const old = has(place, intid) ? lpis.get(place) : 0;
      if (old === 0) {
        for (let i = state.count; i > place; i--) move(i - 1, i);
        state.count++;
        intids.set(place, intid);
      }
      lpis.set(place, lpi);
      return old;
    },
    erase(intid) {
      const place = placeOf(intid);
      if (!has(place, intid)) return 0;
      const old = lpis.get(place);
      state.count--;
      for (let i = place; i < state.count; i++) move(i + 1, i);
      intids.set(state.count, 0);
      lpis.set(state.count, 0);
      return old;
    },
    get count() {
      return state.count;
    },
    placeOf,
    at: (place) => lpis.get(place),
  };
}
