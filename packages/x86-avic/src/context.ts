// What the parts of the x86 chip share: state, the generic half, trace, and each other by late binding.

import type { Trace } from '@virq/irq-core/events';
import type { Kvm } from '@virq/irq-core/kvm';
import type { IoapicProfile } from './implementation.ts';
import type { X86Profile } from './kernel.ts';
import type { X86State } from './layout.ts';

/** irqchip numbers of KVM_IRQCHIP_*. */
export const CHIP = { PIC_MASTER: 0, PIC_SLAVE: 1, IOAPIC: 2 } as const;

/** KVM_REQ_* of x86 used by the model, numbered from the architecture base. */
export const X86_REQ = { EVENT: 8, SCAN_IOAPIC: 9, NMI: 10, SMI: 11, IOAPIC_EOI_EXIT: 12, APICV_UPDATE: 13 } as const;

/** Shared by all parts of one VM's chip. */
export interface Context {
  readonly state: X86State;
  readonly kvm: Kvm;
  readonly trace: Trace;
  readonly profile: X86Profile;
  readonly ioapicProfile: IoapicProfile;
  /** Model time, nanoseconds. */
  now(): number;
}
