// The run loop's view of a VM. Linux: arch/arm64/kvm/vgic/vgic.c kvm_vgic_vcpu_pending_irq.

import type { Context } from '../context.ts';
import { isPending } from '../irq/state.ts';
import type { VgicLists } from '../lists/world.ts';
import { TRAP } from '../regs/icc.ts';
import type { Cpus } from './cpus.ts';
import type { Residency } from './residency.ts';
import type { VcpuParts } from './world.ts';

/** kvm_vgic_vcpu_pending_irq: an enabled, pending, not active interrupt above the priority mask as KVM last saw it. Group enables are not looked at. */
function createIsPending({ state }: Context, { apLists, irqs }: VgicLists, residency: Residency) {
  return (vcpu: number): boolean => {
    if (state.dist.enabled === 0) return false;
    if (residency.isPendingLast(vcpu)) return true;
    const { pmr } = state.run.at(vcpu);
    for (let at = apLists.at(vcpu).first; at !== 0; ) {
      const i = irqs.at(at - 1);
      at = i.next;
      if (isPending(i) && i.enabled === 1 && i.active === 0 && i.priority < pmr) return true;
    }
    return false;
  };
}

/** Binds it; vPEs are there later. */
export function bindVcpus(ctx: Context, lists: VgicLists, cpus: Cpus, late: () => Residency): VcpuParts {
  const { state, kvm, trace, profile } = ctx;
  const residency: Residency = {
    load: (vcpu) => late().load(vcpu),
    put: (vcpu, inWfi) => late().put(vcpu, inWfi),
    isPendingLast: (vcpu) => late().isPendingLast(vcpu),
  };
  return {
    vcpus: kvm.vcpus,
    residency,
    savesVmcr: profile.run.savesVmcr,
    at: (vcpu) => state.run.at(vcpu),
    requests: (vcpu) => kvm.state.vcpus.at(vcpu).requests,
    isPending: createIsPending(ctx, lists, residency),
    execute: (vcpu, what, value) => cpus.run(vcpu, what, value) === TRAP,
    entered(vcpu) {
      if (trace.on) trace.emit('kvm_entry', { vcpu });
    },
    left(vcpu) {
      if (trace.on) trace.emit('kvm_exit', { vcpu });
    },
  };
}
