// The thread says that it naps, then clears a pointer that may already be the next one.

import { reorder } from '@virq/irq-core/protocol';
import { threadWake } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'thread-nap-count',
  title: 'HV KVM: a secondary thread clears the vCPU pointer of its next run',
  family: 'ppc',
  commits: [{ hash: '7b444c6710c6', title: 'KVM: PPC: Book3S HV: Fix some races in starting secondary threads' }],
  story: `A secondary thread that comes back from the guest increments the nap count of its core and clears its vCPU pointer. The primary thread waits for the count, and may then start
the next run at once: it stores the next pointer and sends an IPI.

If the thread counts first, its late clearing hits the new pointer. The IPI wakes it, it finds nothing to run, and the primary waits for ever.`,
  links: [
    {
      text: 'KVM: PPC: Book3S HV: Fix some races in starting secondary threads (7b444c6710c6)',
      url: 'https://git.kernel.org/linus/7b444c6710c6',
    },
  ],
  model: threadWake.threadWake,
  scope: { runs: 2, strays: 0 },
  proof: { runs: 3, strays: 3 },
  variant: [[threadWake.secondary, reorder(threadWake.secondary, 'countNap', 'clearVcpu')]],
  expected: { property: 'each run of the core has run its vCPU once', length: 33 },
  fix: 'The thread clears its pointer before it counts as napping.',
});
