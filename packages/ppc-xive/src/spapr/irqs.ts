// Interrupt source numbers of a pseries machine: devices claim and free them, and raise them through the controller in use. QEMU: hw/ppc/spapr_irq.c.

import { EBUSY, EINVAL, ENOSPC } from '@virq/irq-core/errors';
import { DEVICE } from '../kvm/layout.ts';
import { isExternal, LISN } from './codes.ts';
import type { SpaprContext } from './context.ts';
import { EAS } from './tables.ts';

/** KVM_DEV_XICS_GRP_SOURCES of an ICS source at reset: priority and saved priority 0xFF; bit 40 for an LSI, bit 42 while it is asserted. */
export const icsAtReset = (lsi: number, asserted: number): bigint =>
  (0xffn << 32n) | (BigInt(lsi) << 40n) | (BigInt(lsi & asserted) << 42n);

/** Operations of devices on their interrupts. */
export interface SpaprIrqs {
  /** spapr_irq_claim: 0, -EBUSY for a LISN that is taken, -EINVAL outside of the external range, or KVM's errno. */
  claim(lisn: number, lsi: boolean): number;
  /** The machine's own IPIs: 0 to servers - 1. XICS has none of them. */
  claimIpi(lisn: number): number;
  /** spapr_irq_free. KVM's source stays as it is. */
  free(lisn: number): number;
  /** spapr_irq_msi_alloc: the first of so many free LISNs, claimed as messages; -ENOSPC. */
  allocateMsis(count: number, align: number): number;
  freeMsis(first: number, count: number): number;
  /** spapr_set_irq: the line of an LSI, or a message (level 1). -EINVAL for a LISN that nobody has claimed. */
  setIrq(lisn: number, level: number): number;
}

/** Creates them. */
export function createIrqs(c: SpaprContext): SpaprIrqs {
  const { state, tables } = c;

  function claimXive(lisn: number, lsi: boolean): number {
    if (tables.isValid(lisn)) return -EBUSY;
    const irq = tables.create(lisn);
    irq.eas |= EAS.VALID | EAS.MASKED;
    // An LSI stays one for ever; numbers of the two kinds do not mix.
    if (lsi) irq.lsi = 1;
    if (state.active !== DEVICE.XIVE || state.inKernel === 0) return 0;
    return c.xive.resetSource(lisn, irq.lsi === 1, irq.asserted === 1);
  }

  function claim(lisn: number, lsi: boolean): number {
    if (!isExternal(lisn)) return -EINVAL;
    const error = claimXive(lisn, lsi);
    if (error < 0 || state.active !== DEVICE.XICS) return error;
    return c.xics.setSource(lisn, icsAtReset(lsi ? 1 : 0, 0));
  }

  function free(lisn: number): number {
    if (!isExternal(lisn) || !tables.isValid(lisn)) return -EINVAL;
    const irq = tables.create(lisn);
    irq.eas &= ~EAS.VALID;
    return 0;
  }

  /** bitmap_find_next_zero_area. */
  function findMsis(count: number, align: number): number {
    const { msis } = state;
    for (let first = 0; first + count <= LISN.END - LISN.MSI; first += align) {
      let used = 0;
      for (let i = 0; i < count; i++) if (msis.has(first + i)) used++;
      if (used === 0) return first;
    }
    return -1;
  }

  return {
    claim,
    claimIpi: (lisn) => claimXive(lisn, false),
    free,
    allocateMsis(count, align) {
      const first = findMsis(count, align);
      if (first < 0) return -ENOSPC;
      for (let i = 0; i < count; i++) {
        state.msis.add(first + i);
        const error = claim(LISN.MSI + first + i, false);
        if (error < 0) return error;
      }
      return LISN.MSI + first;
    },
    freeMsis(first, count) {
      for (let lisn = first; lisn < first + count; lisn++) {
        const error = free(lisn);
        if (error < 0) return error;
        state.msis.delete(lisn - LISN.MSI);
      }
      return 0;
    },
    setIrq(lisn, level) {
      const irq = tables.isValid(lisn) ? tables.irq(lisn) : null;
      if (irq === null) return -EINVAL;
      if (irq.lsi === 0 && level === 0) return 0;
      if (irq.lsi === 1) irq.asserted = level;
      // Both edges of an LSI trigger the source: XIVE gets to know of its level by what QEMU does at the EOI.
      if (state.active === DEVICE.XICS) c.xics.setIrq(lisn, level);
      else if (state.inKernel === 1) c.xive.esbStore(lisn, 0);
      return 0;
    },
  };
}
