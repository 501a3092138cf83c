// One local APIC: accepting interrupts, priorities, acknowledge and EOI. Intel SDM vol. 3 ch. 11; Linux: arch/x86/kvm/lapic.c.

import { type Context, X86_REQ } from './context.ts';
import type { Lapic } from './layout.ts';

/** Delivery modes, bits 10:8 of ICR, MSI data and redirection entry. */
export const DM = { FIXED: 0, LOWEST: 1, SMI: 2, RES3: 3, NMI: 4, INIT: 5, SIPI: 6, EXTINT: 7 } as const;

/** How an interrupt is triggered; only IPIs de-assert. */
export const TRIGGER = { EDGE: 0, LEVEL: 1, LEVEL_DEASSERTED: 2 } as const;

/** IA32_APIC_BASE bits. */
export const APIC_BASE = { BSP: 1 << 8, X2APIC: 1 << 10, ENABLE: 1 << 11, ADDRESS: 0xfee00000 } as const;

/** LVT indices in the arena. */
export const LVT = { TIMER: 0, THERMAL: 1, PMC: 2, LINT0: 3, LINT1: 4, ERROR: 5, CMCI: 6 } as const;
export const LVT_MASKED = 1 << 16;
/** SVR bit 12: the EOI goes to nobody else ("directed EOI"). */
export const SVR_SUPPRESS_EOI = 1 << 12;

/** IA32_APIC_BASE: x2APIC mode. */
export function isX2apic(a: Lapic): boolean {
  return (a.baseLo & APIC_BASE.X2APIC) !== 0;
}
/** IA32_APIC_BASE: the LAPIC is there at all. */
export function isHwEnabled(a: Lapic): boolean {
  return (a.baseLo & APIC_BASE.ENABLE) !== 0;
}
/** SVR bit 8. */
export function isSwEnabled(a: Lapic): boolean {
  return (a.svr & 0x100) !== 0;
}
/** kvm_apic_accept_pic_intr: LAPIC off, or LINT0 unmasked in ExtINT mode. */
export const acceptsPic = (a: Lapic): boolean =>
  !isHwEnabled(a) || ((a.lvt.get(LVT.LINT0) & LVT_MASKED) === 0 && ((a.lvt.get(LVT.LINT0) >> 8) & 7) === DM.EXTINT);

/** The xAPIC id: the top byte of the ID register. */
export const xapicId = (a: Lapic): number => a.id >>> 24;
/** kvm_apic_pending_eoi: the vector is requested or in service. */
export const pendingEoi = (a: Lapic, vector: number): boolean => a.isr.has(vector) || a.irr.has(vector);

/**
 * apic_find_highest_isr: the highest vector in service, -1 if none. Linux: goes by the count and the vector taken last, which are
 * current except within KVM_SET_LAPIC.
 */
export function highestInService(a: Lapic): number {
  if (a.isrCount === 0) return -1;
  return a.isrCache !== 0 ? a.isrCache - 1 : a.isr.highest();
}

/** PPR = (TPR class ≥ class of the highest vector in service) ? TPR : that class. */
export function computePpr(a: Lapic): number {
  const vector = highestInService(a);
  const { tpr } = a;
  return vector < 0 || (tpr & 0xf0) >= (vector & 0xf0) ? tpr : vector & 0xf0;
}

/** AVIC or APICv, as delivery sees it. */
export interface Acceleration {
  /** deliver_interrupt: the interrupt is put where it is looked for, and the vCPU is told. */
  deliver(vcpu: number, vector: number, deliveryMode: number, trigger: number): void;
  /** sync_pir_to_irr: what was posted elsewhere joins the IRR. */
  syncPirToIrr?(vcpu: number): void;
}

/** What a delivery mode does to one LAPIC: 1 accepted, 0 refused. */
type Mode = (vcpu: number, vector: number, trigger: number) => number;

