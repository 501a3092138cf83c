// The host's affinity changes, and the IRTE that posts to a vCPU is overwritten.

import { omit } from '@virq/irq-core/protocol';
import { vtdAffinity } from '@virq/x86-avic/models';
import { intelIrSetAffinity } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vtd-clobber',
  title: 'VT-d: irqbalance moves an interrupt that is posted to a vCPU, and it is posted no longer',
  family: 'x86',
  commits: [
    { hash: '688124cc541f', title: "iommu/vt-d: Don't clobber posted vCPU IRTE when host IRQ affinity changes" },
  ],
  story: `While an IRTE posts to a vCPU, the host's side of it (vector and CPU) is kept aside, and a change of the host's affinity changes only that.

With messages that are posted to the host itself (6.10) the entry has three forms instead of two. The change of affinity asked whether the host posts its messages before it asked whether a vCPU is posted to. From then on
the device's interrupts took the host's handler and the irqfd: right, and slow, and nothing said so. Found by Sean Christopherson.`,
  links: [{ text: "iommu/vt-d: Don't clobber (688124cc541f)", url: 'https://git.kernel.org/linus/688124cc541f' }],
  model: vtdAffinity,
  variant: [[intelIrSetAffinity, omit(intelIrSetAffinity, 'isPostedToVcpu')]],
  expected: {
    property: 'an interrupt that is posted to a vCPU stays posted, wherever the host moves its own side',
    length: 12,
  },
  fix: 'The irq remembers that a vCPU is posted to; while it is, only the image of the host changes.',
});
