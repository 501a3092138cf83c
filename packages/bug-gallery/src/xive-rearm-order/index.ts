// The escalation is armed after the context was pulled: between the two, nobody wakes the vCPU.

import { insert, replace } from '@virq/irq-core/protocol';
import { hostIrq, xiveEscalation } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { runVcpu } = xiveEscalation;
const armed = replace(runVcpu, 'rearm', () => 'pull');

/** The bug. */
export const bug = defineBug({
  slug: 'xive-rearm-order',
  title: 'XIVE: a ceded vCPU whose escalation is armed after the pull sleeps through an interrupt',
  family: 'ppc',
  commits: [],
  story: `A comment in kvmhv_p9_guest_entry says that the escalation must be re-armed before the XIVE context is pulled, and asks: is this true?

It is. An interrupt that comes while the context is on the thread is in the context's registers, which are saved by the pull and looked at before the vCPU blocks. After the pull it goes
to the VP, where KVM does not look: for that there is the escalation. If it is armed only then, an interrupt in between finds the source masked, and the vCPU sleeps. This variant never shipped.`,
  links: [
    {
      text: 'kvmhv_p9_guest_entry, arch/powerpc/kvm/book3s_hv.c',
      url: 'https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/arch/powerpc/kvm/book3s_hv.c?h=v6.12',
    },
  ],
  model: xiveEscalation.xiveEscalation,
  scope: { events: 1 },
  proof: { events: 3 },
  variant: [
    [
      runVcpu,
      insert(
        armed,
        { after: 'pull' },
        {
          rearmLate({ irq, vcpu }) {
            if (vcpu.ceded === 1) hostIrq.loadSetPq(irq, 0, 0);
          },
        },
      ),
    ],
  ],
  expected: { property: 'no vCPU sleeps while an interrupt waits for it', length: 11 },
  fix: 'The escalation is armed while the context still takes interrupts itself.',
});
