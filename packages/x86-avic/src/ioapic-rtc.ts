// RTC ticks: which LAPICs still owe an EOI, so that user space is told of coalesced ticks. Linux: ioapic.c, struct rtc_status.

import type { Context } from './context.ts';
import { type Delivery, type LapicIrq, lapicIrq } from './destination.ts';
import { pendingEoi } from './lapic.ts';
import type { Redirection } from './layout.ts';

/** The RTC's pin and GSI. */
export const RTC_PIN = 8;

/** Bookkeeping of one IOAPIC; `rtcPending` counts the LAPICs with `rtcOwed` set. */
export interface RtcTracking {
  /** Delivers a tick and remembers who accepted it. */
  deliver(irq: LapicIrq): number;
  /** An EOI of the tick's vector by a vCPU that owes one. */
  eoi(vcpu: number, vector: number): void;
  /** An edge arrives while EOIs may go unseen: the first destination that has its vector no longer is taken to have ended it. */
  lazyEoi(entry: Redirection): void;
  /** Forgets everything (rtc_irq_eoi_tracking_reset). */
  reset(): void;
  /** Derives one vCPU's debt from its IRR and ISR: its LAPIC was restored. */
  restoreOne(vcpu: number): void;
  /** The same for all: the IOAPIC was restored. */
  restoreAll(): void;
}

/** Creates the bookkeeping. */
export function createRtcTracking(ctx: Context, delivery: Delivery): RtcTracking {
  const { ioapic, lapics } = ctx.state;
  const entry = ioapic.pins.at(RTC_PIN);
  const probe = lapicIrq();

  function owe(vcpu: number): void {
    lapics.at(vcpu).rtcOwed = 1;
    lapics.at(vcpu).rtcVector = entry.lo & 0xff;
  }

  function reset(): void {
    ioapic.rtcPending = 0;
    for (let vcpu = 0; vcpu < lapics.length; vcpu++) lapics.at(vcpu).rtcOwed = 0;
  }

  function restoreOne(vcpu: number): void {
    const a = lapics.at(vcpu);
    probe.dest = entry.hi >>> 24;
    probe.logical = (entry.lo >> 11) & 1;
    if (!delivery.matches(vcpu, probe)) return;
    const owes = pendingEoi(a, entry.lo & 0xff);
    if (owes === (a.rtcOwed === 1)) return;
    ioapic.rtcPending += owes ? 1 : -1;
    if (owes) owe(vcpu);
    else a.rtcOwed = 0;
  }

  function eoi(vcpu: number, vector: number): void {
    const a = lapics.at(vcpu);
    if (a.rtcOwed === 0 || a.rtcVector !== vector) return;
    a.rtcOwed = 0;
    ioapic.rtcPending = Math.max(0, ioapic.rtcPending - 1);
  }

  return {
    deliver(irq) {
      delivery.observer = owe;
      const ret = delivery.deliver(irq);
      delivery.observer = null;
      ioapic.rtcPending = Math.max(0, ret);
      return ret;
    },
    eoi,
    lazyEoi({ lo, hi }) {
      const vector = lo & 0xff;
      probe.dest = hi >>> 24;
      probe.logical = (lo >> 11) & 1;
      for (let vcpu = 0; vcpu < lapics.length; vcpu++) {
        if (!delivery.matches(vcpu, probe) || pendingEoi(lapics.at(vcpu), vector)) continue;
        return eoi(vcpu, vector);
      }
    },
    reset,
    restoreOne,
    restoreAll() {
      reset();
      for (let vcpu = 0; vcpu < lapics.length; vcpu++) restoreOne(vcpu);
    },
  };
}
