// A queue counts in and never out.

import { omit } from '@virq/irq-core/protocol';
import { updateNativeSource, xiveQueueCount } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-queue-count',
  title: 'XIVE native: after 16,382 settings of its interrupts a vCPU gets no other',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `A queue of 64 KiB has room for 16,384 entries, one per source that is routed to it, and KVM counts: SOURCE_CONFIG adds one, and when 16,382 are there it tries other vCPUs, then answers
-EBUSY. In native mode nothing is ever subtracted, neither when the source is routed elsewhere, nor by RESET, nor when the queue is set anew. Only closing the device forgets it.

A guest that runs irqbalance, or is rebooted often without the device being made anew, uses its queues up. From then on interrupts go to a vCPU that it has not asked for, silently, as long as one has
room; then H_INT_SET_SOURCE_CONFIG fails. The checker shows the first after 32,764 moves between two of three vCPUs.`,
  links: [],
  model: xiveQueueCount,
  scope: { before: 32_763 },
  proof: { before: 32_763, moves: 8 },
  variant: [[updateNativeSource, omit(updateNativeSource, 'leave', 'countOut')]],
  expected: { property: 'an interrupt goes to the server that the guest has asked for', length: 4 },
  fix: 'SOURCE_CONFIG takes one off the queue that the source has left.',
});
