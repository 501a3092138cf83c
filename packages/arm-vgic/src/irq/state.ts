// What an interrupt's state means: whether it is pending, and where it has to be. Linux: arch/arm64/kvm/vgic/vgic.h irq_is_pending, vgic.c vgic_target_oracle.

import { CONFIG, type Irq } from './layout.ts';

/** irq_is_pending: a level interrupt also while its line is high. */
export const isPending = (i: Irq): boolean => i.pendingLatch === 1 || (i.config === CONFIG.LEVEL && i.lineLevel === 1);

/** A level interrupt that is tied to one of the host. */
export const isMappedLevel = (i: Irq): boolean => i.config === CONFIG.LEVEL && i.hw === 1;

/**
 * vgic_target_oracle: 1 + index of the vCPU whose list has to have the interrupt, 0 for none. An active one stays where it is, even while the distributor is off; else
 * it has to be enabled and pending, and the distributor on.
 */
export function oracle(i: Irq, distributorEnabled: boolean): number {
  if (i.active === 1) return i.vcpu === 0 ? i.target : i.vcpu;
  if (i.enabled === 0 || !isPending(i)) return 0;
  return i.target !== 0 && !distributorEnabled ? 0 : i.target;
}
