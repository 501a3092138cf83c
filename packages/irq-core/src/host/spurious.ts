// The spurious interrupt detector: a line with almost only unhandled interrupts is disabled. Linux: kernel/irq/spurious.c note_interrupt.

import { IRQ, type SpuriousLimits } from './flags.ts';
import type { IrqDesc } from './layout.ts';

/** What only threads will handle is judged one interrupt later, by whether any of them has handled something since. Null: not yet. */
function judgeThreads(d: IrqDesc): number | null {
  if (d.deferred === 0) {
    d.deferred = 1;
    return null;
  }
  if (d.threadsHandled === d.threadsHandledLast) return IRQ.NONE;
  d.threadsHandledLast = d.threadsHandled;
  return IRQ.HANDLED;
}

function judged(d: IrqDesc): number | null {
  if ((d.result & IRQ.WAKE_THREAD) === 0) return d.result;
  if (d.result === IRQ.WAKE_THREAD) return judgeThreads(d);
  d.deferred = 0;
  return d.result;
}

/**
 * note_interrupt with the ORed result of all handlers; true when the line is to be disabled. Time is in nanoseconds.
 * Abstraction: misrouted interrupts (irqpoll, irqfixup) and the timer that polls disabled lines are left out: both only add calls of the
 * same handlers.
 */
export function noteInterrupt(d: IrqDesc, time: number, limits: SpuriousLimits): boolean {
  if (limits.window === 0) return false;
  const result = judged(d);
  if (result === null) return false;
  if (result === IRQ.NONE) {
    const since = time - (d.lastUnhandledHi * 0x1_0000_0000 + d.lastUnhandledLo);
    d.unhandled = d.unhandled === 0 || since > Number(limits.gap) ? 1 : d.unhandled + 1;
    d.lastUnhandledHi = Math.floor(time / 0x1_0000_0000);
    d.lastUnhandledLo = time >>> 0;
  }
  if (d.unhandled === 0 || ++d.irqCount < limits.window) return false;
  const kill = d.unhandled > limits.unhandled;
  d.irqCount = d.unhandled = 0;
  return kill;
}
