// The EOI of a level interrupt delivers it again, at once, for ever.

import { omit } from '@virq/irq-core/protocol';
import { handleLevel, ioapicEoiStorm } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'ioapic-eoi-storm',
  title: 'IOAPIC: a guest that ends a level interrupt too early makes no progress any more',
  family: 'x86',
  commits: [{ hash: '184564efae4d', title: 'kvm: ioapic: conditionally delay irq delivery duringeoi broadcast' }],
  story: `A handler should quieten its device before it ends a level interrupt. Windows guests that resume from hibernation have one that does not: the line is still up at the EOI, and the proper
handler is set only later.

Hardware takes a moment from the EOI to the next delivery. KVM took none: the interrupt was pending again before the guest had run a single instruction, and the guest never got out of its handler.
Fixed by Jason Wang and Zhang Haoyu; QEMU's IOAPIC took over the remedy in 2019, for Hyper-V.`,
  links: [
    {
      text: 'kvm: ioapic: conditionally delay irq delivery (184564efae4d)',
      url: 'https://git.kernel.org/linus/184564efae4d',
    },
  ],
  model: ioapicEoiStorm,
  variant: [[handleLevel, omit(handleLevel, 'delay')]],
  expected: { property: 'a device that asserts is quietened', length: 8 },
  fix: 'After 10,000 EOIs in a row that found the line up, the next delivery is delayed, so that the guest runs a little.',
});
