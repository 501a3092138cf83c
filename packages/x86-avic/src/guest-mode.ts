// A vCPU in its run loop: VM entry, VM exit, and the exits that accesses cost. Linux: arch/x86/kvm/x86.c vcpu_enter_guest.

import type { Trace } from '@virq/irq-core/events';
import { VCPU_MODE, type Vcpus } from '@virq/irq-core/kvm';
import type { Pcpus } from './pcpu.ts';

/** Exits that the model has, by what causes them. */
export const EXIT = {
  INTERRUPT: 'INTERRUPT',
  HLT: 'HLT',
  MMIO: 'MMIO',
  MSR_READ: 'MSR_READ',
  MSR_WRITE: 'MSR_WRITE',
  IO: 'IO',
  CR8: 'CR8',
  AVIC_INCOMPLETE_IPI: 'AVIC_INCOMPLETE_IPI',
  AVIC_NOACCEL: 'AVIC_NOACCEL',
  APIC_ACCESS: 'APIC_ACCESS',
  APIC_WRITE: 'APIC_WRITE',
  EOI_INDUCED: 'EOI_INDUCED',
} as const;
export type ExitReason = (typeof EXIT)[keyof typeof EXIT];

/** Whose CPUs. */
export type Vendor = 'svm' | 'vmx';

/** Exit reasons as the kernel prints them. */
export const EXIT_NAMES: Readonly<Record<Vendor, Readonly<Partial<Record<ExitReason, string>>>>> = {
  svm: {
    INTERRUPT: 'interrupt',
    HLT: 'hlt',
    MMIO: 'npf',
    MSR_READ: 'msr',
    MSR_WRITE: 'msr',
    IO: 'io',
    CR8: 'write_cr8',
    AVIC_INCOMPLETE_IPI: 'avic_incomplete_ipi',
    AVIC_NOACCEL: 'avic_unaccelerated_access',
  },
  vmx: {
    INTERRUPT: 'EXTERNAL_INTERRUPT',
    HLT: 'HLT',
    MMIO: 'EPT_MISCONFIG',
    MSR_READ: 'MSR_READ',
    MSR_WRITE: 'MSR_WRITE',
    IO: 'IO_INSTRUCTION',
    CR8: 'CR_ACCESS',
    APIC_ACCESS: 'APIC_ACCESS',
    APIC_WRITE: 'APIC_WRITE',
    EOI_INDUCED: 'EOI_INDUCED',
  },
};

/** EXITINFO1 and EXITINFO2, or the exit qualification and the IDT-vectoring information. */
export interface ExitInfo {
  readonly info1: bigint;
  readonly info2: bigint;
}
const NO_INFO: ExitInfo = { info1: 0n, info2: 0n };

/** The run loop of one VM's vCPUs. A vCPU that never entered is outside: its accesses are emulated and cost no exit. */
export interface GuestMode {
  /** In the guest, or about to leave it because of a kick. */
  isIn(vcpu: number): boolean;
  /** The CPU takes the exit. */
  exit(vcpu: number, reason: ExitReason, info?: ExitInfo): void;
  /** VMRUN, VMLAUNCH. */
  enter(vcpu: number): void;
  /** A kick that has not been taken yet is: the vCPU leaves and `serve` runs before it enters again. */
  takeKick(vcpu: number, serve: (vcpu: number) => void): void;
}

/** What {@link createGuestMode} needs. */
export interface GuestModeParts {
  readonly vm: number;
  readonly vcpus: Vcpus;
  readonly pcpus: Pcpus;
  readonly trace: Trace;
  readonly vendor: Vendor;
  /** The last that KVM does once the vCPU is announced as in the guest: sync_pir_to_irr. */
  entering(vcpu: number): void;
}

/** Creates the run loop. */
export function createGuestMode({ vm, vcpus, pcpus, trace, vendor, entering }: GuestModeParts): GuestMode {
  const names = EXIT_NAMES[vendor];

  function exit(vcpu: number, reason: ExitReason, { info1, info2 }: ExitInfo = NO_INFO): void {
    if (trace.on)
      trace.emit('kvm_exit', { vcpu, reason: names[reason] ?? reason, info1: `${info1}`, info2: `${info2}` });
    vcpus.exitGuest(vcpu);
    pcpus.leaveGuest(vm, vcpu);
  }

  function enter(vcpu: number): void {
    if (trace.on) trace.emit('kvm_entry', { vcpu });
    vcpus.enterGuest(vcpu);
    pcpus.enterGuest(vm, vcpu);
    entering(vcpu);
  }

  return {
    isIn: (vcpu) => vcpus.mode(vcpu) !== VCPU_MODE.OUTSIDE_GUEST_MODE,
    exit,
    enter,
    takeKick(vcpu, serve) {
      if (vcpus.mode(vcpu) !== VCPU_MODE.EXITING_GUEST_MODE) return;
      exit(vcpu, EXIT.INTERRUPT);
      serve(vcpu);
      enter(vcpu);
    },
  };
}
