// free_irq asks nobody whether the interrupt is still in a queue.

import { BLOCKED, replace } from '@virq/irq-core/protocol';
import { hostIrq, xiveFreeIrq } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { freeIrq, isBusy } = hostIrq;

/** The bug. */
export const bug = defineBug({
  slug: 'xive-free-irq',
  title: 'XIVE host: an interrupt is taken from the queue after it was freed',
  family: 'ppc',
  commits: [
    { hash: 'da15c03b047d', title: 'powerpc/xive: Implement get_irqchip_state method for XIVE to fix shutdown race' },
  ],
  story: `XIVE writes an entry into an event queue when a source fires; a CPU takes it from there later. free_irq masks the source, waits until no handler runs, and frees. An entry that is
still in the queue is neither.

When it is taken, its descriptor is gone: nobody ends the interrupt, the CPU keeps the raised priority and takes no further interrupts; or the descriptor is just being freed
and the host crashes. Found by Paul Mackerras in testing; since then the chip says whether an entry may be on its way. P alone is not an answer, because masking resets it and other
code leaves it set: several bugs of this gallery are about that.`,
  links: [
    {
      text: 'powerpc/xive: Implement get_irqchip_state method (da15c03b047d)',
      url: 'https://git.kernel.org/linus/da15c03b047d',
    },
    {
      text: 'genirq: Add optional hardware synchronization for shutdown (62e0468650c3)',
      url: 'https://git.kernel.org/linus/62e0468650c3',
    },
  ],
  model: xiveFreeIrq.xiveFreeIrq,
  proof: { raises: 3 },
  variant: [[freeIrq, replace(freeIrq, 'synchronize', ({ irq }) => (isBusy(irq) ? BLOCKED : undefined))]],
  expected: { property: 'an entry is taken from the queue whose interrupt is gone', length: 7 },
  fix: 'Masking keeps the P bit it resets, the EOI clears what was kept, and free_irq waits until the chip says that no entry is on its way.',
});
