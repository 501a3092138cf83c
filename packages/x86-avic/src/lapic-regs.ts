// What guests see of a local APIC: its registers, by offset. Intel SDM vol. 3 ch. 11; Linux: lapic.c.

import { baseAddress } from './apic-base.ts';
import { DFR_FLAT, x2apicLdr } from './apic-map.ts';
import type { Context } from './context.ts';
import { SHORTHAND } from './destination.ts';
import type { SendIpi } from './ipi.ts';
import { APIC_BASE, DM, isHwEnabled, isX2apic, type Lapics, LVT, LVT_MASKED } from './lapic.ts';
import { apicName } from './lapic-names.ts';
import { divisor, type LapicTimers, TIMER_MODE, timerMode } from './lapic-timer.ts';
import { IRQCHIP_MODE, type Lapic, LVT_ENTRIES } from './layout.ts';
import { LAPIC } from './regs/lapic.ts';

/** Result of a register access: a value or success, or the fault it raises. */
export const GP_FAULT = -1;
/** Register does not exist in this mode, or is not readable. */
export const NO_REGISTER = -2;

/** Version 0x14, maximum LVT entry 5. */
const LVR = LAPIC.rows.LVR.reset ?? 0;
/** LVR bit 24: directed EOI, offered only when the IOAPIC is in user space; then SVR has bit 12. */
const LVR_DIRECTED_EOI = 1 << 24;
const SVR_WRITABLE = 0x3ff;
const SVR_DIRECTED_EOI = 1 << 12;
const ICR_BUSY = 1 << 12;

/** Offsets of the LVT registers in arena order. */
const LVT_OFFSETS = [0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x2f0] as const;
/** Writable bits of each LVT entry. */
const LVT_WRITABLE = LVT_OFFSETS.map((offset) => Object.values(LAPIC.rows).find((r) => r.at === offset)?.writable ?? 0);

/** Registers that read as they are kept, by offset; APR, DFR and ICR2 do not exist in x2APIC mode. */
const PLAIN_READS: Readonly<Record<number, (a: Lapic) => number>> = {
  32: (a) => a.id,
  128: (a) => a.tpr,
  144: (a) => (isX2apic(a) ? NO_REGISTER : 0),
  208: (a) => a.ldr,
  224: (a) => (isX2apic(a) ? NO_REGISTER : a.dfr),
  240: (a) => a.svr,
  640: (a) => a.esr,
  768: (a) => a.icr,
  784: (a) => (isX2apic(a) ? NO_REGISTER : a.icr2),
  896: (a) => a.timerInitial,
  992: (a) => a.timerDivide,
};

/** Guest accesses to the LAPICs. */
export interface LapicRegs {
  /** Value at a register offset, or {@link NO_REGISTER}. */
  read(vcpu: number, offset: number): number;
  /** The same without a tracepoint, as hardware reads. */
  peek(vcpu: number, offset: number): number;
  /** 0, {@link GP_FAULT} or {@link NO_REGISTER}. */
  write(vcpu: number, offset: number, value: number): number;
  /** kvm_lapic_reset. `init` keeps the base and the id. */
  reset(vcpu: number, init: boolean): void;
  /** Sends an IPI as an ICR write would. */
  readonly sendIpi: SendIpi;
}

/** What the register side needs of the rest of the chip. */
export interface LapicRegsParts {
  readonly lapics: Lapics;
  readonly sendIpi: SendIpi;
  readonly timers: LapicTimers;
  /** The APIC map must be rebuilt before the next delivery. */
  mapChanged(): void;
  /** The xAPIC id was written. */
  idChanged(vcpu: number): void;
}

