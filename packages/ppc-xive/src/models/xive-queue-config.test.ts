// What the queues of a native guest count, and what comes of a queue that counts for ever.

import { check } from '@virq/checker';
import { type Edits, omit, reorder, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { setNativeQueue, xiveQueueConfig } from './xive-queue-config.ts';

const explore = (scope: Readonly<Record<string, number>>, edits: Edits = []) => {
  const model = xiveQueueConfig.build(scope);
  const t = performance.now();
  const r = check((o) => model.create({ ...o, edits }));
  console.log(
    r.verdict,
    r.states,
    r.transitions,
    r.unreached,
    JSON.stringify(r.violations),
    performance.now() - t,
    r.coverage.filter((l) => !l.reached),
  );
};

describe('xive-queue-config', () => {
  it('x', () => {
    explore({});
    explore({ vmms: 2 });
    explore({}, [[setNativeQueue, omit(setNativeQueue, 'isShared')]]);
    explore({ vmms: 2 }, [
      [
        setNativeQueue,
        replace(
          replace(setNativeQueue, 'lock xive', () => undefined),
          'unlock xive',
          () => undefined,
        ),
      ],
    ]);
    explore({}, [[setNativeQueue, omit(setNativeQueue, 'putPrevious')]]);
    explore({}, [[setNativeQueue, reorder(setNativeQueue, 'checkFlags', 'isReset')]]);
    expect(1).toBe(1);
  });
});
