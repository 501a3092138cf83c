// An irqfd is freed while the call that assigns it still uses it.

import { irqfdAssign } from '@virq/irq-core/models';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { assign } = irqfdAssign;

/** The bug. */
export const bug = defineBug({
  slug: 'irqfd-assign-deassign',
  title: 'irqfd: deassigned and freed by one thread while another is still assigning it',
  family: 'core',
  cve: 'CVE-2024-46762',
  commits: [],
  story: `Assigning an irqfd puts it on the list, drops the lock, and then polls the eventfd once, in case it was written before. As soon as it is on the list another thread can deassign
it, and the worker frees it.

KVM holds an SRCU section over the rest of the assignment, and its shutdown waits for a grace period. Xen's privcmd had copied the code without that, and was fixed in 2024.`,
  links: [],
  model: irqfdAssign.irqfdAssign,
  variant: [[assign, omit(assign, 'enter irq_srcu', 'leave irq_srcu')]],
  expected: { property: 'no freed slot is touched', length: 12 },
  fix: 'Assign uses the irqfd inside an SRCU read-side section, and shutdown waits for a grace period before it frees.',
});
