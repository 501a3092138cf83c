// An IRTE on the lists of two vCPUs: the design of 2016 looked for duplicates on the new list only.

import { avicIrList } from '@virq/x86-avic/models';
import { avicPiUpdateIrte, avicUpdatePiIrteReview } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-ir-list',
  title: 'AVIC: an IRTE is on the ir_list of two vCPUs after the guest moved its interrupt',
  family: 'x86',
  thread: 4,
  commits: [
    { hash: '0a917e9d4b70', title: 'KVM: SVM: Delete IRTE link from previous vCPU before setting new IRTE' },
    { hash: '05c5e23657e1', title: 'KVM: SVM: Track per-vCPU IRTEs using kvm_kernel_irqfd structure' },
  ],
  story: `Every vCPU keeps a list of the IRTEs that post to it, so that scheduling it in and out can tell the IOMMU where it runs.
When the guest moves an MSI to another vCPU, the IRTE has to change lists.

The patches reviewed in August 2016 looked for the IRTE on the list of the *new* vCPU, did not find it, and added it, without taking it
off the old one. Radim Krčmář saw it by reading, before it was merged. With nodes of its own for every membership, as here, the old vCPU
goes on rewriting an IRTE that is no longer its own; with a node embedded in the IRTE both lists are torn apart (avic-ir-list-embedded).

Nine years later the kernel adopted the remedy of that review: the irqfd knows which vCPU's list it is on.`,
  links: [{ text: 'KVM: SVM: Delete IRTE link (0a917e9d4b70)', url: 'https://git.kernel.org/linus/0a917e9d4b70' }],
  model: avicIrList,
  proof: { vcpus: 3, cpus: 2 },
  variant: [[avicPiUpdateIrte, avicUpdatePiIrteReview]],
  expected: { property: 'an IRTE is on the list of the vCPU it names, and on no other', length: 19 },
  fix: 'The irqfd remembers the vCPU whose list it is on; the update takes it off that list before it programs the IRTE for another.',
});
