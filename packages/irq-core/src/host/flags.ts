// IRQF_*, flow types, handler results, spurious thresholds. Linux: include/linux/interrupt.h, kernel/irq/spurious.c.

/** irqaction flags. COND_ONESHOT (≥ 6.10) adapts to the line. */
export const IRQF = {
  TRIGGER_RISING: 1,
  TRIGGER_FALLING: 2,
  TRIGGER_HIGH: 4,
  TRIGGER_LOW: 8,
  TRIGGER_MASK: 15,
  SHARED: 0x80,
  PERCPU: 0x400,
  ONESHOT: 0x2000,
  NO_SUSPEND: 0x4000,
  COND_SUSPEND: 0x40000,
  NO_AUTOEN: 0x80000,
  COND_ONESHOT: 0x200000,
} as const;

/** Flow handlers. */
export const FLOW = { LEVEL: 0, FASTEOI: 1, EDGE: 2 } as const;

/** What a handler returns. Results of a shared line are ORed. */
export const IRQ = { NONE: 0, HANDLED: 1, WAKE_THREAD: 2 } as const;

/** Thresholds of the spurious detector; `check` uses small ones. */
export interface SpuriousLimits {
  /** Interrupts after which the unhandled ones are looked at; 0: the detector is off, and nothing is counted. */
  readonly window: number;
  /** More unhandled ones than this in a window disable the line. */
  readonly unhandled: number;
  /** Unhandled ones farther apart than this start a new count, nanoseconds (HZ/10). */
  readonly gap: bigint;
}

/** Linux: 99,900 of 100,000 within HZ/10 of each other. */
export const SPURIOUS: SpuriousLimits = { window: 100_000, unhandled: 99_900, gap: 100_000_000n };

/** No detector (kernel parameter `noirqdebug`). */
export const SPURIOUS_OFF: SpuriousLimits = { window: 0, unhandled: 0, gap: 0n };
