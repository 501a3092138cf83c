// A device is handed back and its ESB page stays with the guest.

import { omit } from '@virq/irq-core/protocol';
import { clrPassthruNative, xiveRemap } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-handback',
  title: 'XIVE: a guest keeps the ESB page of a device that is no longer its own',
  family: 'ppc',
  thread: 1,
  commits: [],
  story: `When a device leaves a VM its interrupt goes back to the host, and the guest's interrupt is an IPI again. If the pages of the device's source are not
removed from the VMM's page table at that moment, the guest can go on triggering, masking and ending interrupts of a device that is the host's, or
another guest's. This is why passthrough of interrupts with ESB pages needs kvmppc_xive_native_reset_mapped on the way back as well as on the way in.`,
  links: [],
  model: xiveRemap,
  proof: { vcpus: 1, switches: 2 },
  variant: [[clrPassthruNative, omit(clrPassthruNative, 'unmap.zap')]],
  expected: { property: 'a device handed back leaves no page of its source in the guest', length: 68 },
  unused: [
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.resend'",
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.sync'",
    "vCPU at its ESB pages: 'fault.timaPage'",
  ],
  fix: 'The pages are removed before the device counts as handed back, and no fault brings them in again.',
});
