// The second queue of a vCPU takes the escalation of the first away.

import { omit } from '@virq/irq-core/protocol';
import { setNativeQueue, xiveQueueConfig } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-second-priority',
  title: 'XIVE native: a second queue of a vCPU fails and takes the escalation of the first with it',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `With single escalation all queues of a vCPU have one escalation interrupt. KVM requests it once per queue, and Linux refuses the second request of an interrupt that is not shared. The queue is taken down
again, EQ_CONFIG fails with -EBUSY; but the error path also disposes of the interrupt's mapping, which the first queue goes on using.

Linux guests use one priority, so that nobody has met it.`,
  links: [],
  model: xiveQueueConfig,
  variant: [[setNativeQueue, omit(setNativeQueue, 'isShared')]],
  expected: { property: 'an escalation that a queue relies on is taken away', length: 21 },
  fix: 'A queue whose vCPU has its escalation already does not ask for it again.',
});
