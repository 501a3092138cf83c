// The first device is assigned while a vCPU is halted, and its notifications wake nobody.

import { DONE, replace } from '@virq/irq-core/protocol';
import { piAssign } from '@virq/x86-avic/models';
import { vmxPiStartBypass } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'pi-assign',
  title: 'VT-d: a vCPU that halted before the first device was assigned sleeps through its interrupts',
  family: 'x86',
  commits: [{ hash: 'a2486020a82e', title: 'KVM: VMX: update vcpu posted-interrupt descriptor when assigning device' }],
  story: `A vCPU that halts has its notifications sent to the wake-up vector, whose handler wakes it. A VM without passed-through devices can do without, so its vCPUs do not.

Then a device is hot-plugged. It posts to a vCPU that halted before: the notification goes to the ordinary vector and wakes nobody; ON is set, so other senders skip their kick as well.
Reported by Pei Zhang: the guest's RCU stalled for seconds. Fixed by Marcelo Tosatti.`,
  links: [{ text: 'KVM: VMX: update descriptor (a2486020a82e)', url: 'https://git.kernel.org/linus/a2486020a82e' }],
  model: piAssign,
  scope: { cpus: 1 },
  proof: {},
  variant: [[vmxPiStartBypass, replace(vmxPiStartBypass, 'requestUnblock', () => DONE)]],
  expected: { property: 'no posted interrupt is left unseen', length: 24 },
  fix: 'Assigning the first device makes every vCPU leave its halt, so that it halts anew with the wake-up vector in place.',
});
