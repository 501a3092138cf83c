// A cede is aborted because the escalation has already fired, and the escalation is armed all the same.

import { replace } from '@virq/irq-core/protocol';
import { hostIrq, xiveEscalation } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { runVcpu } = xiveEscalation;

/** The bug. */
export const bug = defineBug({
  slug: 'xive-escalation-twice',
  title: "XIVE: a vCPU's escalation interrupt is twice in the host's queue",
  family: 'ppc',
  commits: [{ hash: '959c5d513478', title: 'KVM: PPC: Book3S HV: Fix race in re-enabling XIVE escalation interrupts' }],
  story: `The escalation interrupt wakes a ceded vCPU. It may fire just when the vCPU enters the guest; its entry is then still in a host queue when the vCPU cedes again. KVM saw that and
aborted the cede, but set the source to PQ = 00 nevertheless, as if it were to fire anew.

The next interrupt for the guest put a second entry into the queue, against the rule that makes overflow impossible: room for one entry of each source. And the flag that says
"there is an entry" was wrong from then on. Found and fixed by Paul Mackerras.`,
  links: [
    {
      text: 'KVM: PPC: Book3S HV: Fix race in re-enabling XIVE escalation interrupts (959c5d513478)',
      url: 'https://git.kernel.org/linus/959c5d513478',
    },
  ],
  model: xiveEscalation.xiveEscalation,
  scope: { events: 3 },
  proof: { events: 3 },
  variant: [
    [
      runVcpu,
      replace(runVcpu, 'abort', ({ irq, vcpu }) => {
        hostIrq.loadSetPq(irq, 0, 0);
        Object.assign(vcpu, { ceded: 0, escOn: 1, aborted: 1 });
      }),
    ],
  ],
  expected: { property: 'the escalation has one entry in the queue at most', length: 17 },
  fix: 'An aborted cede leaves the source at PQ = 10: an entry is there, and no second one can come.',
});
