// The map says where to search before there is anything to find.

import { reorder } from '@virq/irq-core/protocol';
import { xicsResend } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { sendMsi } = xicsResend;

/** The bug. */
export const bug = defineBug({
  slug: 'xics-resend-order',
  title: 'XICS: the map of ICSs is set before the interrupt in it is marked as parked',
  family: 'ppc',
  commits: [],
  story: `The vCPU clears an ICS from its map, then looks at the resend flags of the ICS's sources, without the ICS's lock. If the deliverer sets the map first and the flag after it,
the vCPU can come in between: it clears the map and finds no flag.

The last look at need_resend does not save the interrupt, if the search is one that began before: its need_resend was for an earlier interrupt, and the one that the deliverer set is still
there. It is content, the flag is set, and the map no longer leads to it. As long as the search took the ICS's lock the order did not matter; the barrier between flag and map came with the search
that takes none.`,
  links: [
    {
      text: "KVM: PPC: Book 3S: XICS: Don't lock twice when checking for resend (21acd0e4df04)",
      url: 'https://git.kernel.org/linus/21acd0e4df04',
    },
  ],
  model: xicsResend.xicsResend,
  scope: { icss: 1 },
  proof: { masks: 2, msis: 2 },
  variant: [[sendMsi, reorder(sendMsi, 'deliver.setMap', 'deliver.setResend')]],
  expected: { property: 'what a device sent is handled', length: 44 },
  unused: ["vCPU, icp_down_cppr: 'deliver.retract'"],
  fix: 'The flag is set before the map, so whoever clears the map finds the flag.',
});
