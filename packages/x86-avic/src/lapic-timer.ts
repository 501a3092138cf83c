// The local APIC timer on the model's clock: one-shot, periodic, TSC deadline. Intel SDM vol. 3 11.5.4; Linux: lapic.c.

import { isHwEnabled, isSwEnabled, type Lapics, LVT, LVT_MASKED } from './lapic.ts';
import { deliverLocal } from './lapic-local.ts';
import type { Lapic } from './layout.ts';

/** LVTT bits 18:17. */
export const TIMER_MODE = { ONE_SHOT: 0, PERIODIC: 1, TSC_DEADLINE: 2 } as const;

export const timerMode = (a: Lapic): number => (a.lvt.get(LVT.TIMER) >> 17) & 3;

/** TDCR bits 3, 1, 0 → 2, 4, 8, 16, 32, 64, 128, 1. */
export function divisor(a: Lapic): number {
  const code = ((a.timerDivide & 8) >> 1) | (a.timerDivide & 3);
  return 1 << ((code + 1) & 7);
}

/** kvm.min_timer_period_us. */
const MIN_PERIOD_NS = 200_000n;

/** The timers of one VM. The bus cycle is 1 ns; the model's TSC counts nanoseconds. */
export interface LapicTimers {
  /** TMICT written: starts anew, or stops for 0. */
  start(vcpu: number): void;
  /** KVM_SET_LAPIC: starts with so many ticks left. Linux: a one-shot timer with none left fires at once, whether it had before or not. */
  restore(vcpu: number, count: number): void;
  /** LVTT or the whole page written, timer mode before. Linux: into and out of TSC-deadline mode the timer is cancelled and TMICT cleared. */
  changeMode(vcpu: number, before: number): void;
  /** TMCCT: what is left, in timer ticks. Linux: the whole period left reads as 0. */
  current(vcpu: number): number;
  /** IA32_TSC_DEADLINE written. */
  setDeadline(vcpu: number, tsc: bigint): void;
  /** TDCR changed: the remaining ticks stay, their length changes. Linux: a one-shot timer that has fired fires again. */
  rescale(vcpu: number, oldDivisor: number): void;
  /** Hands over an expiry that found the entry masked: it is kept until the vCPU enters with the entry open. */
  inject(vcpu: number): void;
  /** Fires every timer whose time has come. */
  tick(now: bigint): void;
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const isDeadline = (mode: number): boolean => mode === TIMER_MODE.TSC_DEADLINE;

/** Creates the timers. `now` is model time in nanoseconds. */
export function createLapicTimers(lapics: Lapics, now: () => number): LapicTimers {
  const time = (): bigint => BigInt(Math.trunc(now()));

  /** Linux: a periodic timer is at least as long as kvm.min_timer_period_us (200). */
  function limit(a: Lapic): void {
    if (timerMode(a) === TIMER_MODE.PERIODIC && a.timerPeriod !== 0n) a.timerPeriod = max(a.timerPeriod, MIN_PERIOD_NS);
  }

  function setPeriod(a: Lapic): void {
    a.timerPeriod = BigInt(a.timerInitial) * BigInt(divisor(a));
    limit(a);
  }

  /** kvm_inject_apic_timer_irqs. */
  function inject(vcpu: number): void {
    const a = lapics.at(vcpu);
    const open = isHwEnabled(a) && isSwEnabled(a) && (a.lvt.get(LVT.TIMER) & LVT_MASKED) === 0;
    if (a.timerPending === 0 || !open) return;
    a.timerPending = 0;
    deliverLocal(lapics, vcpu, LVT.TIMER);
    if (isDeadline(timerMode(a))) a.tscDeadline = 0n;
  }

  /** apic_timer_expired. Abstraction: the vCPU is kicked and takes the expiry at once. */
  function expire(vcpu: number, a: Lapic): void {
    a.timerPending = 1;
    inject(vcpu);
    const again = timerMode(a) === TIMER_MODE.PERIODIC && a.timerPeriod !== 0n;
    a.timerDeadline = again ? a.timerDeadline + a.timerPeriod : 0n;
  }

  /** Runs until `deadline`, which may be now. */
  function run(vcpu: number, a: Lapic, deadline: bigint): void {
    a.timerDeadline = deadline;
    if (deadline <= time()) expire(vcpu, a);
  }

  function cancel(a: Lapic): void {
    a.timerDeadline = 0n;
    a.timerPending = 0;
  }

  /** __start_apic_timer: `left` ticks of a period, or all of it. */
  function start(vcpu: number, left?: number): void {
    const a = lapics.at(vcpu);
    const mode = timerMode(a);
    cancel(a);
    if (isDeadline(mode)) {
      if (a.tscDeadline !== 0n) run(vcpu, a, a.tscDeadline);
      return;
    }
    if (mode > TIMER_MODE.TSC_DEADLINE) return;
    setPeriod(a);
    if (a.timerPeriod === 0n) return;
    const wanted = left === undefined ? a.timerPeriod : BigInt(left) * BigInt(divisor(a));
    const whole = wanted > a.timerPeriod || (wanted === 0n && mode === TIMER_MODE.PERIODIC);
    run(vcpu, a, time() + (whole ? a.timerPeriod : wanted));
  }

  return {
    start: (vcpu) => start(vcpu),
    restore: start,
    changeMode(vcpu, before) {
      const a = lapics.at(vcpu);
      const mode = timerMode(a);
      if (mode === before) return;
      if (isDeadline(mode) !== isDeadline(before)) {
        cancel(a);
        a.timerInitial = 0;
        a.timerPeriod = a.tscDeadline = 0n;
      }
      limit(a);
    },
    current(vcpu) {
      const a = lapics.at(vcpu);
      if (isDeadline(timerMode(a)) || a.timerDeadline === 0n || a.timerPeriod === 0n) return 0;
      return Number((max(0n, a.timerDeadline - time()) % a.timerPeriod) / BigInt(divisor(a)));
    },
    setDeadline(vcpu, tsc) {
      const a = lapics.at(vcpu);
      if (!isDeadline(timerMode(a))) return;
      a.tscDeadline = tsc;
      start(vcpu);
    },
    rescale(vcpu, oldDivisor) {
      const a = lapics.at(vcpu);
      if (divisor(a) === oldDivisor || a.timerPeriod === 0n) return;
      setPeriod(a);
      if (a.timerPending === 1 && timerMode(a) !== TIMER_MODE.PERIODIC) {
        a.timerDeadline = 0n;
        return;
      }
      const left = max(0n, a.timerDeadline - time());
      run(vcpu, a, time() + (left * BigInt(divisor(a))) / BigInt(oldDivisor));
    },
    inject,
    tick(until) {
      for (let vcpu = 0; vcpu < lapics.count; vcpu++) {
        const a = lapics.at(vcpu);
        for (let fired = 0; a.timerDeadline !== 0n && a.timerDeadline <= until && fired < 1_000_000; fired++)
          expire(vcpu, a);
      }
    },
  };
}
