// The page of a queue that is set anew is never given back.

import { omit } from '@virq/irq-core/protocol';
import { setNativeQueue, xiveQueueConfig } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-queue-leak',
  title: 'XIVE native: setting a queue anew leaks a page of the guest',
  family: 'ppc',
  commits: [
    { hash: '31a88c82b466', title: 'KVM: PPC: Book3S HV: XIVE: Free previous EQ page when setting up a new one' },
  ],
  story: `KVM holds a reference on the guest page of each queue. A guest that sets its queue again, as a kexec does, made KVM take a reference on the new page and forget the old one. Fixed in November 2019.`,
  links: [],
  model: xiveQueueConfig,
  variant: [[setNativeQueue, omit(setNativeQueue, 'putPrevious')]],
  expected: { property: 'KVM holds a reference on the page of each queue, and no other', length: 41 },
  fix: 'The old page is let go once the new queue is in force.',
});
