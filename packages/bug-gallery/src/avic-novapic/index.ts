// irq_set_vcpu_affinity returns success for an IOMMU that cannot post, and KVM tracks an IRTE that it never wrote.

import { omit, replace } from '@virq/irq-core/protocol';
import { avicIrList } from '@virq/x86-avic/models';
import { avicPiUpdateIrte } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-novapic',
  title: 'AVIC: an IOMMU that cannot post reports success, and garbage goes onto the ir_list',
  family: 'x86',
  commits: [{ hash: '07172206a26d', title: 'iommu/amd: Return an error if vCPU affinity is set for non-vCPU IRTE' }],
  story: `An IRTE of an IOMMU without virtual APIC tables can be remapped but not posted. Asked for guest mode the driver did nothing, filled in nothing, and returned 0.

KVM took that for success and put the interrupt's data on the vCPU's list: in the form of that time an uninitialised pointer. From then on the vCPU walks over it whenever it is scheduled.`,
  links: [{ text: 'iommu/amd: Return an error (07172206a26d)', url: 'https://git.kernel.org/linus/07172206a26d' }],
  model: avicIrList,
  scope: { vcpus: 1, irtes: 2, remapOnly: 1 },
  variant: [[avicPiUpdateIrte, replace(omit(avicPiUpdateIrte, 'canPost'), 'program', () => undefined)]],
  expected: { property: 'an IRTE is on the list of the vCPU it names, and on no other', length: 12 },
  fix: 'irq_set_vcpu_affinity fails with EINVAL, and KVM leaves the interrupt in host mode, on no list.',
});
