// An allocation that may sleep, under a spinlock: no schedule shows it, every run does it.

import { sleepsAt } from '@virq/irq-core/protocol';
import { avicIrData, trackIrte } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-gfp',
  title: 'AVIC: memory is allocated with a sleeping flag under irqfds.lock',
  family: 'x86',
  commits: [{ hash: '7537deda3652', title: 'KVM: SVM: Allocate IR data using atomic allocation' }],
  story: `Updating a posted interrupt's route happens under irqfds.lock, a spinlock with interrupts disabled. The node that tracks the IRTE was allocated there with a flag that lets the
allocator sleep. Most of the time it does not, and nothing happens.

There is no bad state to find: the property is about what a step may do while a lock is held. A model says which locks spin and which steps may sleep; the checker follows what is held along every
path that was explored.`,
  links: [{ text: 'KVM: SVM: Allocate IR data (7537deda3652)', url: 'https://git.kernel.org/linus/7537deda3652' }],
  model: avicIrData,
  proof: { loads: 3 },
  variant: [[trackIrte, sleepsAt(trackIrte, 'allocate')]],
  expected: { property: 'no step sleeps under a spinlock', length: 0 },
  fix: 'The allocation is atomic: it fails rather than sleeps, and then the IRTE stays in host mode.',
});
