// The pending bit of a masked vector is kept by the VMM, and the signal goes past the VMM.

import { msixPba } from '@virq/irq-core/models';
import { BLOCKED, replace } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { pollingDriver } = msixPba;

/** The bug. */
export const bug = defineBug({
  slug: 'msix-pba',
  title: 'MSI-X: a driver that polls the pending bit of a masked vector polls for ever',
  family: 'core',
  commits: [],
  story: `A guest may mask an MSI-X vector and poll its pending bit. A VMM that raises interrupts itself sets the bit when the vector is masked. With vhost-user, as with VFIO, the signal is a write to an
eventfd that KVM takes as an irqfd, and the VMM does not hear of it.

cloud-hypervisor takes the irqfd away from KVM while the vector is masked; a signal then stays in the eventfd, and is injected when the vector is unmasked: nothing is lost. But the pending
bit, which the VMM keeps for itself, is never set. Reported in March 2026 from reading the code; guests hardly ever look.`,
  links: [
    {
      text: "Interrupts from vhost-user devices don't set Pending Bit Array (cloud-hypervisor #7781)",
      url: 'https://github.com/cloud-hypervisor/cloud-hypervisor/issues/7781',
    },
    {
      text: 'Handle Pending Bit Array by checking if irqfd is ready (cloud-hypervisor #7838)',
      url: 'https://github.com/cloud-hypervisor/cloud-hypervisor/issues/7838',
    },
  ],
  model: msixPba.msixPba,
  variant: [[pollingDriver, replace(pollingDriver, 'readPba', () => BLOCKED)]],
  expected: { property: 'what came while the vector was masked is delivered after it', length: 4 },
  fix: 'The pending bit of a masked vector is read from the eventfd itself: it is set if a signal waits there.',
});
