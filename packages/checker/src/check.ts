// check: every interleaving of a system's processes.

import type { System } from '@virq/irq-core/protocol';
import { type Slices, searchSlices } from './compiled/search.ts';
import { checkPlain } from './plain.ts';
import type { CheckOptions, CheckResult } from './result.ts';
import { drained, hashedSlices } from './swarm/random-search.ts';

/** A system maker: `model.create`, or anything that gives a fresh system in its initial state, recording if asked. */
export type MakeSystem = (options: { readonly record: boolean }) => System;

const slicesOf = (make: MakeSystem, options: CheckOptions): Slices =>
  (options.store ?? 'exact') === 'exact' ? searchSlices(make, options) : hashedSlices(make, options);

/** Explores the states a system can reach and judges them by its properties. */
export function check(make: MakeSystem, options: CheckOptions = {}): CheckResult {
  if (options.engine === 'plain') return checkPlain(make({ record: false }), options);
  return drained(slicesOf(make, options));
}

/** Gives other work a turn: `setImmediate` in Node, a task in browsers. */
export type Pause = () => Promise<void>;

/** The same as {@link check}, pausing about every 50 ms of `now`, so that the event loop sees signals and clicks. The plain engine does not pause. */
export async function checkWithPauses(
  make: MakeSystem,
  options: CheckOptions & { readonly now: () => number; readonly pause: Pause },
): Promise<CheckResult> {
  if (options.engine === 'plain') return checkPlain(make({ record: false }), options);
  const slices = slicesOf(make, options);
  let rested = options.now();
  for (;;) {
    const { done, value } = slices.next();
    if (done === true) return value;
    if (options.now() - rested < 50) continue;
    await options.pause();
    rested = options.now();
  }
}
