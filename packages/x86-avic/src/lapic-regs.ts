// What guests see of a local APIC: its registers, by offset. Intel SDM vol. 3 ch. 11; Linux: lapic.c.

import { baseAddress } from './apic-base.ts';
import { DFR_FLAT, x2apicLdr } from './apic-map.ts';
import type { Context } from './context.ts';
import { SHORTHAND } from './destination.ts';
import type { SendIpi } from './ipi.ts';
import { APIC_BASE, DM, isHwEnabled, isX2apic, type Lapics, LVT, LVT_MASKED, SVR_SUPPRESS_EOI } from './lapic.ts';
import { apicName } from './lapic-names.ts';
import { divisor, type LapicTimers, TIMER_MODE, timerMode } from './lapic-timer.ts';
import { IRQCHIP_MODE, type Lapic, LVT_ENTRIES, SUPPRESS_EOI, type X86State } from './layout.ts';
import { LAPIC } from './regs/lapic.ts';

/** Result of a register access: a value or success, or the fault it raises. */
export const GP_FAULT = -1;
/** Register does not exist in this mode, or is not readable. */
export const NO_REGISTER = -2;

const LVR_VERSION = 0x14;
/** LVR bit 24: directed EOI, offered when the IOAPIC is in user space and the VMM did not refuse it; then SVR has bit 12. */
const LVR_DIRECTED_EOI = 1 << 24;
const SVR_WRITABLE = LAPIC.rows.SVR.writable ?? 0;
const ICR_BUSY = 1 << 12;

const { ID, LVR, TPR, APR, LDR, DFR, SVR, ESR, ICR_LOW, ICR_HIGH, TMICT, TMCCT, TDCR, EOI, PPR, SELF_IPI } = LAPIC.rows;
const { LVT_TIMER, LVT_THERMAL, LVT_PMC, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_CMCI } = LAPIC.rows;
/** The LVT registers in arena order. */
const LVTS = [LVT_TIMER, LVT_THERMAL, LVT_PMC, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_CMCI] as const;
const LVT_OFFSETS: readonly number[] = LVTS.map((r) => r.at);

/** Registers that read as they are kept, by offset; APR, DFR and ICR2 do not exist in x2APIC mode. */
const PLAIN_READS: Readonly<Record<number, (a: Lapic) => number>> = {
  [ID.at]: (a) => a.id,
  [TPR.at]: (a) => a.tpr,
  [APR.at]: (a) => (isX2apic(a) ? NO_REGISTER : 0),
  [LDR.at]: (a) => a.ldr,
  [DFR.at]: (a) => (isX2apic(a) ? NO_REGISTER : a.dfr),
  [SVR.at]: (a) => a.svr,
  [ESR.at]: (a) => a.esr,
  [ICR_LOW.at]: (a) => a.icr,
  [ICR_HIGH.at]: (a) => (isX2apic(a) ? NO_REGISTER : a.icr2),
  [TMICT.at]: (a) => a.timerInitial,
  [TDCR.at]: (a) => a.timerDivide,
};

