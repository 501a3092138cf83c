// Interrupts that drivers of the guest have requested. Linux: kernel/irq/irqdomain.c, manage.c.

import type { GuestIrq, GuestState } from './layout.ts';

/** The table. */
export interface GuestIrqs {
  /** Slot of an INTID, -1 if nobody has requested it. */
  find(intid: number): number;
  at(slot: number): GuestIrq;
  /** A slot for an INTID, -1 when the table is full. */
  add(intid: number): number;
  remove(slot: number): void;
  /** Interrupts of a device's slot. */
  countOf(device: number): number;
}

const EMPTY = { used: 0, edge: 0, masked: 0, intid: 0, target: 0, device: 0, event: 0 } as const;

/** Creates it over zeroed state. */
export function createGuestIrqs({ irqs }: GuestState): GuestIrqs {
  function find(intid: number): number {
    for (let slot = 0; slot < irqs.length; slot++)
      if (irqs.at(slot).used === 1 && irqs.at(slot).intid === intid) return slot;
    return -1;
  }

  return {
    find,
    at: (slot) => irqs.at(slot),
    add(intid) {
      for (let slot = 0; slot < irqs.length; slot++) {
        if (irqs.at(slot).used === 1) continue;
        Object.assign(irqs.at(slot), EMPTY, { used: 1, intid });
        return slot;
      }
      return -1;
    },
    remove(slot) {
      Object.assign(irqs.at(slot), EMPTY);
    },
    countOf(device) {
      let count = 0;
      for (let slot = 0; slot < irqs.length; slot++)
        if (irqs.at(slot).used === 1 && irqs.at(slot).device === device + 1) count++;
      return count;
    },
  };
}
