// Whether an MSI can be posted: fixed or lowest priority, to a single vCPU after arbitration. Linux: arch/x86/kvm/irq.c kvm_irq_is_postable, kvm_intr_is_single_vcpu.

import type { Route } from '@virq/irq-core/kvm';
import type { Context } from './context.ts';
import { type Delivery, lapicIrq } from './destination.ts';
import { DM } from './lapic.ts';
import { loadMsi } from './msi.ts';

/** Finds the vCPU that a message can be posted to: its index, -1 if it has to be injected. */
export function createPostable(ctx: Context, delivery: Delivery): (m: Route) => number {
  const irq = lapicIrq();
  let found = -1;
  let count = 0;
  const visit = (vcpu: number): void => {
    found = vcpu;
    count++;
  };
  return (m) => {
    if (ctx.state.x2apicFormat === 1 && (m.addressHi & 0xff) !== 0) return -1;
    loadMsi(irq, m, ctx.state.x2apicFormat === 1);
    if (irq.dm !== DM.FIXED && irq.dm !== DM.LOWEST) return -1;
    count = 0;
    delivery.eachDestination(irq, visit);
    return count === 1 ? found : -1;
  };
}
