// What guests see of a local APIC: registers through MMIO and MSRs, ICR, mode transitions. Intel SDM vol. 3 ch. 11; Linux: lapic.c.

import { DFR_FLAT, x2apicLdr } from './apic-map.ts';
import type { Context } from './context.ts';
import { type Delivery, SHORTHAND } from './destination.ts';
import { createIpi } from './ipi.ts';
import { APIC_BASE, DM, isHwEnabled, isX2apic, type Lapics, LVT, LVT_MASKED } from './lapic.ts';
import { apicName } from './lapic-names.ts';
import { divisor, type LapicTimers, TIMER_MODE, timerMode } from './lapic-timer.ts';
import { type Lapic, LVT_ENTRIES } from './layout.ts';
import { LAPIC } from './regs/lapic.ts';

/** Result of a register access: a value or success, or the fault it raises. */
export const GP_FAULT = -1;
/** Register does not exist in this mode, or is not readable. */
export const NO_REGISTER = -2;

/** Version 0x14, maximum LVT entry 5. */
const LVR = LAPIC.rows.LVR.reset ?? 0;
const ICR_BUSY = 1 << 12;

/** Offsets of the LVT registers in arena order. */
const LVT_OFFSETS = [0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x2f0] as const;
/** Writable bits of each LVT entry. */
const LVT_WRITABLE = LVT_OFFSETS.map((offset) => Object.values(LAPIC.rows).find((r) => r.at === offset)?.writable ?? 0);

/** Registers that read as they are kept, by offset; APR, DFR and ICR2 do not exist in x2APIC mode. */
const PLAIN_READS: Readonly<Record<number, (a: Lapic) => number>> = {
  32: (a) => (isX2apic(a) ? a.vcpuId : (a.id << 24) >>> 0),
  48: () => LVR,
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
  /** 0, {@link GP_FAULT} or {@link NO_REGISTER}. */
  write(vcpu: number, offset: number, value: number): number;
  /** x2APIC MSR 0x800–0x8ff as 64 bits; -1n for #GP. */
  readMsr(vcpu: number, msr: number): bigint;
  writeMsr(vcpu: number, msr: number, value: bigint): number;
  /** IA32_APIC_BASE: 0 or {@link GP_FAULT}. */
  setBase(vcpu: number, value: bigint): number;
  /** kvm_lapic_reset. `init` keeps the base and the id. */
  reset(vcpu: number, init: boolean): void;
  /** Sends an IPI as an ICR write would. */
  sendIpi(vcpu: number, low: number, dest: number): void;
}

/** What the register side needs of the rest of the chip. */
export interface LapicRegsParts {
  readonly lapics: Lapics;
  readonly delivery: Delivery;
  readonly timers: LapicTimers;
  /** The APIC map must be rebuilt before the next delivery. */
  mapChanged(): void;
}

