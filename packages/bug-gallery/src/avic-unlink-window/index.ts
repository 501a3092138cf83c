// From leaving the old list to being programmed anew an IRTE posts to a vCPU that no longer keeps it up to date.

import { replace } from '@virq/irq-core/protocol';
import { avicPost, kickPrevious } from '@virq/x86-avic/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-unlink-window',
  title: 'AVIC: an interrupt posted while its IRTE changes lists may wake nobody',
  family: 'x86',
  commits: [],
  story: `The corrected order of avic-ir-list takes the IRTE off the list of the old vCPU first and programs it for the new one afterwards. In between it still posts to the old vCPU, and says what was
true when it left the list: that this vCPU is running.

If the old vCPU halts in that moment, its put does not find the IRTE to tell it so. A device that fires now sets the interrupt in the backing page and rings a doorbell where the vCPU no
longer runs; nothing goes to the GA log. The vCPU sleeps on until something unrelated wakes it, with an interrupt pending.

Found here by modelling Linux 6.17 as it was read; not tried on hardware, and not known to have been reported. It takes a guest that moves an interrupt while the device fires
and the old vCPU goes to sleep, and it costs one late interrupt. Making the IRTE write to the GA log meanwhile is not enough, for the GA log does not make a *running* vCPU look. The form proved here looks at the old vCPU
once more; that step is not in Linux.`,
  links: [],
  model: avicPost,
  scope: { updates: 1 },
  variant: [[kickPrevious, replace(kickPrevious, 'kick', () => undefined)]],
  expected: { property: 'no posted interrupt is left unseen', length: 28 },
  fix: 'After the IRTE has its new target the old vCPU is made to look once more: woken if it sleeps, kicked if it runs.',
});
