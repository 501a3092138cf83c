// Where an EOI goes: to the in-kernel IOAPIC, or with the split irqchip to user space (KVM_EXIT_IOAPIC_EOI). Linux: lapic.c kvm_ioapic_send_eoi.

import { type Context, X86_REQ } from './context.ts';
import type { IoapicChip } from './ioapic.ts';
import { SVR_SUPPRESS_EOI } from './lapic.ts';
import { IRQCHIP_MODE, SUPPRESS_EOI } from './layout.ts';

/** The handler for EOIs of vectors in the EOI bitmap. */
export function createEoiForwarding(
  ctx: Context,
  ioapic: IoapicChip,
): (vcpu: number, vector: number, trigger: number) => void {
  return (vcpu, vector, trigger) => {
    if (ctx.state.mode !== IRQCHIP_MODE.SPLIT) return ioapic.eoi(vcpu, vector, trigger);
    const a = ctx.state.lapics.at(vcpu);
    if (ctx.state.suppressEoi === SUPPRESS_EOI.ENABLED && (a.svr & SVR_SUPPRESS_EOI) !== 0) return;
    a.pendingIoapicEoi = vector;
    ctx.kvm.vcpus.request(vcpu, X86_REQ.IOAPIC_EOI_EXIT);
  };
}
