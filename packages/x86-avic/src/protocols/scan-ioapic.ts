// A vCPU finds out anew whose EOIs have to reach the IOAPIC. Linux: arch/x86/kvm/x86.c vcpu_scan_ioapic, ioapic.c kvm_ioapic_scan_entry.

import { u8, u16 } from '@virq/irq-core/arena';
import { protocolsOn } from '@virq/irq-core/protocol';

/** A machine whose chips have an IOAPIC. */
export interface IoapicWorld {
  readonly vms: readonly { readonly chip: { readonly rescan: (vcpu: number) => void } }[];
}

/** KVM_REQ_SCAN_IOAPIC, before the vCPU enters the guest: vectors routed to it now, and those pending or in service from an earlier route (0fc5a36dd6b3). */
export const vcpuScanIoapic = protocolsOn<IoapicWorld>().protocol('vcpu_scan_ioapic', { vm: u8, vcpu: u16 }, () => ({
  scan: (m, f) => m.vms[f.vm]?.chip.rescan(f.vcpu),
}));
