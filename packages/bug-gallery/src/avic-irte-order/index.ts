// An IRTE is programmed for its new vCPU while it is still on the list of the old one, whose load then rewrites it.

import { avicIrList } from '@virq/x86-avic/models';
import { avicPiUpdateIrte, avicUpdatePiIrteWrapper } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-irte-order',
  title: 'AVIC: the old vCPU writes its pCPU into an IRTE that already posts to the new one',
  family: 'x86',
  commits: [{ hash: '0a917e9d4b70', title: 'KVM: SVM: Delete IRTE link from previous vCPU before setting new IRTE' }],
  story: `Until 2025 the update programmed the IRTE for the new vCPU first and took it off the old vCPU's list afterwards. If the old vCPU is
scheduled in between, its load finds the IRTE on its list and writes "running, on my pCPU" into it. The new vCPU sleeps; the IOMMU believes
the entry, rings a doorbell where the new vCPU does not run, and writes nothing to the GA log that would wake it.

The commit that turned the order round presents it as preparation for other work. That the order matters is what the checker says.`,
  links: [{ text: 'KVM: SVM: Delete IRTE link (0a917e9d4b70)', url: 'https://git.kernel.org/linus/0a917e9d4b70' }],
  model: avicIrList,
  variant: [[avicPiUpdateIrte, avicUpdatePiIrteWrapper]],
  expected: { property: 'an IRTE that says running names the CPU of its vCPU', length: 33 },
  fix: 'The IRTE leaves the list of the old vCPU before it names the new one.',
});
