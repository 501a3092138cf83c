// Pages of the interrupt controller in QEMU's address space, which are the guest's as well: mapped from KVM's device, faulted in when touched. QEMU: hw/intc/spapr_xive_kvm.c kvmppc_xive_mmap.

import { PFN } from '../kvm/layout.ts';
import { FILE_PAGE, type Mappings, TIMA_PAGES, WINDOW } from '../kvm/mappings.ts';
import type { Native } from '../kvm/native.ts';
import { LISN } from './codes.ts';

/** Virtual pages of 64 KiB. Page frames are those of PFN. */
export interface SpaprPages {
  /** First page of the sources' ESB pages, and of the TIMA. */
  readonly esb: number;
  readonly tima: number;
  /** True for a page of a mapping. */
  isThere(page: number): boolean;
  /** Page frame in the page table, PFN.NONE if there is none. */
  mapped(page: number): number;
  /** What the fault handler makes of a touched page: the frame that is mapped now, PFN.NONE for a signal. */
  fault(page: number): number;
  /** Both mappings, as kvmppc_xive_connect makes them: 0 or negative errno. */
  map(): number;
  unmap(): void;
}

/** Pages of the ESB mapping: two for each LISN. */
const ESB_PAGES = LISN.END * 2;

/** Creates them. */
export function createPages(native: Native, mappings: Mappings): SpaprPages {
  return {
    esb: WINDOW.ESB,
    tima: WINDOW.TIMA,
    isThere: (page) => mappings.find(page) !== null,
    mapped: (page) => mappings.pte(page),
    fault(page) {
      const touched = native.touch(page);
      return typeof touched === 'number' ? touched : PFN.NONE;
    },
    map: () =>
      native.mmap(WINDOW.ESB, ESB_PAGES, FILE_PAGE.ESB) || native.mmap(WINDOW.TIMA, TIMA_PAGES, FILE_PAGE.TIMA),
    unmap() {
      native.munmap(WINDOW.ESB, ESB_PAGES);
      native.munmap(WINDOW.TIMA, TIMA_PAGES);
    },
  };
}