/** Creates the register side. */
export function createLapicRegs(ctx: Context, parts: LapicRegsParts): LapicRegs {
  const { lapics, sendIpi, timers, mapChanged } = parts;
  const directedEoi = (): boolean => ctx.state.mode === IRQCHIP_MODE.SPLIT;

  function softwareEnable(a: Lapic, value: number): void {
    const was = a.svr & 0x100;
    a.svr = value & (directedEoi() ? SVR_WRITABLE | SVR_DIRECTED_EOI : SVR_WRITABLE);
    if ((a.svr & 0x100) !== was) mapChanged();
    if ((a.svr & 0x100) !== 0) return;
    // Linux: every write that leaves the LAPIC disabled masks the LVT, not only the one that disables it.
    for (let i = 0; i < LVT_ENTRIES - 1; i++) a.lvt.set(i, a.lvt.get(i) | LVT_MASKED);
  }

  function writeLvt(vcpu: number, index: number, value: number): void {
    const a = lapics.at(vcpu);
    const forced = (a.svr & 0x100) === 0 ? value | LVT_MASKED : value;
    const before = timerMode(a);
    a.lvt.set(index, forced & (LVT_WRITABLE[index] as number));
    if (index !== LVT.TIMER) return;
    const deadlineNow = timerMode(a) === TIMER_MODE.TSC_DEADLINE;
    if (deadlineNow === (before === TIMER_MODE.TSC_DEADLINE)) return;
    timers.stop(vcpu);
    a.timerInitial = 0;
    a.tscDeadline = 0n;
  }

  function writeIcr(vcpu: number, value: number): void {
    const a = lapics.at(vcpu);
    const low = (value & ~ICR_BUSY) >>> 0;
    sendIpi(vcpu, low, isX2apic(a) ? a.icrHigh : a.icr2 >>> 24);
    a.icr = low;
  }

  function writeInitial(vcpu: number, value: number): void {
    const a = lapics.at(vcpu);
    if (timerMode(a) === TIMER_MODE.TSC_DEADLINE) return;
    a.timerInitial = value;
    timers.start(vcpu);
  }

  function writeDivide(vcpu: number, value: number): void {
    const a = lapics.at(vcpu);
    const old = divisor(a);
    a.timerDivide = value & 0xb;
    timers.rescale(vcpu, old);
  }

  /** Writes by offset; a missing row is a register that cannot be written. */
  const WRITES: Readonly<Record<number, (vcpu: number, a: Lapic, value: number) => number | void>> = {
    32: (v, a, value) => {
      if (isX2apic(a)) return GP_FAULT;
      a.id = (value & 0xff000000) >>> 0;
      mapChanged();
      return parts.idChanged(v);
    },
    128: (v, a, value) => {
      a.tpr = value & 0xff;
      lapics.updatePpr(v);
    },
    176: (v) => void lapics.eoi(v),
    208: (_v, a, value) => {
      if (isX2apic(a)) return NO_REGISTER;
      a.ldr = (value & 0xff000000) >>> 0;
      return mapChanged();
    },
    224: (_v, a, value) => {
      if (isX2apic(a)) return NO_REGISTER;
      a.dfr = (value | 0x0fffffff) >>> 0;
      return mapChanged();
    },
    240: (_v, a, value) => softwareEnable(a, value),
    640: (_v, a, value) => (isX2apic(a) && value !== 0 ? GP_FAULT : undefined),
    768: (v, _a, value) => writeIcr(v, value),
    784: (_v, a, value) => {
      if (isX2apic(a)) return NO_REGISTER;
      a.icr2 = (value & 0xff000000) >>> 0;
      return undefined;
    },
    896: (v, _a, value) => writeInitial(v, value),
    992: (v, _a, value) => writeDivide(v, value),
    1008: (v, a, value) => {
      if (!isX2apic(a)) return NO_REGISTER;
      sendIpi(v, (SHORTHAND.SELF << 18) | (value & 0xff), 0);
      return undefined;
    },
  };

  /** Reads that compute something. */
  const READS: Readonly<Record<number, (vcpu: number, a: Lapic) => number>> = {
    48: () => LVR | (directedEoi() ? LVR_DIRECTED_EOI : 0),
    160: (v, a) => {
      lapics.updatePpr(v);
      return a.ppr;
    },
    912: (v) => timers.current(v),
  };

  function bitmapWord(a: Lapic, offset: number): number {
    const map = offset < 0x180 ? a.isr : offset < 0x200 ? a.tmr : a.irr;
    return map.word((offset & 0x70) >> 4);
  }

  function peek(vcpu: number, offset: number): number {
    const a = lapics.at(vcpu);
    if (offset >= 0x100 && offset < 0x280) return bitmapWord(a, offset) >>> 0;
    const lvt = LVT_OFFSETS.indexOf(offset as (typeof LVT_OFFSETS)[number]);
    if (lvt >= 0) return lvt === LVT.CMCI ? NO_REGISTER : a.lvt.get(lvt);
    return READS[offset]?.(vcpu, a) ?? PLAIN_READS[offset]?.(a) ?? NO_REGISTER;
  }

  function read(vcpu: number, offset: number): number {
    const value = peek(vcpu, offset);
    if (value !== NO_REGISTER && ctx.trace.on)
      ctx.trace.emit('kvm_apic', { write: 0, register: apicName(offset), value });
    return value;
  }

  function write(vcpu: number, offset: number, value: number): number {
    if (ctx.trace.on) ctx.trace.emit('kvm_apic', { write: 1, register: apicName(offset), value });
    const lvt = LVT_OFFSETS.indexOf(offset as (typeof LVT_OFFSETS)[number]);
    if (lvt >= 0 && lvt !== LVT.CMCI) writeLvt(vcpu, lvt, value);
    else {
      const row = WRITES[offset];
      if (row === undefined) return NO_REGISTER;
      return row(vcpu, lapics.at(vcpu), value) ?? 0;
    }
    return 0;
  }

  const isBootCpu = (a: Lapic): boolean => a.vcpuId === ctx.state.bootCpu;

  function reset(vcpu: number, init: boolean): void {
    const a = lapics.at(vcpu);
    if (!init) {
      a.baseLo = (APIC_BASE.ADDRESS | APIC_BASE.ENABLE | (isBootCpu(a) ? APIC_BASE.BSP : 0)) >>> 0;
      a.id = (a.vcpuId << 24) >>> 0;
    }
    for (const set of [a.irr, a.isr, a.tmr]) set.clear();
    for (let i = 0; i < LVT_ENTRIES; i++) a.lvt.set(i, LVT_MASKED);
    // Linux: quirk LINT0_REENABLED, on by default: the boot CPU takes PIC interrupts at once.
    if (isBootCpu(a)) a.lvt.set(LVT.LINT0, DM.EXTINT << 8);
    a.dfr = DFR_FLAT;
    a.svr = 0xff;
    a.tpr = a.ppr = 0;
    a.ldr = isX2apic(a) ? x2apicLdr(a.vcpuId) : 0;
    a.isrCount = a.isrCache = 0;
    a.esr = a.icr = 0;
    if (isX2apic(a)) a.icrHigh = 0;
    else a.icr2 = 0;
    a.timerInitial = a.timerDivide = 0;
    a.timerDeadline = a.tscDeadline = 0n;
    a.arbPrio = 0;
    mapChanged();
  }

  return {
    read,
    peek,
    write,
    reset,
    sendIpi,
  };
}

/** True if a LAPIC answers at its MMIO page: enabled, not in x2APIC mode. */
export const answersMmio = (a: Lapic): boolean => isHwEnabled(a) && !isX2apic(a);
/** True if a guest physical address lies in a LAPIC's page. */
export const inLapicPage = (a: Lapic, address: number): boolean =>
  a.baseHi === 0 && address >= baseAddress(a) && address < baseAddress(a) + 0x1000;
