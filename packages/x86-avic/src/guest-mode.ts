// A vCPU in its run loop: VM entry, VM exit, and the exits that accesses cost. Linux: arch/x86/kvm/x86.c vcpu_enter_guest.

import { VCPU_MODE } from '@virq/irq-core/kvm';
import type { Avic } from './avic/avic.ts';
import type { Context } from './context.ts';

/** Exit reasons by the kernel's names (SVM), with those of VMX where they differ. */
export const EXIT = {
  INTERRUPT: 'interrupt',
  HLT: 'hlt',
  NPF: 'npf',
  MSR: 'msr',
  IO: 'io',
  CR8: 'write_cr8',
  AVIC_INCOMPLETE_IPI: 'avic_incomplete_ipi',
  AVIC_NOACCEL: 'avic_unaccelerated_access',
} as const;
export type ExitReason = (typeof EXIT)[keyof typeof EXIT];

/** EXITINFO1 and EXITINFO2. */
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
  /** VMRUN. */
  enter(vcpu: number): void;
  /** A kick that has not been taken yet is: the vCPU leaves and `serve` runs before it enters again. */
  takeKick(vcpu: number, serve: (vcpu: number) => void): void;
}

/** Creates the run loop. */
export function createGuestMode({ kvm, trace }: Context, avic: Avic): GuestMode {
  const { vcpus } = kvm;

  function exit(vcpu: number, reason: ExitReason, { info1, info2 }: ExitInfo = NO_INFO): void {
    if (trace.on) trace.emit('kvm_exit', { vcpu, reason, info1: `${info1}`, info2: `${info2}` });
    vcpus.exitGuest(vcpu);
    avic.host.leaveGuest(avic.vm, vcpu);
  }

  function enter(vcpu: number): void {
    if (trace.on) trace.emit('kvm_entry', { vcpu });
    vcpus.enterGuest(vcpu);
    avic.host.enterGuest(avic.vm, vcpu);
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
