// The VP is disabled, and with it the ESB that free_irq is going to ask.

import { BLOCKED, reorder, replace } from '@virq/irq-core/protocol';
import { hostIrq, xiveEscalation } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { cleanupVcpu } = xiveEscalation;
const { isActiveByP, isBusy } = hostIrq;

/** Everything from the vCPU being out of the guest to the freed interrupt. */
const before = cleanupVcpu.labels.slice(2, -1);

/** The bug. */
export const bug = defineBug({
  slug: 'xive-escalation-order',
  title: 'XIVE: the VP of a vCPU is disabled before its escalation interrupt is freed',
  family: 'ppc',
  commits: [
    {
      hash: '237aed48c642',
      title: 'KVM: PPC: Book3S HV: XIVE: Free escalation interrupts before disabling the VP',
    },
  ],
  story: `When a vCPU went away KVM disabled its XIVE virtual processor first and freed the escalation interrupts together with the queues. Firmware disables the ENDs of a disabled VP, and loads from
their ESBs return all ones.

Freeing the escalation masks its source, reads all ones, and remembers P = 1. Nothing waited for that until free_irq learned to ask the chip; from then on it would have spun for
ever. Cédric Le Goater turned the order round just before that change.`,
  links: [
    {
      text: 'KVM: PPC: Book3S HV: XIVE: Free escalation interrupts before disabling the VP (237aed48c642)',
      url: 'https://git.kernel.org/linus/237aed48c642',
    },
  ],
  model: xiveEscalation.xiveEscalation,
  scope: { events: 1 },
  proof: { events: 3 },
  variant: [
    [
      cleanupVcpu,
      replace(reorder(cleanupVcpu, 'disableVp', ...before), 'free.synchronize', ({ irq }) =>
        isBusy(irq) || isActiveByP(irq) ? BLOCKED : undefined,
      ),
    ],
  ],
  expected: { property: 'the escalation is freed', length: 18 },
  fix: 'Interrupts are freed while their ESBs can still be read: escalations first, then the VP, then the queues.',
});
