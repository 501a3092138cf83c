// The IOAPIC as KVM models it: pin changes, service, EOI. Intel 82093AA data sheet; Linux: arch/x86/kvm/ioapic.c.

import { CHIP, type Context } from './context.ts';
import { type Delivery, lapicIrq } from './destination.ts';
import { createRtcTracking, RTC_PIN, type RtcTracking } from './ioapic-rtc.ts';
import { DM } from './lapic.ts';
import { IOAPIC_PINS, type Redirection } from './layout.ts';

/** Redirection entry, low word. */
export const RTE = {
  VECTOR: 0xff,
  DM_SHIFT: 8,
  LOGICAL: 1 << 11,
  DELIVERY_STATUS: 1 << 12,
  POLARITY: 1 << 13,
  REMOTE_IRR: 1 << 14,
  LEVEL: 1 << 15,
  MASK: 1 << 16,
} as const;

/** Successive EOIs with the line up after which injection is delayed (IOAPIC_SUCCESSIVE_IRQ_MAX_COUNT), and the delay: HZ/100. */
const STORM = 10_000;
const STORM_DELAY_NS = 10_000_000n;

/** The IOAPIC of one VM. */
export interface IoapicChip {
  /** kvm_ioapic_set_irq: -1 masked or waiting for EOI, 0 coalesced, n CPUs reached (1 for lowering). */
  setPin(pin: number, source: number, level: number, lineStatus: boolean): number;
  /** As setPin without source accounting (restore). */
  setLevel(pin: number, level: number, lineStatus: boolean): number;
  /** ioapic_service: delivers a pin if it is unmasked and not waiting for EOI. */
  service(pin: number, lineStatus: boolean): number;
  /** kvm_ioapic_update_eoi: EOI of a vector on a vCPU. */
  eoi(vcpu: number, vector: number, trigger: number): void;
  /** The EOI register: ends the vector on every level pin that waits for it. */
  endVector(vector: number): void;
  /** kvm_ioapic_update_eoi_one: the part of an EOI that concerns one pin. */
  eoiPin(vcpu: number, pin: number, trigger: number): void;
  /** The delayed EOI injection timer (10 ms) has run out. */
  tick(now: bigint): void;
  clearSource(source: number): void;
  /** Read-only but for flags: whoever changes a vector goes through setEntry. */
  entry(pin: number): Redirection;
  /** Stores both words of an entry, with no further effect. */
  setEntry(pin: number, lo: number, hi: number): void;
  /** Who still owes an EOI of the RTC tick. */
  readonly rtc: RtcTracking;
  /** kvm_apicv_activated: the CPU may complete EOIs of edges by itself. */
  bindApicv(activated: () => boolean): void;
}

/** Fields of kvm_ioapic_set_irq and kvm_ioapic_delayed_eoi_inj. */
export const redirectionFields = (e: { lo: number; hi: number }) => ({
  dst: e.hi >>> 24,
  vec: e.lo & RTE.VECTOR,
  deliveryMode: (e.lo >> RTE.DM_SHIFT) & 7,
  logical: e.lo & RTE.LOGICAL ? 1 : 0,
  trigger: e.lo & RTE.LEVEL ? 1 : 0,
  masked: e.lo & RTE.MASK ? 1 : 0,
});

