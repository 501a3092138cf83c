// KVM_CAP_X2APIC_API: how user space names x2APIC ids, and what becomes of SVR bit 12. Linux: arch/x86/kvm/x86.c kvm_vm_ioctl_enable_cap.

import { EINVAL } from '@virq/irq-core/errors';
import type { Context } from './context.ts';
import { IRQCHIP_MODE, SUPPRESS_EOI } from './layout.ts';

const FLAG = { IDS_32BIT: 1, NO_BROADCAST_QUIRK: 2, SUPPRESS_EOI_ON: 4, SUPPRESS_EOI_OFF: 8 } as const;

/** Enables the capability: 0 or -EINVAL. What was enabled once stays. */
export function createX2apicApi({ state, profile }: Context): (flags: number) => number {
  return (flags) => {
    const on = (flags & FLAG.SUPPRESS_EOI_ON) !== 0;
    const off = (flags & FLAG.SUPPRESS_EOI_OFF) !== 0;
    if ((flags & ~profile.x2apicApiFlags) !== 0 || (on && off)) return -EINVAL;
    if (on && state.mode !== IRQCHIP_MODE.SPLIT) return -EINVAL;
    if (flags & FLAG.IDS_32BIT) state.x2apicFormat = 1;
    if (flags & FLAG.NO_BROADCAST_QUIRK) state.noBroadcastQuirk = 1;
    if (on) state.suppressEoi = SUPPRESS_EOI.ENABLED;
    if (off) state.suppressEoi = SUPPRESS_EOI.DISABLED;
    return 0;
  };
}