/** Guest accesses to the LAPICs. */
export interface LapicRegs {
  /** Value at a register offset, or {@link NO_REGISTER}. */
  read(vcpu: number, offset: number): number;
  /** The same without a tracepoint, as hardware reads. */
  peek(vcpu: number, offset: number): number;
  /** 0, {@link GP_FAULT} or {@link NO_REGISTER}. */
  write(vcpu: number, offset: number, value: number): number;
  /** The version register. */
  version(vcpu: number): number;
  /** kvm_apic_after_set_mcg_cap: 7 entries with CMCI, else 6. */
  setLvtCount(vcpu: number, count: number): void;
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

const offersDirectedEoi = (state: X86State): boolean =>
  state.mode === IRQCHIP_MODE.SPLIT && state.suppressEoi !== SUPPRESS_EOI.DISABLED;

/** Creates the register side. */
export function createLapicRegs(ctx: Context, parts: LapicRegsParts): LapicRegs {
  const { lapics, sendIpi, timers, mapChanged } = parts;
  const version = (vcpu: number): number =>
    LVR_VERSION | ((lapics.at(vcpu).lvtCount - 1) << 16) | (offersDirectedEoi(ctx.state) ? LVR_DIRECTED_EOI : 0);

  function softwareEnable(a: Lapic, value: number): void {
    const was = a.svr & 0x100;
    a.svr = value & (offersDirectedEoi(ctx.state) ? SVR_WRITABLE | SVR_SUPPRESS_EOI : SVR_WRITABLE);
    if ((a.svr & 0x100) !== was) mapChanged();
    if ((a.svr & 0x100) !== 0) return;
    // Linux: every write that leaves the LAPIC disabled masks the LVT, not only the one that disables it.
    for (let i = 0; i < a.lvtCount; i++) a.lvt.set(i, a.lvt.get(i) | LVT_MASKED);
    a.timerPending = 0;
  }

  /** False if this LAPIC has no such entry: CMCI without MCG_CMCI_P. */
  function writeLvt(vcpu: number, index: number, value: number): boolean {
    const a = lapics.at(vcpu);
    if (index >= a.lvtCount) return false;
    const forced = (a.svr & 0x100) === 0 ? value | LVT_MASKED : value;
    const before = timerMode(a);
    a.lvt.set(index, forced & (LVTS[index]?.writable ?? 0));
    if (index === LVT.TIMER) timers.changeMode(vcpu, before);
    return true;
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
    [ID.at]: (v, a, value) => {
      if (isX2apic(a)) return GP_FAULT;
      a.id = (value & 0xff000000) >>> 0;
      mapChanged();
      return parts.idChanged(v);
    },
    [TPR.at]: (v, a, value) => {
      a.tpr = value & 0xff;
      lapics.updatePpr(v);
    },
    [EOI.at]: (v) => void lapics.eoi(v),
    [LDR.at]: (_v, a, value) => {
      if (isX2apic(a)) return NO_REGISTER;
      a.ldr = (value & 0xff000000) >>> 0;
      return mapChanged();
    },
    [DFR.at]: (_v, a, value) => {
      if (isX2apic(a)) return NO_REGISTER;
      a.dfr = (value | 0x0fffffff) >>> 0;
      return mapChanged();
    },
    [SVR.at]: (_v, a, value) => softwareEnable(a, value),
    [ESR.at]: (_v, a, value) => (isX2apic(a) && value !== 0 ? GP_FAULT : undefined),
    [ICR_LOW.at]: (v, _a, value) => writeIcr(v, value),
    [ICR_HIGH.at]: (_v, a, value) => {
      if (isX2apic(a)) return NO_REGISTER;
      a.icr2 = (value & 0xff000000) >>> 0;
      return undefined;
    },
    [TMICT.at]: (v, _a, value) => writeInitial(v, value),
    [TDCR.at]: (v, _a, value) => writeDivide(v, value),
    [SELF_IPI.at]: (v, a, value) => {
      if (!isX2apic(a)) return NO_REGISTER;
      sendIpi(v, (SHORTHAND.SELF << 18) | (value & 0xff), 0);
      return undefined;
    },
  };

  /** Reads that compute something. */
  const READS: Readonly<Record<number, (vcpu: number, a: Lapic) => number>> = {
    [LVR.at]: (v) => version(v),
    [PPR.at]: (v, a) => {
      lapics.updatePpr(v);
      return a.ppr;
    },
    [TMCCT.at]: (v) => timers.current(v),
  };

  function bitmapWord(a: Lapic, offset: number): number {
    const map = offset < 0x180 ? a.isr : offset < 0x200 ? a.tmr : a.irr;
    return map.word((offset & 0x70) >> 4);
  }

  function peek(vcpu: number, offset: number): number {
    const a = lapics.at(vcpu);
    if (offset >= 0x100 && offset < 0x280) return bitmapWord(a, offset) >>> 0;
    const lvt = LVT_OFFSETS.indexOf(offset);
    if (lvt >= 0) return lvt < a.lvtCount ? a.lvt.get(lvt) : NO_REGISTER;
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
    const lvt = LVT_OFFSETS.indexOf(offset);
    if (lvt >= 0) return writeLvt(vcpu, lvt, value) ? 0 : NO_REGISTER;
    const row = WRITES[offset];
    return row === undefined ? NO_REGISTER : (row(vcpu, lapics.at(vcpu), value) ?? 0);
  }

  const isBootCpu = (a: Lapic): boolean => a.vcpuId === ctx.state.bootCpu;

  function reset(vcpu: number, init: boolean): void {
    const a = lapics.at(vcpu);
    if (!init) {
      a.baseLo = (APIC_BASE.ADDRESS | APIC_BASE.ENABLE | (isBootCpu(a) ? APIC_BASE.BSP : 0)) >>> 0;
      a.id = (a.vcpuId << 24) >>> 0;
      a.lvtCount = LVT_ENTRIES - 1;
    }
    for (const set of [a.irr, a.isr, a.tmr]) set.clear();
    for (let i = 0; i < a.lvtCount; i++) a.lvt.set(i, LVT_MASKED);
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
    a.timerInitial = a.timerDivide = a.timerPending = 0;
    a.timerPeriod = a.timerDeadline = a.tscDeadline = 0n;
    a.arbPrio = 0;
    mapChanged();
  }

  return {
    read,
    peek,
    write,
    version,
    setLvtCount(vcpu, count) {
      const a = lapics.at(vcpu);
      for (let i = a.lvtCount; i < count; i++) a.lvt.set(i, LVT_MASKED);
      a.lvtCount = count;
    },
    reset,
    sendIpi,
  };
}

/** True if a LAPIC answers at its MMIO page: enabled, not in x2APIC mode. */
export const answersMmio = (a: Lapic): boolean => isHwEnabled(a) && !isX2apic(a);
/** True if a guest physical address lies in a LAPIC's page. */
export const inLapicPage = (a: Lapic, address: number): boolean =>
  a.baseHi === 0 && address >= baseAddress(a) && address < baseAddress(a) + 0x1000;