/** The local APICs of one VM, by vCPU index. */
export interface Lapics {
  at(vcpu: number): Lapic;
  readonly count: number;
  /** __apic_accept_irq: 1 accepted, 0 refused. `trigger` is one of {@link TRIGGER}. */
  accept(vcpu: number, dm: number, vector: number, trigger: number): number;
  /** Highest vector above PPR, -1 if none. Recomputes PPR as the kernel does. */
  deliverable(vcpu: number): number;
  /** kvm_get_apic_interrupt: IRR → ISR for the deliverable vector; -1 if none. */
  acknowledge(vcpu: number): number;
  /** The same for a given vector. */
  takeIntoService(vcpu: number, vector: number): void;
  /** apic_set_eoi: returns the vector that left service, -1 if none was in it. */
  eoi(vcpu: number): number;
  /** kvm_apic_set_eoi_accelerated: the CPU has ended the vector, KVM is told because of the EOI-exit bitmap. Returns 0. */
  eoiAccelerated(vcpu: number, vector: number): number;
  updatePpr(vcpu: number): void;
  /** Who tells a vCPU of an interrupt while its local APIC is accelerated. */
  bindAcceleration(to: Acceleration): void;
  /** Where an EOI of a vector that the IOAPIC handles goes; bound by the IOAPIC or the split irqchip. */
  bindEoi(handler: (vcpu: number, vector: number, trigger: number) => void): void;
}