/** Creates the register side. */
export function createLapicRegs(ctx: Context, parts: LapicRegsParts): LapicRegs {
  const { lapics, delivery, timers, mapChanged } = parts;
  const sendIpi = createIpi(ctx, delivery);

  function softwareEnable(a: Lapic, value: number): void {
    const was = a.svr & 0x100;
    a.svr = value & 0x3ff;
    if ((a.svr & 0x100) === was) return;
    mapChanged();
    if ((a.svr & 0x100) !== 0) return;
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
    const low = value & ~ICR_BUSY;
    a.icr = low;
    sendIpi(vcpu, low, isX2apic(a) ? a.icr2 : a.icr2 >>> 24);
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
    32: (_v, a, value) => {
      if (isX2apic(a)) return GP_FAULT;
      a.id = value >>> 24;
      return mapChanged();
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
      sendIpi(v, (SHORTHAND.SELF << 18) | (1 << 14) | (value & 0xff), 0);
      return undefined;
    },
  };

  /** Reads that compute something. */
  const READS: Readonly<Record<number, (vcpu: number, a: Lapic) => number>> = {
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

  function read(vcpu: number, offset: number): number {
    const a = lapics.at(vcpu);
    if (offset >= 0x100 && offset < 0x280) return bitmapWord(a, offset);
    const lvt = LVT_OFFSETS.indexOf(offset as (typeof LVT_OFFSETS)[number]);
    const value =
      lvt >= 0 && lvt !== LVT.CMCI
        ? a.lvt.get(lvt)
        : (READS[offset]?.(vcpu, a) ?? PLAIN_READS[offset]?.(a) ?? NO_REGISTER);
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

  function reset(vcpu: number, init: boolean): void {
    const a = lapics.at(vcpu);
    if (!init) {
      a.baseLo = (APIC_BASE.ADDRESS | APIC_BASE.ENABLE | (vcpu === 0 ? APIC_BASE.BSP : 0)) >>> 0;
      a.id = a.vcpuId & 0xff;
    }
    for (const set of [a.irr, a.isr, a.tmr]) set.clear();
    for (let i = 0; i < LVT_ENTRIES; i++) a.lvt.set(i, LVT_MASKED);
    // Linux: quirk LINT0_REENABLED, on by default: the boot CPU takes PIC interrupts at once.
    if ((a.baseLo & APIC_BASE.BSP) !== 0) a.lvt.set(LVT.LINT0, DM.EXTINT << 8);
    a.dfr = DFR_FLAT;
    a.svr = 0xff;
    a.tpr = a.ppr = 0;
    a.ldr = isX2apic(a) ? x2apicLdr(a.vcpuId) : 0;
    a.esr = a.icr = a.icr2 = 0;
    a.timerInitial = a.timerDivide = 0;
    a.timerDeadline = a.tscDeadline = 0n;
    a.arbPrio = 0;
    mapChanged();
  }

  return {
    read,
    write,
    readMsr(vcpu, msr) {
      if (!isX2apic(lapics.at(vcpu))) return -1n;
      const offset = (msr - 0x800) << 4;
      const low = read(vcpu, offset);
      if (low < 0) return -1n;
      return offset === 0x300 ? (BigInt(lapics.at(vcpu).icr2) << 32n) | BigInt(low >>> 0) : BigInt(low >>> 0);
    },
    writeMsr(vcpu, msr, value) {
      const a = lapics.at(vcpu);
      if (!isX2apic(a)) return GP_FAULT;
      const offset = (msr - 0x800) << 4;
      const low = Number(value & 0xffffffffn);
      if (offset === 0x300) a.icr2 = Number(value >> 32n);
      else if (value >> 32n !== 0n || (offset === 0xb0 && value !== 0n)) return GP_FAULT;
      return write(vcpu, offset, low) < 0 ? GP_FAULT : 0;
    },
    setBase(vcpu, value) {
      const a = lapics.at(vcpu);
      const [now, next] = [a.baseLo, Number(value & 0xffffffffn)];
      const mode = (b: number): number =>
        ((b & APIC_BASE.ENABLE) !== 0 ? 1 : 0) | ((b & APIC_BASE.X2APIC) !== 0 ? 2 : 0);
      const [from, to] = [mode(now), mode(next)];
      const reserved = (next & 0x2ff) !== 0;
      if (reserved || to === 2 || (from === 3 && to === 1) || (from === 0 && to === 3)) return GP_FAULT;
      a.base = value;
      if (from !== to) {
        if (to === 3) a.ldr = x2apicLdr(a.vcpuId);
        if (from === 0 && to === 1) a.id = a.vcpuId & 0xff;
        if (from === 3 && to === 0) a.ldr = 0;
        mapChanged();
      }
      return 0;
    },
    reset,
    sendIpi,
  };
}

/** True if a LAPIC answers at its MMIO page: enabled, not in x2APIC mode. */
export const answersMmio = (a: Lapic): boolean => isHwEnabled(a) && !isX2apic(a);
