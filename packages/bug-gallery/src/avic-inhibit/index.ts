// Delivery reads "AVIC is active" before it sets the IRR, and AVIC is switched off in between.

import { reorder } from '@virq/irq-core/protocol';
import { avicInhibit } from '@virq/x86-avic/models';
import { svmDeliverInterrupt } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-inhibit',
  title: 'AVIC: an interrupt is delivered by doorbell to a vCPU for which AVIC was just switched off',
  family: 'x86',
  commits: [{ hash: '66fa226c131f', title: 'KVM: SVM: fix race between interrupt delivery and AVIC inhibition' }],
  story: `AVIC can be switched off while a VM runs: for the PIT, for nested guests, for a debugger. The sender of an interrupt looked first
whether AVIC was active for the vCPU, then set the IRR bit, then rang the doorbell.

If the vCPU switches AVIC off between the first two, it scans the IRR, finds nothing, and enters the guest without AVIC. The doorbell that
comes then means nothing to it, and nobody asked it to look again. Found by Maxim Levitsky.`,
  links: [{ text: 'KVM: SVM: fix race (66fa226c131f)', url: 'https://git.kernel.org/linus/66fa226c131f' }],
  model: avicInhibit,
  variant: [[svmDeliverInterrupt, reorder(svmDeliverInterrupt, 'readApicvActive', 'setIrr')]],
  expected: { property: 'no interrupt is left undelivered', length: 25 },
  fix: 'The IRR bit is set first: either the vCPU sees it when it switches AVIC off, or the sender sees that AVIC is off and makes a request.',
});
