// A vCPU of the guest: entering, taking interrupts, and every access that reaches the interrupt controllers. Linux: arch/x86/kvm/x86.c, irq.c.

import { VCPU_MODE } from '@virq/irq-core/kvm';
import { type Context, X86_REQ } from './context.ts';
import type { GuestMsrs } from './guest-msr.ts';
import { IOAPIC_BASE, type IoapicRegs } from './ioapic-regs.ts';
import { acceptsPic, type Lapics } from './lapic.ts';
import { answersMmio, inLapicPage, type LapicRegs } from './lapic-regs.ts';
import { IRQCHIP_MODE } from './layout.ts';
import type { PicPair } from './pic.ts';
import type { PicPorts } from './pic-ports.ts';

/** How a guest access ends. `mmio`, `io` and `unhandled` leave KVM: user space has to emulate it. */
export type Exit = 'done' | 'gp' | 'mmio' | 'io' | 'unhandled';

/** Guest-visible behaviour of one VM's vCPUs. */
export interface Guest {
  /** VM entry: serves the vCPU's requests (EOI bitmap scan, INIT and SIPI, event evaluation). */
  enter(vcpu: number): void;
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
  portRead(port: number, size: number): { exit: Exit; value: number };
  portWrite(port: number, size: number, value: number): Exit;
  readMsr(vcpu: number, msr: number): { exit: Exit; value: bigint };
  writeMsr(vcpu: number, msr: number, value: bigint): Exit;
}

/** The chips a guest reaches. */
export interface GuestParts {
  readonly lapics: Lapics;
  readonly lapicRegs: LapicRegs;
  readonly ioapicRegs: IoapicRegs;
  readonly msrs: GuestMsrs;
  readonly pic: PicPair;
  readonly ports: PicPorts;
  readonly rescan: (vcpu: number) => void;
  /** INIT and SIPI. */
  readonly acceptEvents: (vcpu: number) => void;
}

/** Bytes of the IOAPIC's region on the MMIO bus. */
const IOAPIC_LENGTH = 0x100;
const truncate = (value: number, size: number): number => (size >= 4 ? value : value & ((1 << (size * 8)) - 1)) >>> 0;

/** Creates the guest side. */
export function createGuest(ctx: Context, parts: GuestParts): Guest {
  const { lapics, lapicRegs, ioapicRegs, msrs, pic, ports } = parts;
  const { state, trace } = ctx;
  const { vcpus } = ctx.kvm;
  const hasKernelChips = (): boolean => state.mode === IRQCHIP_MODE.KERNEL;
  const onLapic = (vcpu: number, address: number): boolean =>
    state.mode !== IRQCHIP_MODE.NONE && inLapicPage(lapics.at(vcpu), address);

  /** Linux: the bus knows the region where it was created, the device where KVM_SET_IRQCHIP put it; an access must lie in both. */
  function onIoapic(address: number, size: number): boolean {
    const offset = address - state.ioapic.base;
    const onBus = address >= IOAPIC_BASE && address + size <= IOAPIC_BASE + IOAPIC_LENGTH;
    return hasKernelChips() && onBus && offset >= 0 && offset < IOAPIC_LENGTH;
  }

  function enter(vcpu: number): void {
    if (vcpus.check(vcpu, X86_REQ.SCAN_IOAPIC)) parts.rescan(vcpu);
    // Linux: process_nmi and process_smi ask for the evaluation of events.
    const nmi = vcpus.check(vcpu, X86_REQ.NMI);
    const smi = vcpus.check(vcpu, X86_REQ.SMI);
    if (vcpus.check(vcpu, X86_REQ.EVENT) || nmi || smi) {
      parts.acceptEvents(vcpu);
      // Linux: kvm_cpu_has_injectable_intr asks the PIC first; then the LAPIC's PPR is not computed.
      if (!hasExtint(vcpu)) lapics.deliverable(vcpu);
    }
    if (vcpus.mode(vcpu) === VCPU_MODE.EXITING_GUEST_MODE) vcpus.exitGuest(vcpu);
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

  /** Linux: at most 4 bytes within a register; other reads are ignored. */
  function lapicRead(vcpu: number, address: number, size: number): number {
    if (!answersMmio(lapics.at(vcpu))) return 0xffffffff;
    if ((address & 0xf) + size > 4) return 0;
    const value = lapicRegs.read(vcpu, address & 0xff0);
    return value < 0 ? 0 : value >>> ((address & 3) * 8);
  }

  /** Linux: queueing an exception asks for the evaluation of events, and the guest is entered to take it. */
  function raiseGp(vcpu: number): 'gp' {
    vcpus.request(vcpu, X86_REQ.EVENT);
    enter(vcpu);
    return 'gp';
  }

  function msrEvent(write: number, ecx: number, data: bigint, exit: Exit): void {
    if (trace.on) trace.emit('kvm_msr', { write, ecx, data: data.toString(16), exception: exit === 'gp' ? 1 : 0 });
  }

  const withLapic = (vcpu: number): number => (state.mode === IRQCHIP_MODE.NONE ? -1 : lapics.acknowledge(vcpu));

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
      if (onLapic(vcpu, address)) return { exit: 'done', value: truncate(lapicRead(vcpu, address, size), size) };
      if (!onIoapic(address, size)) return { exit: 'mmio', value: 0 };
      return { exit: 'done', value: truncate(ioapicRegs.read(address - state.ioapic.base), size) };
    },
    mmioWrite(vcpu, address, size, value) {
      enter(vcpu);
      if (onLapic(vcpu, address)) {
        const exact = size === 4 && (address & 0xf) === 0;
        if (exact && answersMmio(lapics.at(vcpu))) lapicRegs.write(vcpu, address & 0xff0, value);
        return 'done';
      }
      if (!onIoapic(address, size)) return 'mmio';
      ioapicRegs.write(address - state.ioapic.base, truncate(value, size));
      return 'done';
    },
    portRead(port, size) {
      const value = hasKernelChips() ? ports.read(port, size) : null;
      return value === null ? { exit: 'io', value: 0 } : { exit: 'done', value };
    },
    portWrite: (port, size, value) => (hasKernelChips() && ports.write(port, size, value) ? 'done' : 'io'),
    readMsr(vcpu, msr) {
      enter(vcpu);
      const value = msrs.read(vcpu, msr);
      if (value === null) return { exit: 'unhandled', value: 0n };
      const data = value < 0n ? 0n : value;
      msrEvent(0, msr, data, value < 0n ? 'gp' : 'done');
      return { exit: value < 0n ? raiseGp(vcpu) : 'done', value: data };
    },
    writeMsr(vcpu, msr, value) {
      enter(vcpu);
      const done = msrs.write(vcpu, msr, value, false);
      if (done === null) return 'unhandled';
      msrEvent(1, msr, value, done ? 'done' : 'gp');
      return done ? 'done' : raiseGp(vcpu);
    },
  };
}
