// Local interrupt sources and the LVT entries that route them. Intel SDM vol. 3 11.5.1; Linux: lapic.c kvm_apic_local_deliver.

import { isHwEnabled, type Lapics, LVT, LVT_MASKED } from './lapic.ts';

/**
 * A local source fires: 1 accepted, 0 masked or refused.
 * Linux: a performance-counter interrupt masks its entry on CPUs that are Intel to the guest, as the model's is.
 */
export function deliverLocal(lapics: Lapics, vcpu: number, entry: number): number {
  const a = lapics.at(vcpu);
  const lvt = a.lvt.get(entry);
  if (!isHwEnabled(a) || (lvt & LVT_MASKED) !== 0) return 0;
  const reached = lapics.accept(vcpu, (lvt >> 8) & 7, lvt & 0xff, (lvt >> 15) & 1);
  if (reached === 1 && entry === LVT.PMC) a.lvt.set(entry, lvt | LVT_MASKED);
  return reached;
}
