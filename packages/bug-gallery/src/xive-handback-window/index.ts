// The host gets its interrupt back before the IPI is in its place.

import { reorder } from '@virq/irq-core/protocol';
import { clrPassthruNative, xiveVectors } from '@virq/ppc-xive/models';
import { clrPassthruCorrected } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The steps of clr_mapped in the order of the kernel. */
const kernelOrder = clrPassthruCorrected.labels.filter((label) => label.startsWith('unmap.'));

/** The bug. */
export const bug = defineBug({
  slug: 'xive-handback-window',
  title: 'XIVE: a message that arrives while its vector is taken away is lost',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `clr_mapped first gives the device's source back to the host, and then makes the IPI what stands behind the guest's interrupt: pt_number, the pages, the EAS, the PQ bits. As soon as
the host has it, a message of the device takes the way through the host: handler, eventfd, irqfd, kvmppc_xive_set_irq. That takes no lock. While pt_number is still set it answers
-EINVAL, which the irqfd ignores; after that it triggers an IPI whose PQ bits are still 01, off.

Either way the message is gone. Removing pages in between makes the window wide. Both modes, XICS and native, have it.`,
  links: [],
  model: xiveVectors,
  scope: { messages: 1 },
  variant: [[clrPassthruNative, reorder(clrPassthruNative, ...kernelOrder)]],
  expected: { property: 'what the device has to say is heard', length: 97 },
  unused: [
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.resend'",
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.sync'",
  ],
  fix: 'The IPI is put in place and enabled first; then the device goes back to the host.',
});
