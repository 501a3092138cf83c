// Locks and SRCU domains as arena state, so that "held" is part of the explored state.

import { array, bits, struct, u1, u8, type View } from '../arena/index.ts';

/** A mutex or spinlock: 0 free, else pid + 1 of the holder. */
export const lock = struct('lock', { holder: u8 });
export type Lock = View<typeof lock>;

/**
 * An SRCU domain: readers count themselves under the current index; a writer flips the index and waits until nobody is left
 * under the old one. Linux: kernel/rcu/srcutree.c.
 * Abstraction: one flip per grace period instead of two; sound here because steps are sequentially consistent and grace
 * periods are serialised: a writer flips only when the readers of the grace period before have left.
 */
export const srcu = struct('srcu', { index: u1, readers: array(bits(8), 2) });
export type Srcu = View<typeof srcu>;

/** srcu_read_lock: returns the index to hand to {@link srcuReadUnlock}. */
export function srcuReadLock(s: Srcu): number {
  const index = s.index;
  s.readers.set(index, s.readers.get(index) + 1);
  return index;
}

/** srcu_read_unlock. */
export function srcuReadUnlock(s: Srcu, index: number): void {
  s.readers.set(index, s.readers.get(index) - 1);
}

/** First half of synchronize_srcu: new readers go elsewhere. Returns the index whose readers must leave. */
export function srcuFlip(s: Srcu): number {
  const old = s.index;
  s.index = old ^ 1;
  return old;
}

/** True when no reader is left under `index`. */
export const srcuQuiet = (s: Srcu, index: number): boolean => s.readers.get(index) === 0;
