// A fenced PHB answers with all ones, and all ones have the P bit set.

import { BLOCKED, replace } from '@virq/irq-core/protocol';
import { hostIrq, xiveFreeIrq } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { freeIrq, isActiveByP, isBusy } = hostIrq;

/** The bug. */
export const bug = defineBug({
  slug: 'xive-all-ones',
  title: 'XIVE host: free_irq waits for ever for an interrupt of a PHB in error state',
  family: 'ppc',
  commits: [{ hash: '17328f218fb7', title: 'powerpc/xive: Discard ESB load value when interrupt is invalid' }],
  story: `A PCI host bridge that detects an error fences itself off, and loads from the ESBs of its interrupts return all ones. Read as a PQ state that is P = 1 and Q = 1.

A driver that frees its interrupt in this situation, as error recovery makes it do, waits for an end of interrupt that cannot come: the CPU spins. Found by Frederic Barrat.`,
  links: [
    {
      text: 'powerpc/xive: Discard ESB load value when interrupt is invalid (17328f218fb7)',
      url: 'https://git.kernel.org/linus/17328f218fb7',
    },
  ],
  model: xiveFreeIrq.xiveFreeIrq,
  proof: { raises: 3 },
  variant: [
    [freeIrq, replace(freeIrq, 'synchronize', ({ irq }) => (isBusy(irq) || isActiveByP(irq) ? BLOCKED : undefined))],
  ],
  expected: { property: 'the interrupt is freed', length: 5 },
  fix: 'An ESB load of all ones says nothing, and the interrupt counts as inactive.',
});
