// All interrupts of a VM by handle and by number. Handles: private ones of vCPU 0, 1, …, then SPIs, then LPIs by their slots. Linux: vgic.c vgic_get_irq, vgic_get_vcpu_irq.

import { slotOf } from '@virq/irq-core/arena';
import { INTID, type Irq, type IrqsState } from '../irq/layout.ts';
import type { Lpis } from '../its/lpis.ts';

/** The interrupts of a VM. */
export interface IrqTable {
  readonly vcpus: number;
  /** Handle of the first SPI. */
  readonly firstSpi: number;
  /** Handle of the first LPI slot. */
  readonly firstLpi: number;
  at(handle: number): Irq;
  /** Handle of a private interrupt, INTID 0 to 31. */
  private(vcpu: number, intid: number): number;
  /** Handle of an interrupt as a vCPU sees it, -1 for none; with vCPU -1 private ones do not exist. No reference is taken. */
  find(vcpu: number, intid: number): number;
  /** Handle of an LPI of the pool. */
  ofLpi(lpi: number): number;
  /** LPI of the pool that a handle stands for, 0 if it is none. */
  lpiOf(handle: number): number;
}

/** Creates it; `nrSpis` is how many SPIs the guest has now. */
export function createIrqTable(state: IrqsState, nrSpis: () => number, lpis: () => Lpis): IrqTable {
  const { spis } = state;
  const vcpus = state.apLists.length;
  const firstSpi = vcpus * INTID.SPI;
  const firstLpi = firstSpi + spis.length;

  const ofLpi = (lpi: number): number => firstLpi + slotOf(lpi);

  function find(vcpu: number, intid: number): number {
    if (intid < INTID.SPI) return vcpu < 0 ? -1 : vcpu * INTID.SPI + intid;
    if (intid < INTID.SPI + nrSpis()) return firstSpi + intid - INTID.SPI;
    if (intid < INTID.LPI) return -1;
    const lpi = lpis().find(intid);
    return lpi === 0 ? -1 : ofLpi(lpi);
  }

  /** A slot that is in use; one that is not is reported as a stale handle is. */
  function lpiAt(slot: number): Irq {
    return state.lpis.handleOf(slot) === 0 ? state.lpis.at(slot + 1) : state.lpis.slot(slot);
  }

  return {
    vcpus,
    firstSpi,
    firstLpi,
    at(handle) {
      if (handle < firstSpi) return state.private.at(handle);
      return handle < firstLpi ? spis.at(handle - firstSpi) : lpiAt(handle - firstLpi);
    },
    private: (vcpu, intid) => vcpu * INTID.SPI + intid,
    find,
    ofLpi,
    lpiOf: (handle) => (handle < firstLpi ? 0 : state.lpis.handleOf(handle - firstLpi)),
  };
}
