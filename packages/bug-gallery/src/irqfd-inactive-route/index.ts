// An event under way uses the route of an irqfd that routing updates no longer reach.

import { irqfdRoute } from '@virq/irq-core/models';
import { replace } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { wakeup } = irqfdRoute;

/** The bug. */
export const bug = defineBug({
  slug: 'irqfd-inactive-route',
  title: 'irqfd: an event is injected by a route that was replaced after its irqfd was deassigned',
  family: 'core',
  cve: 'CVE-2026-23198',
  commits: [{ hash: 'b4d37cdb77a0', title: "KVM: Don't clobber irqfd routing type when deassigning irqfd" }],
  story: `An irqfd keeps a copy of its route. KVM_SET_GSI_ROUTING renews the copies of all active irqfds and then waits until everybody who may still use the old table is done.

An irqfd that has been deassigned but not yet freed is active no more, so its copy is not renewed. A write to its eventfd can still reach it, and it injected by the old route after
KVM_SET_GSI_ROUTING had returned, when the VMM may have given the vector to another device. The same commit as irqfd-route-type: it must ask whether the irqfd is active, since the cleared
type no longer stops it.`,
  links: [
    { text: "KVM: Don't clobber irqfd routing type (b4d37cdb77a0)", url: 'https://git.kernel.org/linus/b4d37cdb77a0' },
  ],
  model: irqfdRoute.irqfdRoute,
  variant: [[wakeup, replace(wakeup, 'isActive', () => 'inject')]],
  expected: { property: 'an event uses a routing table that was replaced before it', length: 14 },
  fix: 'An irqfd that is not active does not use its copy: the event goes the slow way, by the table of its own time.',
});
