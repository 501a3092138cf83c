// The state as the recorded vectors show it.

import type { Json } from '@virq/irq-core/machine';
import type { X86Chip } from '../chip.ts';
import { RTE } from '../ioapic.ts';
import { isX2apic, LVT } from '../lapic.ts';
import { IOAPIC_PINS } from '../layout.ts';
import { LVT_FIELDS, PIC_FIELDS } from '../save-restore.ts';

const hex = (v: number): string => `0x${(v >>> 0).toString(16)}`;
const pinsOf = (mask: number): number[] =>
  Array.from({ length: IOAPIC_PINS }, (_, pin) => pin).filter((pin) => mask & (1 << pin));

/** One LAPIC as KVM_GET_LAPIC shows it. */
export function observeLapic(c: X86Chip, vcpu: number): { readonly [field: string]: Json } {
  const a = c.lapics.at(vcpu);
  const legacyX2 = isX2apic(a) && c.state.x2apicFormat === 0;
  return {
    irr: a.irr.list(),
    isr: a.isr.list(),
    tmr: a.tmr.list(),
    id: hex(legacyX2 ? a.id << 24 : a.id),
    tpr: hex(a.tpr),
    ppr: hex(a.ppr),
    ldr: hex(a.ldr),
    dfr: hex(a.dfr),
    spiv: hex(a.svr),
    lvt0: hex(a.lvt.get(LVT.LINT0)),
    lvt1: hex(a.lvt.get(LVT.LINT1)),
    icr: hex(a.icr),
    icr2: hex(isX2apic(a) ? a.icrHigh : a.icr2),
    esr: hex(a.esr),
  };
}

/** The page of KVM_GET_LAPIC: the same, all LVT entries and the timer. */
export function lapicPage(c: X86Chip, vcpu: number): { readonly [field: string]: Json } {
  const a = c.lapics.at(vcpu);
  const entries = Object.entries(LVT_FIELDS).filter(([, entry]) => entry < a.lvtCount);
  return {
    ...observeLapic(c, vcpu),
    lvr: hex(c.lapicRegs.version(vcpu)),
    ...Object.fromEntries(entries.map(([name, entry]) => [name, hex(a.lvt.get(entry))])),
    tmict: hex(a.timerInitial),
    tmcct: hex(c.timers.current(vcpu)),
    tdcr: hex(a.timerDivide),
  };
}

function ioapic(c: X86Chip): Json {
  const { ioapic: s } = c.state;
  const entries = Array.from({ length: IOAPIC_PINS }, (_, pin) => c.ioapic.entry(pin));
  const changed = entries.flatMap(({ lo, hi }, pin) =>
    lo === RTE.MASK && hi === 0 ? [] : [[String(pin), `0x${((BigInt(hi) << 32n) | BigInt(lo)).toString(16)}`] as const],
  );
  return {
    base: hex(s.base),
    sel: s.select,
    id: s.id,
    irr: pinsOf(s.irr & ~s.delivered),
    rirr: entries.flatMap((e, pin) => (e.lo & RTE.REMOTE_IRR ? [pin] : [])),
    redir: Object.fromEntries(changed),
  };
}

/** One 8259A with the kernel's field names. */
export function observePicChip(c: X86Chip, index: number): { readonly [field: string]: Json } {
  const chip = c.pic.chip(index);
  return Object.fromEntries(Object.entries(PIC_FIELDS).map(([name, field]) => [name, chip[field]]));
}

/** The same as KVM_GET_IRQCHIP shows it. */
export const savedPic = (c: X86Chip, index: number): { readonly [field: string]: Json } => ({
  ...observePicChip(c, index),
  elcr_mask: c.pic.chip(index).elcrMask,
});

/** What `observe` can show. */
export const OBSERVE: Readonly<Record<string, (c: X86Chip) => Json>> = {
  lapic: (c) => Array.from({ length: c.lapics.count }, (_, vcpu) => observeLapic(c, vcpu)),
  ioapic,
  pic: (c) => ({ master: observePicChip(c, 0), slave: observePicChip(c, 1) }),
  mp: (c) => Array.from({ length: c.lapics.count }, (_, vcpu) => c.lapics.at(vcpu).mpState),
  events: (c) =>
    Array.from({ length: c.lapics.count }, (_, vcpu) => {
      const a = c.lapics.at(vcpu);
      return {
        nmi: a.nmiPending,
        smi: a.smiPending,
        init: a.initPending,
        sipi: a.sipiPending,
        sipi_vector: a.sipiVector,
      };
    }),
};
