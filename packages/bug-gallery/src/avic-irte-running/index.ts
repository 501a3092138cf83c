// An IRTE is programmed before it is tracked: the vCPU that runs meanwhile is not told.

import { reorder, replace } from '@virq/irq-core/protocol';
import { avicIrList } from '@virq/x86-avic/models';
import { avicPiUpdateIrte, programFirst } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-irte-running',
  title: 'AVIC: the IRTE of a running vCPU says it is not running',
  family: 'x86',
  commits: [
    { hash: '4c08e737f056', title: "KVM: SVM: Take and hold ir_list_lock when updating vCPU's Physical ID entry" },
    { hash: 'f3cebc75e742', title: 'KVM: SVM: Set target pCPU during IRTE update if target vCPU is running' },
  ],
  story: `Reported by dengqiao.joey: interrupts of passed-through devices arrived late, by up to a time slice.

The update wrote the IRTE with "not running" and put it on the vCPU's list afterwards. A vCPU that was loaded before that found nothing on
its list to update. From then on the IOMMU wrote to the GA log instead of ringing the doorbell, and nobody reads the GA log for a vCPU that is running.`,
  links: [{ text: 'KVM: SVM: Set target pCPU (f3cebc75e742)', url: 'https://git.kernel.org/linus/f3cebc75e742' }],
  model: avicIrList,
  variant: [
    [
      avicPiUpdateIrte,
      reorder(
        replace(avicPiUpdateIrte, 'program', (m, f) => programFirst(m, f)),
        'program',
        'lock ir_list',
      ),
    ],
  ],
  expected: { property: 'the IRTE of a running vCPU says running', length: 19 },
  fix: 'The IRTE is programmed under the ir_list_lock of its vCPU, with what the physical ID entry says at that moment; load and put write that entry under the same lock.',
});
