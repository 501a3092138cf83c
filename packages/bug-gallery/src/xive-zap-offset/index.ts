// The removal hits the wrong file offset, so the guest keeps the IPI's page for the device's interrupt.

import { replace } from '@virq/irq-core/protocol';
import { setMapped, xiveMapping } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-zap-offset',
  title: 'XIVE: the ESB pages of a passed-through source are removed at the wrong file offset',
  family: 'ppc',
  thread: 1,
  commits: [],
  story: `The pages of guest interrupt n lie at page offset 4 + 2n of the device file: the first four pages are the TIMA's. The first version of the removal
forgot the four. It removed the pages of another interrupt, the guest kept the IPI's, and network cards behind passed-through PCI functions got no
interrupts. Fixed in May 2019.`,
  links: [],
  model: xiveMapping,
  proof: { vcpus: 2, touches: 3 },
  variant: [[setMapped, replace(setMapped, 'zap', () => undefined)]],
  expected: { property: 'the page in the guest is that of the source behind its interrupt', length: 18 },
  fix: "The offset of an interrupt's pages is computed with the offset of the ESB region, KVM_XIVE_ESB_PAGE_OFFSET.",
});
