// The local APIC timer on the model's clock: one-shot, periodic, TSC deadline. Intel SDM vol. 3 11.5.4; Linux: lapic.c.

import { isHwEnabled, type Lapics, LVT, LVT_MASKED } from './lapic.ts';
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
  /** TMICT written: starts or stops. */
  start(vcpu: number): void;
  stop(vcpu: number): void;
  /** TMCCT: what is left, in timer ticks. */
  current(vcpu: number): number;
  setDeadline(vcpu: number, tsc: bigint): void;
  /** TDCR changed while running: the remaining ticks stay, their length changes. */
  rescale(vcpu: number, oldDivisor: number): void;
  /** Fires every timer whose time has come. */
  tick(now: bigint): void;
}

/** Creates the timers. `now` is model time in nanoseconds. */
export function createLapicTimers(lapics: Lapics, now: () => number): LapicTimers {
  const time = (): bigint => BigInt(Math.trunc(now()));
  /** Linux: periodic timers are at least as long as kvm.min_timer_period_us (200). */
  function period(a: Lapic): bigint {
    const wanted = BigInt(a.timerInitial) * BigInt(divisor(a));
    return timerMode(a) === TIMER_MODE.PERIODIC && wanted < MIN_PERIOD_NS ? MIN_PERIOD_NS : wanted;
  }

  function fire(vcpu: number, a: Lapic): void {
    const lvt = a.lvt.get(LVT.TIMER);
    if (isHwEnabled(a) && (lvt & LVT_MASKED) === 0) lapics.accept(vcpu, 0, lvt & 0xff, 0);
    if (timerMode(a) === TIMER_MODE.PERIODIC && a.timerInitial !== 0) a.timerDeadline += period(a);
    else a.timerDeadline = 0n;
    if (timerMode(a) === TIMER_MODE.TSC_DEADLINE) a.tscDeadline = 0n;
  }

  const timers: LapicTimers = {
    start(vcpu) {
      const a = lapics.at(vcpu);
      a.timerDeadline = a.timerInitial === 0 ? 0n : time() + period(a);
    },
    stop(vcpu) {
      lapics.at(vcpu).timerDeadline = 0n;
    },
    current(vcpu) {
      const a = lapics.at(vcpu);
      if (timerMode(a) === TIMER_MODE.TSC_DEADLINE || a.timerDeadline === 0n) return 0;
      const left = a.timerDeadline - time();
      return left <= 0n ? 0 : Number(left / BigInt(divisor(a)));
    },
    setDeadline(vcpu, tsc) {
      const a = lapics.at(vcpu);
      if (timerMode(a) !== TIMER_MODE.TSC_DEADLINE) return;
      a.tscDeadline = tsc;
      a.timerDeadline = tsc;
      if (tsc !== 0n && tsc <= time()) fire(vcpu, a);
    },
    rescale(vcpu, oldDivisor) {
      const a = lapics.at(vcpu);
      if (a.timerDeadline === 0n || timerMode(a) === TIMER_MODE.TSC_DEADLINE) return;
      const left = a.timerDeadline - time();
      if (left > 0n) a.timerDeadline = time() + (left * BigInt(divisor(a))) / BigInt(oldDivisor);
    },
    tick(until) {
      for (let vcpu = 0; vcpu < lapics.count; vcpu++) {
        const a = lapics.at(vcpu);
        for (let fired = 0; a.timerDeadline !== 0n && a.timerDeadline <= until && fired < 1_000_000; fired++)
          fire(vcpu, a);
      }
    },
  };
  return timers;
}
