// A reset of a queue is refused because of flags that it does not need.

import { reorder } from '@virq/irq-core/protocol';
import { setNativeQueue, xiveQueueConfig } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-queue-reset',
  title: 'XIVE native: a vCPU cannot be unplugged, its queue refuses to be reset',
  family: 'ppc',
  commits: [],
  story: `H_INT_SET_QUEUE_CONFIG with size 0 resets a queue, and QEMU passes no flags then. KVM looked at the flags first, which have to say "always notify", and answered -EINVAL: unplugging a vCPU failed with
"Group 4 attr 0x46: Invalid argument". Fixed in May 2019.`,
  links: [],
  model: xiveQueueConfig,
  variant: [[setNativeQueue, reorder(setNativeQueue, 'checkFlags', 'isReset')]],
  expected: { property: 'no queue is left once all are reset', length: 35 },
  fix: 'A size of 0 is recognised before anything else is looked at.',
});
