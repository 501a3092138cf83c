// A device is handed back and its ESB page stays with the guest.

import { omit } from '@virq/irq-core/protocol';
import { clrMapped, xiveMapping } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-handback',
  title: 'XIVE: a guest keeps the ESB page of a device that is no longer its own',
  family: 'ppc',
  thread: 1,
  commits: [],
  story: `When a device leaves a VM its interrupt goes back to the host, and the guest's interrupt is an IPI again. If the page of the device's source is not
removed from the VMM's page table at that moment, the guest can go on triggering, masking and ending interrupts of a device that is the host's, or
another guest's. This is why passthrough of interrupts with ESB pages needs kvmppc_xive_native_reset_mapped on the way back as well as on the way in.`,
  links: [],
  model: xiveMapping,
  proof: { vcpus: 2, touches: 3 },
  variant: [[clrMapped, omit(clrMapped, 'lock mapping', 'zap', 'unlock mapping')]],
  expected: { property: 'a device handed back leaves no page of its source in the guest', length: 24 },
  fix: 'The page is removed after the source is cleared and before the device counts as handed back.',
});
