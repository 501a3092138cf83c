// AVIC's logical APIC ID table follows LDR and DFR. Linux: svm/avic.c avic_handle_ldr_update, avic_handle_dfr_update, avic_invalidate_logical_id_entry.

import { DFR_FLAT } from '../apic-map.ts';
import { isX2apic, type Lapics, xapicId } from '../lapic.ts';
import type { Avic } from './avic.ts';
import { logicalIndex } from './tables.ts';

/** avic_invalidate_logical_id_entry. */
function invalidate(a: Avic, vcpu: number): void {
  const { ldr, dfr } = a.at(vcpu);
  const index = logicalIndex(ldr, dfr === DFR_FLAT);
  if (index >= 0) a.state.logical.at(index).valid = 0;
}

/**
 * Brings the vCPU's entry up to date with its registers, if they changed. In x2APIC mode the logical id follows from the physical one.
 * Linux: a new DFR only takes the entry away; it comes back when the LDR changes.
 */
export function updateLogical(a: Avic, lapics: Lapics, vcpu: number): void {
  const v = a.at(vcpu);
  const { ldr, dfr } = lapics.at(vcpu);
  if (v.dfr !== dfr) {
    invalidate(a, vcpu);
    v.dfr = dfr;
  }
  if (isX2apic(lapics.at(vcpu)) || v.ldr === ldr) return;
  invalidate(a, vcpu);
  v.ldr = ldr;
  const index = logicalIndex(ldr, dfr === DFR_FLAT);
  if (index < 0) return;
  const entry = a.state.logical.at(index);
  entry.guestId = xapicId(lapics.at(vcpu));
  entry.valid = 1;
}
