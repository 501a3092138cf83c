// A GSI changes from MSI to pin, and the IRTE is left alone because the new route is not an MSI.

import { bypassRoute } from '@virq/irq-core/models';
import { replace } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { ROUTED, routingUpdate, updateIrte } = bypassRoute;

/** The bug. */
export const bug = defineBug({
  slug: 'route-non-msi',
  title: 'irq bypass: the IRTE goes on posting after its GSI was routed to a pin',
  family: 'core',
  cve: 'CVE-2025-37885',
  commits: [{ hash: '9bcac97dc42d', title: "KVM: x86: Reset IRTE to host control if *new* route isn't postable" }],
  story: `When the VMM changes the routing table, KVM updates the IRTEs of passed-through interrupts. It skipped entries that are no MSI: they cannot be posted.

But the old entry was an MSI, and the IRTE still posts it. The guest gets interrupts of a route that is gone; if the VM is destroyed while the device lives, the IOMMU writes into
memory that belongs to somebody else. There for ten years.`,
  links: [
    { text: 'KVM: x86: Reset IRTE to host control (9bcac97dc42d)', url: 'https://git.kernel.org/linus/9bcac97dc42d' },
  ],
  model: bypassRoute.bypassRoute,
  proof: { updates: 2, loads: 2 },
  variant: [
    [
      routingUpdate,
      replace(routingUpdate, 'updateIrte', (m, f) => {
        const { irqfd } = m.kvm;
        if (f.route === ROUTED.MSI && m.irqfds.at(irqfd).producer === 1) updateIrte(m, irqfd, f.route);
      }),
    ],
  ],
  expected: { property: 'an IRTE posts only what is routed as an MSI', length: 6 },
  fix: 'The IRTE is updated whatever the new route is; one that cannot be posted means host mode.',
});
