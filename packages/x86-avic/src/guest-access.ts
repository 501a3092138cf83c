// Accesses of a guest as KVM emulates them after an exit: MMIO of the local APIC and IOAPIC, ports of the PIC, MSRs. Linux: arch/x86/kvm/x86.c, ioapic.c, lapic.c, i8259.c.

import type { Context } from './context.ts';
import type { GuestMsrs } from './guest-msr.ts';
import { IOAPIC_BASE, type IoapicRegs } from './ioapic-regs.ts';
import type { Lapics } from './lapic.ts';
import { answersMmio, inLapicPage, type LapicRegs } from './lapic-regs.ts';
import { IRQCHIP_MODE } from './layout.ts';
import type { PicPorts } from './pic-ports.ts';

/** How a guest access ends. `mmio`, `io` and `unhandled` leave KVM: user space has to emulate it. */
export type Exit = 'done' | 'gp' | 'mmio' | 'io' | 'unhandled';

/** Emulated accesses of one VM. */
export interface GuestAccess {
  /** True if the address lies in the vCPU's LAPIC page. */
  onLapic(vcpu: number, address: number): boolean;
  readMmio(vcpu: number, address: number, size: number): { exit: Exit; value: number };
  writeMmio(vcpu: number, address: number, size: number, value: number): Exit;
  readPort(port: number, size: number): { exit: Exit; value: number };
  writePort(port: number, size: number, value: number): Exit;
  readMsr(vcpu: number, msr: number): { exit: Exit; value: bigint };
  writeMsr(vcpu: number, msr: number, value: bigint): Exit;
}

/** The chips behind it. */
export interface GuestAccessParts {
  readonly lapics: Lapics;
  readonly lapicRegs: LapicRegs;
  readonly ioapicRegs: IoapicRegs;
  readonly msrs: GuestMsrs;
  readonly ports: PicPorts;
}

/** Bytes of the IOAPIC's region on the MMIO bus. */
const IOAPIC_LENGTH = 0x100;
/** The low `size` bytes of a value. */
export const truncate = (value: number, size: number): number =>
  (size >= 4 ? value : value & ((1 << (size * 8)) - 1)) >>> 0;

/** Creates the emulation. */
export function createGuestAccess(ctx: Context, parts: GuestAccessParts): GuestAccess {
  const { lapics, lapicRegs, ioapicRegs, msrs, ports } = parts;
  const { state, trace } = ctx;
  const hasKernelChips = (): boolean => state.mode === IRQCHIP_MODE.KERNEL;
  const onLapic = (vcpu: number, address: number): boolean =>
    state.mode !== IRQCHIP_MODE.NONE && inLapicPage(lapics.at(vcpu), address);

  /** Linux: the bus knows the region where it was created, the device where KVM_SET_IRQCHIP put it; an access must lie in both. */
  function onIoapic(address: number, size: number): boolean {
    const offset = address - state.ioapic.base;
    const onBus = address >= IOAPIC_BASE && address + size <= IOAPIC_BASE + IOAPIC_LENGTH;
    return hasKernelChips() && onBus && offset >= 0 && offset < IOAPIC_LENGTH;
  }

  /** Linux: at most 4 bytes within a register; other reads are ignored. */
  function lapicRead(vcpu: number, address: number, size: number): number {
    if (!answersMmio(lapics.at(vcpu))) return 0xffffffff;
    if ((address & 0xf) + size > 4) return 0;
    const value = lapicRegs.read(vcpu, address & 0xff0);
    return value < 0 ? 0 : value >>> ((address & 3) * 8);
  }

  function msrEvent(write: number, ecx: number, data: bigint, exit: Exit): void {
    if (trace.on) trace.emit('kvm_msr', { write, ecx, data: data.toString(16), exception: exit === 'gp' ? 1 : 0 });
  }

  return {
    onLapic,
    readMmio(vcpu, address, size) {
      if (onLapic(vcpu, address)) return { exit: 'done', value: truncate(lapicRead(vcpu, address, size), size) };
      if (!onIoapic(address, size)) return { exit: 'mmio', value: 0 };
      return { exit: 'done', value: truncate(ioapicRegs.read(address - state.ioapic.base), size) };
    },
    writeMmio(vcpu, address, size, value) {
      if (onLapic(vcpu, address)) {
        const exact = size === 4 && (address & 0xf) === 0;
        if (exact && answersMmio(lapics.at(vcpu))) lapicRegs.write(vcpu, address & 0xff0, value);
        return 'done';
      }
      if (!onIoapic(address, size)) return 'mmio';
      ioapicRegs.write(address - state.ioapic.base, truncate(value, size));
      return 'done';
    },
    readPort(port, size) {
      const value = hasKernelChips() ? ports.read(port, size) : null;
      return value === null ? { exit: 'io', value: 0 } : { exit: 'done', value };
    },
    writePort: (port, size, value) => (hasKernelChips() && ports.write(port, size, value) ? 'done' : 'io'),
    readMsr(vcpu, msr) {
      const value = msrs.read(vcpu, msr);
      if (value === null) return { exit: 'unhandled', value: 0n };
      const exit = value < 0n ? 'gp' : 'done';
      const data = value < 0n ? 0n : value;
      msrEvent(0, msr, data, exit);
      return { exit, value: data };
    },
    writeMsr(vcpu, msr, value) {
      const done = msrs.write(vcpu, msr, value, false);
      if (done === null) return 'unhandled';
      const exit = done ? 'done' : 'gp';
      msrEvent(1, msr, value, exit);
      return exit;
    },
  };
}
