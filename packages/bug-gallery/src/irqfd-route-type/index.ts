// Deassign clears the cached route's type, and shutdown no longer knows that there is an IRTE to give back.

import { bypassRoute } from '@virq/irq-core/models';
import { insert } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { deassign, ROUTED } = bypassRoute;

/** The bug. */
export const bug = defineBug({
  slug: 'irqfd-route-type',
  title: 'irqfd: deassign clears the route type, so the IRTE goes on posting for a freed irqfd',
  family: 'core',
  cve: 'CVE-2026-23198',
  commits: [{ hash: 'b4d37cdb77a0', title: "KVM: Don't clobber irqfd routing type when deassigning irqfd" }],
  story: `KVM_IRQFD with DEASSIGN cleared the type in the irqfd's copy of its route, so that an injection under way would find nothing to inject. The irqfd is freed later, by a worker, which
first takes the bypass down. Since 2025 that asks the copy whether the route is an MSI. It is not any more; so there is nothing to undo.

The IRTE keeps posting and the freed irqfd stays on the vCPU's list. The next load of the vCPU follows the list.`,
  links: [
    { text: "KVM: Don't clobber irqfd routing type (b4d37cdb77a0)", url: 'https://git.kernel.org/linus/b4d37cdb77a0' },
  ],
  model: bypassRoute.bypassRoute,
  proof: { updates: 2, loads: 2 },
  variant: [
    [
      deassign,
      insert(
        deassign,
        { before: 'deactivate' },
        {
          clearType(m) {
            m.irqfds.at(m.kvm.irqfd).route = ROUTED.NOWHERE;
          },
        },
      ),
    ],
  ],
  expected: { property: 'an IRTE posts only what is routed as an MSI', length: 10 },
  fix: 'The route stays as it is; whether the irqfd is active says whether an injection may use it.',
});
