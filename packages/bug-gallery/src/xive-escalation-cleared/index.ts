// The flag that says "there is an entry in a queue" is cleared just before the code that asks it.

import { omit, reorder } from '@virq/irq-core/protocol';
import { xiveEscalation } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { cleanupVcpu } = xiveEscalation;

/** What stands between the vCPU being out of the guest and its VP being disabled, as Linux has it. */
const kernel = omit(cleanupVcpu, 'awaitHandler', 'keepMasked');
const before = kernel.labels.slice(2, -2);

/** The bug. */
export const bug = defineBug({
  slug: 'xive-escalation-cleared',
  title: 'XIVE: the escalation of a vCPU is freed although its entry is in a queue',
  family: 'ppc',
  commits: [],
  story: `The P bit of an escalation stays set after its handler, so when a vCPU is destroyed, P alone does not say whether an entry is in a queue. xive_cleanup_single_escalation asks
xive_esc_on, which only the handler clears: if it is off, P is stale.

But kvmppc_xive_disable_vcpu_interrupts, which the cleanup calls first, masks the escalation and clears xive_esc_on. So P always counts as stale, free_irq never waits, and an entry that is in a
queue outlives its descriptor. The masking came in April 2019, the question in August of the same year; Linux 6.12 and 7.3 have both.

To ask before clearing is not enough. A vCPU that entered the guest just after its escalation fired has reset P itself (PQ = 01), and a handler that is about to end overwrites what the cleanup has
written. Today the CPU that finds the entry prints "got interrupt without descriptor" and goes on. Found by the checker; not reported so far.`,
  links: [
    {
      text: 'kvmppc_xive_disable_vcpu_interrupts, xive_cleanup_single_escalation (arch/powerpc/kvm/book3s_xive.c)',
      url: 'https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/arch/powerpc/kvm/book3s_xive.c?h=v6.12',
    },
  ],
  model: xiveEscalation.xiveEscalation,
  scope: { events: 1 },
  proof: { events: 3 },
  variant: [[cleanupVcpu, reorder(kernel, 'disableEscalation', ...before)]],
  expected: { property: 'an entry is taken from the queue whose interrupt is gone', length: 20 },
  fix: 'The cleanup waits for a handler that runs, asks xive_esc_on before anybody clears it, and takes PQ = 01 with xive_esc_on set for what it is: an entry in a queue.',
});
