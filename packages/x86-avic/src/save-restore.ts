// KVM_GET/SET_IRQCHIP and KVM_GET/SET_LAPIC: what user space can save, and what putting it back sets off. Linux: ioapic.c, i8259.c, lapic.c.

import { EINVAL } from '@virq/irq-core/errors';
import { x2apicLdr } from './apic-map.ts';
import { type Context, X86_REQ } from './context.ts';
import { type IoapicChip, RTE } from './ioapic.ts';
import { computePpr, isX2apic, type Lapics, LVT } from './lapic.ts';
import { type LapicTimers, timerMode } from './lapic-timer.ts';
import { IOAPIC_PINS, IRQCHIP_MODE, type Lapic } from './layout.ts';
import type { PicPair } from './pic.ts';

/** struct kvm_ioapic_state. */
export interface IoapicState {
  base: number;
  select: number;
  id: number;
  irr: number;
  /** 24 entries. */
  redirections: bigint[];
}

/** LVT entries by the names they have in a saved page. */
export const LVT_FIELDS = {
  lvtt: LVT.TIMER,
  lvtthmr: LVT.THERMAL,
  lvtpc: LVT.PMC,
  lvt0: LVT.LINT0,
  lvt1: LVT.LINT1,
  lvterr: LVT.ERROR,
  lvtcmci: LVT.CMCI,
} as const;

/** The registers of KVM_SET_LAPIC. Absent ones stay. */
export interface LapicState extends Partial<Record<keyof typeof LVT_FIELDS, number>> {
  irr?: readonly number[];
  isr?: readonly number[];
  tmr?: readonly number[];
  id?: number;
  tpr?: number;
  ldr?: number;
  dfr?: number;
  esr?: number;
  spiv?: number;
  icr?: number;
  icr2?: number;
  tmict?: number;
  /** Ticks that the timer has left. */
  tmcct?: number;
  tdcr?: number;
}

/** Field names of struct kvm_pic_state → arena fields. */
export const PIC_FIELDS = {
  last_irr: 'lastIrr',
  irr: 'irr',
  imr: 'imr',
  isr: 'isr',
  priority_add: 'priorityAdd',
  irq_base: 'irqBase',
  read_reg_select: 'readRegSelect',
  poll: 'poll',
  special_mask: 'specialMask',
  init_state: 'initState',
  auto_eoi: 'autoEoi',
  rotate_on_auto_eoi: 'rotateOnAutoEoi',
  special_fully_nested_mode: 'specialFullyNestedMode',
  init4: 'init4',
  elcr: 'elcr',
} as const;

const TIMER_FIELDS = ['lvtt', 'tmict', 'tmcct', 'tdcr'] as const;

/** The same with what only KVM_GET_IRQCHIP shows. Linux: KVM_SET_IRQCHIP takes elcr_mask as it is given, too. */
export const SAVED_PIC_FIELDS = { ...PIC_FIELDS, elcr_mask: 'elcrMask' } as const;

/** Saving and restoring of one VM's chips. */
export interface SaveRestore {
  /** Delivered edges are hidden: irr & ~irr_delivered. */
  getIoapic(): IoapicState;
  /** Every saved irr bit is injected again; line sources are not part of the state. */
  setIoapic(s: IoapicState): void;
  setPic(chip: number, fields: Readonly<Partial<Record<keyof typeof SAVED_PIC_FIELDS, number>>>): void;
  /** 0, or -EINVAL for a wrong id in x2APIC mode with 32-bit ids. */
  setLapic(vcpu: number, s: LapicState): number;
}

/** What saving and restoring works on. */
export interface SaveRestoreParts {
  readonly lapics: Lapics;
  readonly ioapic: IoapicChip;
  readonly pic: PicPair;
  readonly timers: LapicTimers;
  mapChanged(): void;
  /** A LAPIC's registers were set: AVIC's tables follow. */
  restored(vcpu: number): void;
}

