// A vCPU of the guest: entering, taking interrupts, and every access that reaches the interrupt controllers. Linux: arch/x86/kvm/x86.c, irq.c.

import { EINVAL } from '@virq/irq-core/errors';
import type { Apicv } from './apicv.ts';
import { isInhibitedBy } from './avic/inhibit.ts';
import { type Context, X86_REQ } from './context.ts';
import { type Exit, type GuestAccess, truncate } from './guest-access.ts';
import { EXIT, type ExitReason } from './guest-mode.ts';
import { type GuestMsrs, MSR } from './guest-msr.ts';
import { acceptsPic, isX2apic, type Lapics } from './lapic.ts';
import type { LapicRegs } from './lapic-regs.ts';
import type { LapicTimers } from './lapic-timer.ts';
import { IRQCHIP_MODE } from './layout.ts';
import type { PicPair } from './pic.ts';

/** Guest-visible behaviour of one VM's vCPUs. */
export interface Guest {
  /** The vCPU is where it can be worked on: a kick is taken, and outside the guest its requests are served. */
  enter(vcpu: number): void;
  /** What vcpu_enter_guest does with requests (APICv update, EOI bitmap scan, INIT and SIPI, event evaluation). */
  serve(vcpu: number): void;
  /** KVM_RUN: into the guest. -EINVAL when it has no CPU. */
  run(vcpu: number): number;
  /** kvm_arch_vcpu_runnable: a halted vCPU has something to take. */
  isRunnable(vcpu: number): boolean;
  /** The running CPU takes the highest deliverable interrupt: by injection, or by itself if AVIC is active. -1 if there is none. */
  take(vcpu: number): number;
  /** KVM_EXIT_IOAPIC_EOI, split irqchip: the vector whose EOI user space has to be told of before the next entry; -1 if none. */
  takeEoiExit(vcpu: number): number;
  /** True if an external interrupt waits: from the PIC, or by KVM_INTERRUPT. It goes before the LAPIC's. */
  hasExtint(vcpu: number): boolean;
  /** The LAPIC's vector that the CPU would be given now; -1 if none, or if an external interrupt goes first. */
  pending(vcpu: number): number;
  /** Takes it: INTA or IRR → ISR. Returns the vector, -1 if none. */
  acknowledge(vcpu: number): number;
  eoi(vcpu: number): void;
  /** CR8 is the TPR's class; it works even while the LAPIC is disabled. False for #GP (reserved bits). */
  writeCr8(vcpu: number, value: number): boolean;
  readCr8(vcpu: number): number;
  mmioRead(vcpu: number, address: number, size: number): { exit: Exit; value: number };
  mmioWrite(vcpu: number, address: number, size: number, value: number): Exit;
  portRead(vcpu: number, port: number, size: number): { exit: Exit; value: number };
  portWrite(vcpu: number, port: number, size: number, value: number): Exit;
  readMsr(vcpu: number, msr: number): { exit: Exit; value: bigint };
  writeMsr(vcpu: number, msr: number, value: bigint): Exit;
}

/** The chips a guest reaches. */
export interface GuestParts {
  readonly lapics: Lapics;
  readonly lapicRegs: LapicRegs;
  readonly msrs: GuestMsrs;
  readonly pic: PicPair;
  /** What KVM emulates. */
  readonly emulated: GuestAccess;
  readonly timers: LapicTimers;
  readonly rescan: (vcpu: number) => void;
  /** INIT and SIPI. */
  readonly acceptEvents: (vcpu: number) => void;
  /** Late: it is built on the guest. */
  apicv(): Apicv;
}

/** KVM_EXIT_* by how an access ends. */
const USERSPACE: Readonly<Partial<Record<Exit, string>>> = { mmio: 'KVM_EXIT_MMIO (6)', io: 'KVM_EXIT_IO (2)' };

/** Offset of the ICR, one register of 64 bits in x2APIC mode. */
const ICR = 0x300;

