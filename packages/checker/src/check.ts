// check: every interleaving of a system's processes.

import type { System } from '@virq/irq-core/protocol';
import { search } from './compiled/search.ts';
import { checkPlain } from './plain.ts';
import type { CheckOptions, CheckResult } from './result.ts';

/** A system maker: `model.create`, or anything that gives a fresh system in its initial state, recording if asked. */
export type MakeSystem = (options: { readonly record: boolean }) => System;

/** Explores the states a system can reach and judges them by its properties. */
export function check(make: MakeSystem, options: CheckOptions = {}): CheckResult {
  if (options.engine === 'plain') return checkPlain(make({ record: false }), options);
  return search(make, options);
}
