// Why APICv or AVIC may not be used, as KVM numbers the reasons. Linux: enum kvm_apicv_inhibit in arch/x86/include/asm/kvm_host.h.

/** Reasons with their bits in 6.18, and since when AVIC or VMX cares. */
export const INHIBIT = {
  /** The module parameter is off. */
  DISABLED: { bit: 0, avic: true, vmx: true },
  /** Hyper-V SynIC with auto EOI. */
  HYPERV: { bit: 1, avic: true, vmx: true },
  /** The VM has no in-kernel local APIC. */
  ABSENT: { bit: 2, avic: true, vmx: true },
  /** KVM_GUESTDBG_BLOCKIRQ. */
  BLOCKIRQ: { bit: 3, avic: true, vmx: true },
  /** Two vCPUs have one physical id. */
  PHYSICAL_ID_ALIASED: { bit: 4, avic: true, vmx: true },
  /** A guest changed its xAPIC id. */
  APIC_ID_MODIFIED: { bit: 5, avic: true, vmx: true },
  /** A guest moved its APIC base. */
  APIC_BASE_MODIFIED: { bit: 6, avic: true, vmx: true },
  /** A vCPU runs a nested guest. */
  NESTED: { bit: 7, avic: true, vmx: false },
  /** An ExtINT waits for an interrupt window, which AVIC cannot open. */
  IRQWIN: { bit: 8, avic: true, vmx: false },
  /** The in-kernel PIT reinjects, so that the EOI of an edge interrupt must be seen. */
  PIT_REINJ: { bit: 9, avic: true, vmx: false },
  /** The VM is encrypted. */
  SEV: { bit: 10, avic: true, vmx: false },
  /** Two vCPUs share a logical id, or one has several. */
  LOGICAL_ID_ALIASED: { bit: 11, avic: true, vmx: false },
  /** A vCPU's id does not fit AVIC's table. */
  PHYSICAL_ID_TOO_BIG: { bit: 12, avic: true, vmx: false },
} as const;

/** Name of a reason. */
export type InhibitReason = keyof typeof INHIBIT;

/** Reasons by bit, for listings. */
export const INHIBIT_REASONS = Object.keys(INHIBIT) as readonly InhibitReason[];

/** Mask of one reason. */
export const inhibitBit = (reason: InhibitReason): number => 1 << INHIBIT[reason].bit;

/** Reasons set in a mask. */
export const reasonsIn = (mask: number): readonly InhibitReason[] =>
  INHIBIT_REASONS.filter((reason) => (mask & inhibitBit(reason)) !== 0);

/** Whether a reason stands against acceleration. */
export const isInhibitedBy = (
  { state }: { readonly state: { readonly inhibits: number } },
  reason: InhibitReason,
): boolean => (state.inhibits & inhibitBit(reason)) !== 0;
