// A vCPU of the guest: entering, taking interrupts, and every access that reaches the interrupt controllers. Linux: arch/x86/kvm/x86.c.

import { VCPU_MODE } from '@virq/irq-core/kvm';
import { type Context, X86_REQ } from './context.ts';
import { IOAPIC_BASE, type IoapicRegs } from './ioapic-regs.ts';
import { acceptsPic, type Lapics } from './lapic.ts';
import { answersMmio, GP_FAULT, type LapicRegs } from './lapic-regs.ts';
import type { PicPair } from './pic.ts';
import type { PicPorts } from './pic-ports.ts';

const MSR_APIC_BASE = 0x1b;
const MSR_TSC_DEADLINE = 0x6e0;
const LAPIC_PAGE = 0xfee00000;

/** How a guest access ends. `unhandled` leaves KVM: user space has to emulate it. */
export type Exit = 'done' | 'gp' | 'mmio' | 'io' | 'unhandled';

/** Guest-visible behaviour of one VM's vCPUs. */
export interface Guest {
  /** VM entry: serves the vCPU's requests (EOI bitmap scan, event evaluation). */
  enter(vcpu: number): void;
  /** The interrupt the CPU would be given now, -1 if none: ExtINT from the PIC first, then the LAPIC. */
  pending(vcpu: number): number;
  /** Takes it: INTA or IRR → ISR. Returns the vector, -1 if none. */
  acknowledge(vcpu: number): number;
  eoi(vcpu: number): void;
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
  readonly pic: PicPair;
  readonly ports: PicPorts;
  readonly rescan: (vcpu: number) => void;
  readonly setDeadline: (vcpu: number, tsc: bigint) => void;
}

/** Creates the guest side. */
export function createGuest(ctx: Context, parts: GuestParts): Guest {
  const { lapics, lapicRegs, ioapicRegs, pic, ports } = parts;
  const { vcpus } = ctx.kvm;
  const onIoapic = (address: number): boolean => address >= IOAPIC_BASE && address < IOAPIC_BASE + 0x100;
  const onLapic = (address: number): boolean => address >= LAPIC_PAGE && address < LAPIC_PAGE + 0x1000;

  function enter(vcpu: number): void {
    if (vcpus.check(vcpu, X86_REQ.SCAN_IOAPIC)) parts.rescan(vcpu);
    if (vcpus.check(vcpu, X86_REQ.EVENT)) lapics.deliverable(vcpu);
    if (vcpus.mode(vcpu) === VCPU_MODE.EXITING_GUEST_MODE) vcpus.exitGuest(vcpu);
  }

  const extint = (vcpu: number): boolean => pic.output() && acceptsPic(lapics.at(vcpu)) && pic.acceptor() === vcpu;

  /** Linux: at most 4 bytes within a register; other reads are ignored. */
  function lapicRead(vcpu: number, offset: number, size: number): number {
    if ((offset & 0xf) + size > 4) return 0;
    const value = lapicRegs.read(vcpu, offset & ~0xf);
    return value < 0 ? 0 : value >>> ((offset & 3) * 8);
  }

  return {
    enter,
    pending: (vcpu) => (extint(vcpu) ? -1 : lapics.deliverable(vcpu)),
    acknowledge: (vcpu) => (extint(vcpu) ? pic.inta() : lapics.acknowledge(vcpu)),
    eoi(vcpu) {
      enter(vcpu);
      lapicRegs.write(vcpu, 0xb0, 0);
    },
    mmioRead(vcpu, address, size) {
      enter(vcpu);
      const mask = size >= 4 ? 0xffffffff : (1 << (size * 8)) - 1;
      if (onLapic(address)) {
        const value = answersMmio(lapics.at(vcpu)) ? lapicRead(vcpu, address - LAPIC_PAGE, size) : 0xffffffff;
        return { exit: 'done', value: (value & mask) >>> 0 };
      }
      if (!onIoapic(address)) return { exit: 'mmio', value: 0 };
      return { exit: 'done', value: (ioapicRegs.read(address - IOAPIC_BASE) & mask) >>> 0 };
    },
    mmioWrite(vcpu, address, size, value) {
      enter(vcpu);
      if (onLapic(address)) {
        const offset = address - LAPIC_PAGE;
        if (size === 4 && (offset & 0xf) === 0 && answersMmio(lapics.at(vcpu))) lapicRegs.write(vcpu, offset, value);
        return 'done';
      }
      if (!onIoapic(address)) return 'mmio';
      if (((address - IOAPIC_BASE) & 0xf) === 0) ioapicRegs.write(address - IOAPIC_BASE, value);
      return 'done';
    },
    portRead(port, size) {
      const value = ports.read(port, size);
      return value === null ? { exit: 'io', value: 0 } : { exit: 'done', value };
    },
    portWrite: (port, size, value) => (ports.write(port, size, value) ? 'done' : 'io'),
    readMsr(vcpu, msr) {
      enter(vcpu);
      const a = lapics.at(vcpu);
      if (msr === MSR_APIC_BASE) return { exit: 'done', value: a.base };
      if (msr === MSR_TSC_DEADLINE) return { exit: 'done', value: a.tscDeadline };
      if (msr < 0x800 || msr > 0x8ff) return { exit: 'unhandled', value: 0n };
      const value = lapicRegs.readMsr(vcpu, msr);
      return value < 0n ? { exit: 'gp', value: 0n } : { exit: 'done', value };
    },
    writeMsr(vcpu, msr, value) {
      enter(vcpu);
      if (msr === MSR_APIC_BASE) return lapicRegs.setBase(vcpu, value) === GP_FAULT ? 'gp' : 'done';
      if (msr === MSR_TSC_DEADLINE) {
        parts.setDeadline(vcpu, value);
        return 'done';
      }
      if (msr < 0x800 || msr > 0x8ff) return 'unhandled';
      return lapicRegs.writeMsr(vcpu, msr, value) === GP_FAULT ? 'gp' : 'done';
    },
  };
}
