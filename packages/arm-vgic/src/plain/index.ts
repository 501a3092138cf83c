// What a VM does with plain interrupts when nobody is between: one at a time, on the words of the arena.

import { bareOf } from '@virq/irq-core/arena';
import type { ArmState } from '../layout.ts';
import { PlainCpus } from './cpu.ts';
import { PlainIrqs } from './irqs.ts';
import { PlainLists, type PlainRules } from './lists.ts';

export { PLAIN } from './irqs.ts';

/** Its parts. */
export interface Plain {
  readonly irqs: PlainIrqs;
  readonly lists: PlainLists;
  readonly cpus: PlainCpus;
  /** SPIs on lists are counted (lists/queue.ts). */
  readonly countsSpis: boolean;
}

/** Creates them; null where the arena records what is touched, and everything goes by views. */
export function createPlain(state: ArmState, rules: PlainRules): Plain | null {
  const bare = bareOf(state);
  if (bare === null) return null;
  const irqs = new PlainIrqs(bare, state);
  const lists = new PlainLists(irqs, state, rules);
  const countsSpis = rules.form.overflow !== 'underflow' && rules.host === 3 && rules.hasTdir;
  return { irqs, lists, cpus: new PlainCpus(irqs, lists), countsSpis };
}
