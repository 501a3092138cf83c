// Two settings of one queue at the same time.

import { replace } from '@virq/irq-core/protocol';
import { setNativeQueue, xiveQueueConfig } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const nothing = () => undefined;
const unlocked = replace(replace(setNativeQueue, 'lock xive', nothing), 'unlock xive', nothing);

/** The bug. */
export const bug = defineBug({
  slug: 'xive-queue-race',
  title: 'XIVE native: two settings of a queue at once give its page back twice',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `EQ_CONFIG reads which page the queue has, configures the new one, and lets the old one go. Unlike RESET and EQ_SYNC it takes no lock, and neither does the ioctl for it: two threads of a VMM that set the
same queue both see the same old page, and both let it go. The guest's page then has one reference too few. QEMU holds its own big lock around it.`,
  links: [],
  model: xiveQueueConfig,
  scope: { vmms: 2, sets: 2, queues: 1 },
  proof: { vmms: 2 },
  variant: [[setNativeQueue, unlocked]],
  expected: { property: 'KVM holds a reference on the page of each queue, and no other', length: 86 },
  fix: 'EQ_CONFIG takes xive->lock.',
});
