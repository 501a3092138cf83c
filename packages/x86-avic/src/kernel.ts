// What differs between kernels on x86, as data. Recorded on Linux 6.18 and 6.1; 6.12 from its sources.

import type { KernelVersion } from '@virq/irq-core/kvm';
import type { AvicProfile } from './avic/avic.ts';
import type { VmxProfile } from './posted/vmx.ts';
import type { UpdateForm } from './protocols/avic-pi-update.ts';

const AVIC_6_17: AvicProfile = { tagBits: 9, logsOnlyBlocking: true };
const AVIC_4_9: AvicProfile = { tagBits: 8, logsOnlyBlocking: false };

const VMX_6_17: VmxProfile = { suppressesWhenPut: true };
const VMX_5_17: VmxProfile = { suppressesWhenPut: false };

/** Differences in arch/x86/kvm. */
export interface X86Profile {
  readonly avic: AvicProfile;
  readonly vmx: VmxProfile;
  /** Form of the update of a posted interrupt's IRTE. */
  readonly updatePiIrte: UpdateForm;
  /** SMI is delivered (CONFIG_KVM_SMM); the recorded 6.18 host was built without. */
  readonly smm: boolean;
  /** HV_SINT routes are accepted (CONFIG_KVM_HYPERV); the recorded 6.18 host was built without. */
  readonly hypervSint: boolean;
  /**
   * While no LAPIC has a logical id, a logical destination is looked for by scanning (answer -1: nobody) instead of in the empty
   * map (answer 0). Scanned up to 6.2; "KVM: x86: Explicitly track all possibilities for APIC map's logical modes" (6.3) changed it.
   */
  readonly scansWithoutLogicalIds: boolean;
  /** An LDR with several bits in its cluster, or taken already, switches the logical map off (≥ 6.3). */
  readonly rejectsAliasedLogicalIds: boolean;
  /** Two vCPUs with one physical id switch the whole map off (≥ 6.3). */
  readonly rejectsAliasedPhysicalIds: boolean;
  /** KVM itself completes the EOI right after injecting: a property of the paravirtual host on which 6.18 was recorded. */
  readonly injectionCompletesEoi: boolean;
  /** The 8259A's poll byte has bit 7 set when there is a request ("KVM: x86: Fix poll command", 6.5). */
  readonly pollSetsBit7: boolean;
  /** x2APIC MSRs refuse bits 63:32 and SELF_IPI bits 31:8 (6.3 and stable). */
  readonly x2apicHighBitsFault: boolean;
  /** The x2APIC ICR refuses its reserved bits 31:20, 17:16 and 13 (6.12 and stable). */
  readonly x2apicIcrReservedFault: boolean;
  /** The EOI of a vector that is only handled because it was pending under an earlier routing asks for a rescan (6.15). */
  readonly rescansAfterStaleEoi: boolean;
  /** Bits that KVM_CAP_X2APIC_API knows. Bits 2 and 3, on suppressing EOI broadcasts, came in 2026 and with stable updates of 6.18. */
  readonly x2apicApiFlags: number;
  /** The split irqchip's scan also keeps vectors that are pending or in service (6.2 and stable). */
  readonly splitScanKeepsPending: boolean;
}

/** Profiles by release. */
export const X86_KERNELS: Readonly<Record<KernelVersion, X86Profile>> = {
  '6.18': {
    avic: AVIC_6_17,
    vmx: VMX_6_17,
    updatePiIrte: 'irqfd',
    smm: false,
    hypervSint: false,
    scansWithoutLogicalIds: false,
    rejectsAliasedLogicalIds: true,
    rejectsAliasedPhysicalIds: true,
    injectionCompletesEoi: true,
    pollSetsBit7: true,
    x2apicHighBitsFault: true,
    x2apicIcrReservedFault: true,
    rescansAfterStaleEoi: true,
    x2apicApiFlags: 15,
    splitScanKeepsPending: true,
  },
  '6.12': {
    avic: AVIC_4_9,
    vmx: VMX_5_17,
    updatePiIrte: 'wrapper',
    smm: true,
    hypervSint: true,
    scansWithoutLogicalIds: false,
    rejectsAliasedLogicalIds: true,
    rejectsAliasedPhysicalIds: true,
    injectionCompletesEoi: false,
    pollSetsBit7: true,
    x2apicHighBitsFault: true,
    x2apicIcrReservedFault: true,
    rescansAfterStaleEoi: false,
    x2apicApiFlags: 3,
    splitScanKeepsPending: true,
  },
  '6.1': {
    avic: AVIC_4_9,
    vmx: VMX_5_17,
    updatePiIrte: 'wrapper',
    smm: true,
    hypervSint: true,
    scansWithoutLogicalIds: true,
    rejectsAliasedLogicalIds: false,
    rejectsAliasedPhysicalIds: false,
    injectionCompletesEoi: false,
    pollSetsBit7: false,
    x2apicHighBitsFault: false,
    x2apicIcrReservedFault: false,
    rescansAfterStaleEoi: false,
    x2apicApiFlags: 3,
    splitScanKeepsPending: false,
  },
};
