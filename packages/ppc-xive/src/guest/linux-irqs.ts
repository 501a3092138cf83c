// Interrupts of the guest's Linux: numbers, and what its irq chip keeps of each. Linux: arch/powerpc/sysdev/xive/common.c, kernel/irq/irqdomain.c.

import { FIRST_IRQ, type GuestIrq, type GuestState } from './layout.ts';

/** The interrupt that a number says nothing about (XIVE_BAD_IRQ). */
export const BAD_IRQ = 0x7fffffff;

/** The table. */
export interface GuestIrqs {
  /** The interrupt of a number, null if there is none. The IPI has no entry: its data is per CPU. */
  at(irq: number): GuestIrq | null;
  /** Number of the interrupt that is mapped to a LISN, -1 if none is. */
  find(lisn: number): number;
  /** A number for a LISN, -1 when the table is full. */
  map(lisn: number): number;
  /** Slots of the table. */
  readonly size: number;
  /** Forgets all. */
  clear(): void;
}

/** Creates it. Slot 0 stands for the IPI. */
export function createGuestIrqs({ irqs }: GuestState): GuestIrqs {
  return {
    size: irqs.length,
    at(irq) {
      const slot = irq - FIRST_IRQ;
      if (slot < 1 || slot >= irqs.length) return null;
      return irqs.at(slot).mapped === 1 ? irqs.at(slot) : null;
    },
    find(lisn) {
      for (let slot = 1; slot < irqs.length; slot++) {
        const i = irqs.at(slot);
        if (i.mapped === 1 && i.lisn === lisn) return FIRST_IRQ + slot;
      }
      return -1;
    },
    map(lisn) {
      for (let slot = 1; slot < irqs.length; slot++) {
        const i = irqs.at(slot);
        if (i.mapped === 1) continue;
        Object.assign(i, CLEAR);
        Object.assign(i, { mapped: 1, lisn });
        return FIRST_IRQ + slot;
      }
      return -1;
    },
    clear() {
      for (let slot = 0; slot < irqs.length; slot++) Object.assign(irqs.at(slot), CLEAR);
    },
  };
}

const CLEAR = {
  mapped: 0,
  started: 0,
  disabled: 0,
  lsi: 0,
  hIntEsb: 0,
  storeEoi: 0,
  savedP: 0,
  staleP: 0,
  lisn: 0,
  target: 0,
} as const;
