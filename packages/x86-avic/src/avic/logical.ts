// AVIC's logical APIC ID table follows LDR and DFR. Linux: svm/avic.c avic_handle_ldr_update, avic_handle_dfr_update, avic_invalidate_logical_id_entry.

import { DFR_FLAT } from '../apic-map.ts';
import { isX2apic, type Lapics, xapicId } from '../lapic.ts';
import type { Avic } from './avic.ts';
import { logicalIndex } from './tables.ts';

/** Brings the vCPU's entry up to date with its registers, if they changed. In x2APIC mode the logical id follows from the physical one. */
export function updateLogical(a: Avic, lapics: Lapics, vcpu: number): void {
  const v = a.at(vcpu);
  const { ldr, dfr } = lapics.at(vcpu);
  if (isX2apic(lapics.at(vcpu)) || (v.ldr === ldr && v.dfr === dfr)) return;
  const old = logicalIndex(v.ldr, v.dfr === DFR_FLAT);
  if (old >= 0) a.state.logical.at(old).valid = 0;
  v.ldr = ldr;
  v.dfr = dfr;
  const index = logicalIndex(ldr, dfr === DFR_FLAT);
  if (index < 0) return;
  const entry = a.state.logical.at(index);
  entry.guestId = xapicId(lapics.at(vcpu));
  entry.valid = 1;
}