/** Creates the guest side. */
export function createGuest(ctx: Context, parts: GuestParts): Guest {
  const { lapics, lapicRegs, pic, emulated } = parts;
  const { state, trace } = ctx;
  const { vcpus } = ctx.kvm;
  const hasKernelChips = (): boolean => state.mode === IRQCHIP_MODE.KERNEL;

  function serve(vcpu: number): void {
    const apicv = parts.apicv();
    if (lapics.at(vcpu).timerPending === 1) parts.timers.inject(vcpu);
    if (apicv.avic.isActive(vcpu) && hasExtint(vcpu)) apicv.setInhibit('IRQWIN', true);
    apicv.serve(vcpu);
    if (vcpus.check(vcpu, X86_REQ.SCAN_IOAPIC)) parts.rescan(vcpu);
    // Linux: process_nmi and process_smi ask for the evaluation of events.
    const nmi = vcpus.check(vcpu, X86_REQ.NMI);
    const smi = vcpus.check(vcpu, X86_REQ.SMI);
    if (vcpus.check(vcpu, X86_REQ.EVENT) || nmi || smi) {
      parts.acceptEvents(vcpu);
      // Linux: kvm_cpu_has_injectable_intr asks the PIC first; then the LAPIC's PPR is not computed.
      if (!hasExtint(vcpu)) lapics.deliverable(vcpu);
    }
  }

  function enter(vcpu: number): void {
    const { mode } = parts.apicv();
    if (mode.isIn(vcpu)) mode.takeKick(vcpu, serve);
    else serve(vcpu);
  }

  /** Runs what the guest's access makes KVM do: after an exit if it is in the guest, which it enters again. */
  function intercepted<T extends Exit | { readonly exit: Exit }>(
    vcpu: number,
    reason: ExitReason,
    emulate: () => T,
  ): T {
    const { mode } = parts.apicv();
    enter(vcpu);
    if (!mode.isIn(vcpu)) return emulate();
    mode.exit(vcpu, reason);
    serve(vcpu);
    const result = emulate();
    userspaceExit(result);
    serve(vcpu);
    mode.enter(vcpu);
    return result;
  }

  /** trace_kvm_userspace_exit, when nobody in the kernel took the access. */
  function userspaceExit(result: Exit | { readonly exit: Exit }): void {
    const reason = USERSPACE[typeof result === 'string' ? result : result.exit];
    if (reason !== undefined && trace.on) trace.emit('kvm_userspace_exit', { reason });
  }

  /** kvm_cpu_has_extint. */
  function hasExtint(vcpu: number): boolean {
    const a = lapics.at(vcpu);
    if (state.mode === IRQCHIP_MODE.NONE) return a.extintVector !== 0;
    return acceptsPic(a) && (hasKernelChips() ? pic.output() : a.extintVector !== 0);
  }

  /** kvm_cpu_get_extint. */
  function takeExtint(vcpu: number): number {
    if (hasKernelChips()) return pic.inta();
    const vector = lapics.at(vcpu).extintVector - 1;
    lapics.at(vcpu).extintVector = 0;
    return vector;
  }

  /** Linux: queueing an exception asks for the evaluation of events, and the guest is entered to take it. */
  function raiseGp(vcpu: number): void {
    vcpus.request(vcpu, X86_REQ.EVENT);
    enter(vcpu);
  }

  const withLapic = (vcpu: number): number => (state.mode === IRQCHIP_MODE.NONE ? -1 : lapics.acknowledge(vcpu));

  function isRunnable(vcpu: number): boolean {
    const a = lapics.at(vcpu);
    if (a.nmiPending > 0 || a.smiPending === 1 || a.initPending === 1) return true;
    return hasExtint(vcpu) || (state.mode !== IRQCHIP_MODE.NONE && lapics.deliverable(vcpu) >= 0);
  }

  /** Without AVIC an exit brings it: the one of the kick, or one that KVM had to wait for. */
  function take(vcpu: number): number {
    const { avic, mode } = parts.apicv();
    enter(vcpu);
    const extint = hasExtint(vcpu);
    if (avic.isActive(vcpu) && mode.isIn(vcpu) && !extint) {
      const vector = parts.apicv().takeByHardware(vcpu);
      if (vector >= 0 && trace.on) trace.emit('hw_accept', { vcpu, vec: vector });
      return vector;
    }
    const vector = extint ? takeExtint(vcpu) : withLapic(vcpu);
    if (extint && isInhibitedBy(avic, 'IRQWIN')) parts.apicv().setInhibit('IRQWIN', false);
    if (vector >= 0 && trace.on) trace.emit('kvm_inj_virq', { vector, soft: 0, reinjected: 0 });
    return vector;
  }

  /** An access to an MSR, which may raise #GP. */
  function faulting<T extends Exit | { readonly exit: Exit }>(vcpu: number, reason: ExitReason, emulate: () => T): T {
    const result = intercepted(vcpu, reason, emulate);
    if ((typeof result === 'string' ? result : result.exit) === 'gp') raiseGp(vcpu);
    return result;
  }

  /** Hardware completes accesses to x2APIC MSRs; -1 if this is none of them. */
  function x2apicOffset(vcpu: number, msr: number, write: boolean): number {
    const isX2 = msr >= MSR.X2APIC_FIRST && msr <= MSR.X2APIC_LAST && isX2apic(lapics.at(vcpu));
    const offset = (msr - MSR.X2APIC_FIRST) << 4;
    return isX2 && parts.apicv().access.takes(vcpu, 'msr', offset, write) ? offset : -1;
  }

  return {
    enter,
    takeEoiExit(vcpu) {
      const a = lapics.at(vcpu);
      if (!vcpus.check(vcpu, X86_REQ.IOAPIC_EOI_EXIT) || !a.eoiVectors.has(a.pendingIoapicEoi)) return -1;
      return a.pendingIoapicEoi;
    },
    hasExtint,
    pending: (vcpu) => (hasExtint(vcpu) || state.mode === IRQCHIP_MODE.NONE ? -1 : lapics.deliverable(vcpu)),
    acknowledge: (vcpu) => (hasExtint(vcpu) ? takeExtint(vcpu) : withLapic(vcpu)),
    eoi(vcpu) {
      enter(vcpu);
      lapicRegs.write(vcpu, 0xb0, 0);
    },
    run(vcpu) {
      const { mode } = parts.apicv();
      if (vcpus.pcpu(vcpu) < 0 || vcpus.isBlocking(vcpu)) return -EINVAL;
      if (mode.isIn(vcpu)) return 0;
      serve(vcpu);
      mode.enter(vcpu);
      return 0;
    },
    serve,
    isRunnable,
    take,
    writeCr8(vcpu, value) {
      if ((value & ~0xf) !== 0) {
        raiseGp(vcpu);
        return false;
      }
      lapics.at(vcpu).tpr = value << 4;
      lapics.updatePpr(vcpu);
      return true;
    },
    readCr8: (vcpu) => lapics.at(vcpu).tpr >> 4,
    mmioRead(vcpu, address, size) {
      enter(vcpu);
      const { access } = parts.apicv();
      if (emulated.onLapic(vcpu, address) && access.takes(vcpu, 'mmio', address & 0xff0, false))
        return { exit: 'done', value: truncate(access.read(vcpu, address & 0xff0), size) };
      return intercepted(vcpu, EXIT.MMIO, () => emulated.readMmio(vcpu, address, size));
    },
    mmioWrite(vcpu, address, size, value) {
      enter(vcpu);
      const { access } = parts.apicv();
      if (!emulated.onLapic(vcpu, address) || !access.takes(vcpu, 'mmio', address & 0xff0, true))
        return intercepted(vcpu, EXIT.MMIO, () => emulated.writeMmio(vcpu, address, size, value));
      access.write(vcpu, address & 0xff0, value, 0);
      return 'done';
    },
    portRead: (vcpu, port, size) => intercepted(vcpu, EXIT.IO, () => emulated.readPort(port, size)),
    portWrite: (vcpu, port, size, value) => intercepted(vcpu, EXIT.IO, () => emulated.writePort(port, size, value)),
    readMsr(vcpu, msr) {
      enter(vcpu);
      const offset = x2apicOffset(vcpu, msr, false);
      if (offset < 0) return faulting(vcpu, EXIT.MSR_READ, () => emulated.readMsr(vcpu, msr));
      const value = parts.apicv().access.read(vcpu, offset);
      const high = offset === ICR ? BigInt(lapics.at(vcpu).icr2) << 32n : 0n;
      return value < 0 ? { exit: 'gp', value: 0n } : { exit: 'done', value: high | BigInt(value >>> 0) };
    },
    writeMsr(vcpu, msr, value) {
      enter(vcpu);
      const offset = x2apicOffset(vcpu, msr, true);
      if (offset < 0) return faulting(vcpu, EXIT.MSR_WRITE, () => emulated.writeMsr(vcpu, msr, value));
      const low = Number(value & 0xffffffffn);
      return parts.apicv().access.write(vcpu, offset, low, Number(value >> 32n)) === 0 ? 'done' : 'gp';
    },
  };
}
