// Posting to a vCPU ends, and the entry does not become what the host had before.

import { replace } from '@virq/irq-core/protocol';
import { vtdAffinity } from '@virq/x86-avic/models';
import { vmxPiUpdateIrte, writeHostImage } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vtd-posted-msi',
  title: 'VT-d: an interrupt that is no longer posted to a vCPU is not posted to the host again',
  family: 'x86',
  commits: [
    { hash: '2454823e97a6', title: 'iommu/vt-d: Put IRTE back into posted MSI mode if vCPU posting is disabled' },
  ],
  story: `When posting to a vCPU ends, the image of the host's entry is written back. For a host that has its messages posted to itself (6.10) the image is not the whole entry: the address of the descriptor depends on
the CPU and is added when the entry is written. Here it was not. Found by Sean Christopherson together with vtd-clobber.`,
  links: [{ text: 'iommu/vt-d: Put IRTE back (2454823e97a6)', url: 'https://git.kernel.org/linus/2454823e97a6' }],
  model: vtdAffinity,
  variant: [[vmxPiUpdateIrte, replace(vmxPiUpdateIrte, 'write', writeHostImage)]],
  expected: { property: 'an interrupt of the host goes to the CPU of its affinity', length: 14 },
  fix: 'The entry of the host is made by one function, whoever asks for it.',
});