/** Creates save and restore. */
export function createSaveRestore(ctx: Context, parts: SaveRestoreParts): SaveRestore {
  const { ioapic: state } = ctx.state;
  const pins = Array.from({ length: IOAPIC_PINS }, (_, pin) => pin);

  function setSets(vcpu: number, s: LapicState): void {
    const a = parts.lapics.at(vcpu);
    for (const [set, members] of [
      [a.irr, s.irr],
      [a.isr, s.isr],
      [a.tmr, s.tmr],
    ] as const) {
      if (members === undefined) continue;
      set.clear();
      for (const vector of members) set.add(vector);
    }
  }

  /** LVT and timer. Abstraction: a page that names no register of the timer lets it run on; KVM starts it anew from TMCCT each time. */
  function setLocal(vcpu: number, a: Lapic, s: LapicState): void {
    const { timers } = parts;
    const [mode, left] = [timerMode(a), timers.current(vcpu)];
    for (const [name, entry] of Object.entries(LVT_FIELDS) as [keyof typeof LVT_FIELDS, number][])
      if (s[name] !== undefined) a.lvt.set(entry, s[name]);
    if (TIMER_FIELDS.every((name) => s[name] === undefined)) return;
    if (s.tmict !== undefined) a.timerInitial = s.tmict;
    if (s.tdcr !== undefined) a.timerDivide = s.tdcr;
    timers.changeMode(vcpu, mode);
    timers.restore(vcpu, s.tmcct ?? left);
  }

  return {
    getIoapic: () => ({
      base: state.base,
      select: state.select,
      id: state.id,
      irr: state.irr & ~state.delivered,
      redirections: pins.map((pin) => (BigInt(parts.ioapic.entry(pin).hi) << 32n) | BigInt(parts.ioapic.entry(pin).lo)),
    }),
    setIoapic(s) {
      state.base = s.base;
      state.select = s.select;
      state.id = s.id;
      for (const pin of pins) {
        const bits = s.redirections[pin] ?? BigInt(RTE.MASK);
        parts.ioapic.setEntry(pin, Number(bits & 0xffffffffn), Number(bits >> 32n));
      }
      state.irr = state.delivered = 0;
      ctx.kvm.vcpus.requestAll(X86_REQ.SCAN_IOAPIC);
      parts.ioapic.rtc.reset();
      for (const pin of pins) if (s.irr & (1 << pin)) parts.ioapic.setLevel(pin, 1, true);
      parts.ioapic.rtc.restoreAll();
      parts.pic.update();
    },
    setPic(chip, fields) {
      const c = parts.pic.chip(chip);
      for (const [name, value] of Object.entries(fields) as [keyof typeof SAVED_PIC_FIELDS, number][])
        c[SAVED_PIC_FIELDS[name]] = value;
      parts.pic.update();
    },
    setLapic(vcpu, s) {
      const a = parts.lapics.at(vcpu);
      if (s.spiv !== undefined) a.svr = s.spiv;
      if (s.id !== undefined && isX2apic(a) && ctx.state.x2apicFormat === 1 && s.id !== a.vcpuId) {
        // Linux: SPIV is taken over before the id is looked at.
        parts.mapChanged();
        return -EINVAL;
      }
      setSets(vcpu, s);
      if (isX2apic(a)) a.id = a.vcpuId;
      else if (s.id !== undefined) a.id = s.id;
      if (s.tpr !== undefined) a.tpr = s.tpr;
      if (isX2apic(a)) a.ldr = x2apicLdr(a.vcpuId);
      else if (s.ldr !== undefined) a.ldr = s.ldr;
      if (s.dfr !== undefined) a.dfr = s.dfr;
      if (s.esr !== undefined) a.esr = s.esr;
      if (s.icr !== undefined) a.icr = s.icr;
      const icr2 = s.icr2 ?? (isX2apic(a) ? a.icrHigh : a.icr2);
      a.icr2 = icr2;
      // Linux: in x2APIC mode both places are written: ICR2 as it is, and the upper half of the 64-bit ICR.
      if (isX2apic(a)) a.icrHigh = icr2;
      parts.mapChanged();
      // Linux: PPR goes by the count and the cached vector from before, so it is stale until it is computed again.
      a.ppr = computePpr(a);
      setLocal(vcpu, a, s);
      a.isrCount = a.isr.count();
      a.isrCache = 0;
      a.arbPrio = 0;
      ctx.kvm.vcpus.request(vcpu, X86_REQ.EVENT);
      parts.restored(vcpu);
      if (ctx.state.mode === IRQCHIP_MODE.KERNEL) parts.ioapic.rtc.restoreOne(vcpu);
      return 0;
    },
  };
}
