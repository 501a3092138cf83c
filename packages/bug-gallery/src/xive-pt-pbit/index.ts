// P is set and nothing is in flight: the guest waits for an interrupt that only it could end.

import { replace } from '@virq/irq-core/protocol';
import { asksPAlone, probeDriver, xiveProbe } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-pt-pbit',
  title: 'XIVE: synchronize_irq spins for ever on a passed-through MSI that was never enabled',
  family: 'ppc',
  commits: [{ hash: '6f779e1d359b', title: 'powerpc/xive: Discard disabled interrupts in get_irqchip_state()' }],
  story: `Before the host hands a hardware source to a guest it sets the source's P bit: masked, perhaps in flight. In XIVE native mode KVM does not take it back,
for it does not know the priority that the guest gives the interrupt.

The guest asks the same bit whether an interrupt is in flight. A driver that requests its MSI, does not enable it, and calls synchronize_irq, as some network
drivers do at probe time, reads P = 1 and waits for the handler of an interrupt that is not there. Only its own unmask, which comes later, would clear the
bit. The guest's CPU spins for ever. Found by Cédric Le Goater.

Neither side is wrong alone; the composition of both is.`,
  links: [
    {
      text: 'powerpc/xive: Discard disabled interrupts (6f779e1d359b)',
      url: 'https://git.kernel.org/linus/6f779e1d359b',
    },
  ],
  model: xiveProbe,
  variant: [[probeDriver, replace(probeDriver, 'synchronize', asksPAlone as never)]],
  expected: { property: 'no process waits for ever', length: 28 },
  unused: [
    "driver probe, synchronize_irq: 'use.map.take.resend'",
    "driver probe, synchronize_irq: 'use.map.take.sync'",
  ],
  fix: 'A disabled interrupt is not in flight, whatever its P bit says.',
});
