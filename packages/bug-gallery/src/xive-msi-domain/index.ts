// A number of one irq domain is used in another.

import { replace } from '@virq/irq-core/protocol';
import { setPassthruNative, xiveVectors } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

type Store = (typeof setPassthruNative)['steps'][number];
/** First number of the PCI-MSI domain of a PHB4 on its host. */
const PHB_MSI_BASE = 0x80000;
const storeMsiNumber: Store = (m, f) => {
  const source = m.vms[f.vm]?.chip.sources.find(f.gsi);
  if (source !== null && source !== undefined) source.ptNumber = PHB_MSI_BASE + f.irq;
};

/** The bug. */
export const bug = defineBug({
  slug: 'xive-msi-domain',
  title: "XIVE: a passed-through interrupt is routed by its number among the PCI host bridge's MSIs",
  family: 'ppc',
  commits: [{ hash: '51be9e51a800', title: 'KVM: PPC: Book3S HV: XIVE: Fix mapping of passthrough interrupts' }],
  story: `With MSI irq domains an interrupt has a hardware number in each domain of its hierarchy: one among the MSIs of its host bridge, another in the XIVE. Passthrough went on asking the topmost domain. What it then routed to the
guest was whatever source had that number, or none; the device's own went on interrupting the host. Fixed before the domains were merged, in 2021.

Host irqs, guest sources, OPAL's numbers and indices are different things that are all small integers. Here each has a name of its own.`,
  links: [],
  model: xiveVectors,
  scope: { cycles: 0, messages: 1 },
  proof: { messages: 1 },
  variant: [[setPassthruNative, replace(setPassthruNative, 'map.storeNumber', storeMsiNumber)]],
  expected: { property: 'the interrupt arrives under the number that the guest has given it', length: 31 },
  unused: [
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.resend'",
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.sync'",
  ],
  fix: 'The number is taken from the irq data of the XIVE domain.',
});