/** Creates the LAPICs over their states. */
export function createLapics(ctx: Context): Lapics {
  const views = Array.from({ length: ctx.state.lapics.length }, (_, vcpu) => ctx.state.lapics.at(vcpu));
  const at = (vcpu: number): Lapic => views[vcpu] as Lapic;
  const { vcpus } = ctx.kvm;
  const { trace } = ctx;
  const { EVENT } = X86_REQ;
  const { FIXED } = DM;
  const { LEVEL, LEVEL_DEASSERTED } = TRIGGER;
  let acceleration: Acceleration | null = null;
  let forwardEoi: (vcpu: number, vector: number, trigger: number) => void = () => undefined;

  function acceptEvent(vcpu: number, dm: number, vector: number, trigger: number): void {
    const fields = {
      apicid: at(vcpu).vcpuId,
      vec: vector,
      deliveryMode: dm,
      trigger: trigger === TRIGGER.EDGE ? 0 : 1,
    };
    trace.emit('kvm_apic_accept_irq', fields);
  }

  const eoiEvent = (a: Lapic, vector: number): void => trace.emit('kvm_eoi', { apicid: a.vcpuId, vector });

  /** Fixed and LowPrio end here: the delivery seam (emulated IRR; AVIC and APICv replace it). */
  function fixed(vcpu: number, vector: number, trigger: number, deliveryMode: number = DM.FIXED): number {
    const a = at(vcpu);
    if (trigger === LEVEL_DEASSERTED || !isHwEnabled(a) || !isSwEnabled(a)) return 0;
    if (trigger === LEVEL) a.tmr.add(vector);
    else a.tmr.delete(vector);
    if (acceleration !== null) {
      acceleration.deliver(vcpu, vector, deliveryMode, trigger);
      return 1;
    }
    a.irr.add(vector);
    vcpus.notify(vcpu, EVENT);
    return 1;
  }

  const MODES: readonly Mode[] = [
    fixed,
    (vcpu, vector, trigger) => {
      at(vcpu).arbPrio++;
      return fixed(vcpu, vector, trigger, DM.LOWEST);
    },
    (vcpu) => {
      if (!ctx.profile.smm) return 0;
      at(vcpu).smiPending = 1;
      vcpus.notify(vcpu, X86_REQ.SMI);
      return 1;
    },
    (vcpu) => {
      vcpus.notify(vcpu, EVENT);
      return 1;
    },
    (vcpu) => {
      const a = at(vcpu);
      a.nmiPending = Math.min(2, a.nmiPending + 1);
      vcpus.notify(vcpu, X86_REQ.NMI);
      return 1;
    },
    (vcpu, _vector, trigger) => {
      if (trigger === LEVEL_DEASSERTED) return 0;
      const a = at(vcpu);
      a.initPending = 1;
      a.sipiPending = 0;
      vcpus.notify(vcpu, EVENT);
      return 1;
    },
    (vcpu, vector) => {
      const a = at(vcpu);
      a.sipiVector = vector;
      a.sipiPending = 1;
      vcpus.notify(vcpu, EVENT);
      return 1;
    },
    () => 0,
  ];

  /** apic_has_interrupt_for_ppr. */
  function requestAbove(a: Lapic, ppr: number): number {
    const vector = a.irr.highest();
    return vector >= 0 && (vector & 0xf0) > ppr ? vector : -1;
  }

  function updatePpr(vcpu: number, a: Lapic): void {
    const ppr = computePpr(a);
    const fell = ppr < a.ppr;
    a.ppr = ppr;
    if (fell && requestAbove(a, ppr) >= 0) vcpus.request(vcpu, EVENT);
  }

  function deliverable(vcpu: number): number {
    const a = at(vcpu);
    if (!isHwEnabled(a)) return -1;
    acceleration?.syncPirToIrr?.(vcpu);
    const ppr = computePpr(a);
    a.ppr = ppr;
    return requestAbove(a, ppr);
  }

  function takeIntoService(vcpu: number, vector: number): void {
    const a = at(vcpu);
    a.irr.delete(vector);
    if (!a.isr.has(vector)) a.isrCount++;
    a.isr.add(vector);
    a.isrCache = 0;
    a.ppr = computePpr(a);
  }

  /** kvm_apic_ack_interrupt for a deliverable vector, which is above everything in service. */
  function takeHighest(a: Lapic, vector: number): void {
    a.irr.delete(vector);
    a.isr.add(vector);
    a.isrCount++;
    a.isrCache = vector + 1;
    a.ppr = vector & 0xf0;
  }

  /** kvm_ioapic_send_eoi, of a vector that the IOAPIC handles. */
  function sendEoi(vcpu: number, a: Lapic, vector: number): void {
    if (a.staleEoi === vector + 1 && ctx.profile.rescansAfterStaleEoi) vcpus.request(vcpu, X86_REQ.SCAN_IOAPIC);
    forwardEoi(vcpu, vector, a.tmr.has(vector) ? 1 : 0);
  }

  return {
    at,
    count: views.length,
    accept(vcpu, dm, vector, trigger) {
      if (trace.on) acceptEvent(vcpu, dm, vector, trigger);
      return dm === FIXED ? fixed(vcpu, vector, trigger) : (MODES[dm] as Mode)(vcpu, vector, trigger);
    },
    deliverable,
    acknowledge(vcpu) {
      const a = at(vcpu);
      if (!isHwEnabled(a)) return -1;
      const ppr = computePpr(a);
      const vector = requestAbove(a, ppr);
      if (vector < 0) a.ppr = ppr;
      else takeHighest(a, vector);
      return vector;
    },
    takeIntoService,
    eoi(vcpu) {
      const a = at(vcpu);
      const vector = highestInService(a);
      if (trace.on) eoiEvent(a, vector);
      if (vector < 0) return -1;
      a.isr.delete(vector);
      a.isrCount--;
      a.isrCache = 0;
      // A fall of the PPR asks for an evaluation of events; here that is asked for in any case.
      a.ppr = computePpr(a);
      if (a.eoiVectors.has(vector)) sendEoi(vcpu, a, vector);
      vcpus.request(vcpu, EVENT);
      return vector;
    },
    eoiAccelerated(vcpu, vector) {
      const a = at(vcpu);
      if (trace.on) eoiEvent(a, vector);
      if (a.eoiVectors.has(vector)) sendEoi(vcpu, a, vector);
      vcpus.request(vcpu, EVENT);
      return 0;
    },
    updatePpr: (vcpu) => updatePpr(vcpu, at(vcpu)),
    bindAcceleration(to) {
      acceleration = to;
    },
    bindEoi(handler) {
      forwardEoi = handler;
    },
  };
}