/** Creates the IOAPIC; reset state: every pin masked. */
export function createIoapic(ctx: Context, delivery: Delivery, inta: () => number): IoapicChip {
  const { ioapic, lapics } = ctx.state;
  const { latchesMaskedEdge, keepsDeliveredEdge, fallingClearsEdge, remoteIrrOnAttempt, asksPicForExtint } =
    ctx.ioapicProfile;
  const { pinsOfVector } = ioapic;
  const { trace } = ctx;
  const { VECTOR, DM_SHIFT, REMOTE_IRR, LEVEL, MASK } = RTE;
  const pins = Array.from({ length: IOAPIC_PINS }, (_, pin) => ioapic.pins.at(pin));
  const pinAt = (pin: number): Redirection => pins[pin] as Redirection;
  const irq = lapicIrq();
  const rtc = createRtcTracking(ctx, delivery);
  let apicvActivated = (): boolean => false;

  function setEntry(pin: number, lo: number, hi: number): void {
    const e = pinAt(pin);
    const [old, now] = [e.lo & VECTOR, lo & VECTOR];
    pinsOfVector.set(old, pinsOfVector.get(old) & ~(1 << pin));
    pinsOfVector.set(now, pinsOfVector.get(now) | (1 << pin));
    e.lo = lo;
    e.hi = hi;
  }
  for (let pin = 0; pin < IOAPIC_PINS; pin++) setEntry(pin, MASK, 0);

  function load(lo: number, hi: number): void {
    irq.dest = hi >>> 24;
    irq.logical = (lo >> 11) & 1;
    irq.dm = (lo >> DM_SHIFT) & 7;
    irq.vector = lo & VECTOR;
    irq.trigger = (lo >> 15) & 1;
  }

  function service(pin: number, lineStatus: boolean): number {
    const e = pinAt(pin);
    const { lo } = e;
    if ((lo & MASK) !== 0 || ((lo & LEVEL) !== 0 && (lo & REMOTE_IRR) !== 0)) return -1;
    load(lo, e.hi);
    if (asksPicForExtint && irq.dm === DM.EXTINT) irq.vector = inta();
    if (irq.trigger === 0 && keepsDeliveredEdge) ioapic.delivered |= 1 << pin;
    else if (irq.trigger === 0) ioapic.irr &= ~(1 << pin);
    const ret = pin === RTC_PIN && lineStatus ? rtc.deliver(irq) : delivery.deliver(irq);
    // Linux: any result but 0 sets Remote IRR, -1 ("nobody") included.
    if ((ret !== 0 || remoteIrrOnAttempt) && (lo & LEVEL) !== 0) e.lo = lo | REMOTE_IRR;
    return ret;
  }

  function raise(pin: number, lineStatus: boolean): number {
    const bit = 1 << pin;
    if (ioapic.rtcPending > 0) {
      if ((pinAt(pin).lo & LEVEL) === 0 && apicvActivated()) rtc.lazyEoi(pinAt(pin));
      if (pin === RTC_PIN && lineStatus && ioapic.rtcPending > 0) return 0;
    }
    if (!latchesMaskedEdge && (pinAt(pin).lo & (LEVEL | MASK)) === MASK) return -1;
    const { irr } = ioapic;
    ioapic.irr = irr | bit;
    if ((pinAt(pin).lo & LEVEL) === 0) {
      ioapic.delivered &= ~bit;
      if ((irr & bit) !== 0) return 0;
    }
    return service(pin, lineStatus);
  }

  function drive(pin: number, level: number, lineStatus: boolean): number {
    if (level !== 0) return raise(pin, lineStatus);
    if (fallingClearsEdge || (pinAt(pin).lo & LEVEL) !== 0) ioapic.irr &= ~(1 << pin);
    return 1;
  }

  function setLevel(pin: number, level: number, lineStatus: boolean): number {
    if (!trace.on) return drive(pin, level, lineStatus);
    const before = redirectionFields(pinAt(pin));
    const ret = drive(pin, level, lineStatus);
    trace.emit('kvm_ioapic_set_irq', { pin, ...before, coalesced: ret === 0 ? 1 : 0 });
    return ret;
  }

  function storm(e: Redirection): boolean {
    if (++e.eois < STORM) return false;
    e.eois = 0;
    if (trace.on) trace.emit('kvm_ioapic_delayed_eoi_inj', redirectionFields(e));
    if (ioapic.delayed === 1) return true;
    ioapic.delayed = 1;
    ioapic.delayedAt = BigInt(Math.trunc(ctx.now())) + STORM_DELAY_NS;
    return true;
  }

  /** kvm_ioapic_update_eoi_one. The lock is dropped around the notifier, which may call back into setPin. */
  function eoiPin(vcpu: number, pin: number, trigger: number): void {
    const e = pinAt(pin);
    ctx.kvm.notifyAckedIrq(CHIP.IOAPIC, pin);
    const directed = (lapics.at(vcpu).svr & (1 << 12)) !== 0;
    if (trigger === 0 || directed) return;
    e.lo &= ~REMOTE_IRR;
    if ((e.lo & MASK) === 0 && (ioapic.irr & (1 << pin)) !== 0) {
      if (!storm(e)) service(pin, false);
    } else e.eois = 0;
  }

  return {
    setPin(pin, source, level, lineStatus) {
      const e = pinAt(pin);
      const sources = level !== 0 ? e.sources | (1 << source) : e.sources & ~(1 << source);
      e.sources = sources;
      return setLevel(pin, sources === 0 ? 0 : 1, lineStatus);
    },
    setLevel,
    service,
    eoi(vcpu, vector, trigger) {
      if (ioapic.rtcPending > 0) rtc.eoi(vcpu, vector);
      for (let left = pinsOfVector.get(vector); left !== 0; left &= left - 1)
        eoiPin(vcpu, 31 - Math.clz32(left & -left), trigger);
    },
    eoiPin,
    endVector(vector) {
      const waiting = RTE.LEVEL | RTE.REMOTE_IRR;
      for (let pin = 0; pin < IOAPIC_PINS; pin++) {
        const { lo } = pinAt(pin);
        if ((lo & RTE.VECTOR) === vector && (lo & waiting) === waiting) eoiPin(0, pin, 1);
      }
    },
    tick(now) {
      if (ioapic.delayed === 0 || now < ioapic.delayedAt) return;
      ioapic.delayed = 0;
      for (let pin = 0; pin < IOAPIC_PINS; pin++) {
        const { lo } = pinAt(pin);
        if ((lo & LEVEL) !== 0 && (lo & REMOTE_IRR) === 0 && (ioapic.irr & (1 << pin)) !== 0) service(pin, false);
      }
    },
    clearSource(source) {
      for (let pin = 0; pin < IOAPIC_PINS; pin++) pinAt(pin).sources &= ~(1 << source);
    },
    entry: (pin) => pinAt(pin),
    setEntry,
    rtc,
    bindApicv(activated) {
      apicvActivated = activated;
    },
  };
}
