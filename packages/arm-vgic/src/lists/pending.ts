// Whether a vCPU has something to be woken for. Linux: arch/arm64/kvm/vgic/vgic.c kvm_vgic_vcpu_pending_irq, vgic_kick_vcpus.

import { isPending } from '../irq/state.ts';
import type { VgicLists } from './world.ts';

/** kvm_vgic_vcpu_pending_irq: its vPE has something, or something on its list is pending, on, not active and above the priority mask as KVM last saw it. Groups are not looked at, nor what is on no list. */
export function hasPendingIrq(w: VgicLists, vcpu: number): boolean {
  if (!w.isDistributorEnabled()) return false;
  if (w.hasVlpi(vcpu)) return true;
  const pmr = w.maskOf(vcpu);
  for (let at = w.apLists.at(vcpu).first; at !== 0; at = w.irqs.at(at - 1).next) {
    const i = w.irqs.at(at - 1);
    if (isPending(i) && i.enabled === 1 && i.active === 0 && i.priority < pmr) return true;
  }
  return false;
}
