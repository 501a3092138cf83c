// What the queues of a native guest count, and what comes of a queue that counts for ever.

import { check } from '@virq/checker';
import { type Edits, omit } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { updateNativeSource, xiveQueueCount } from './xive-queue-count.ts';

const kernel: Edits = [[updateNativeSource, omit(updateNativeSource, 'leave', 'countOut')]];
const explore = (scope: Readonly<Record<string, number>>, edits: Edits = []) => {
  const model = xiveQueueCount.build(scope);
  return check((o) => model.create({ ...o, edits }));
};

describe('xive-queue-count', () => {
  it('x', () => {
    const t = performance.now();
    const r = explore({ before: 40_000 });
    console.log(r.verdict, r.states, r.transitions, r.unreached, r.violations, performance.now() - t);
    const t2 = performance.now();
    const r2 = explore({ before: 32_763 }, kernel);
    console.log(
      r2.verdict,
      r2.states,
      r2.transitions,
      r2.unreached,
      JSON.stringify(r2.violations),
      performance.now() - t2,
    );
    expect(1).toBe(1);
  });
});
