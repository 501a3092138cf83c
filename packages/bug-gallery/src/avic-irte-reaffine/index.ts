// The guest moves its interrupt, and the IRTE is not programmed again because it is in guest mode already.

import { replace } from '@virq/irq-core/protocol';
import { avicPost } from '@virq/x86-avic/models';
import { avicOf, avicPiUpdateIrte, program } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-irte-reaffine',
  title: 'AVIC: an interrupt that the guest moves to another vCPU goes on posting to the old one',
  family: 'x86',
  commits: [{ hash: 'ed8a2f4ddef2', title: "iommu/amd: Don't block updates to GATag if guest mode is on" }],
  story: `Guests with passed-through network functions logged "No irq handler for vector" and recovered lost commands by polling, after they had moved an interrupt from one vCPU to another.

KVM asked the IOMMU driver to point the IRTE at the new vCPU. The driver saw that the entry was in guest mode already, took the call for a repetition, and returned success. Found and fixed by Joao Martins.`,
  links: [{ text: "iommu/amd: Don't block updates (ed8a2f4ddef2)", url: 'https://git.kernel.org/linus/ed8a2f4ddef2' }],
  model: avicPost,
  scope: { updates: 1 },
  variant: [
    [
      avicPiUpdateIrte,
      replace(avicPiUpdateIrte, 'program', (m, f) => {
        if (avicOf(m, f).host.irq(f.irq).entry.guestMode === 0) program(m, f);
      }),
    ],
  ],
  expected: { property: 'the IRTE of a vCPU that sleeps writes to the GA log', length: 21 },
  fix: 'The entry is written whenever KVM asks, in guest mode or not.',
});
