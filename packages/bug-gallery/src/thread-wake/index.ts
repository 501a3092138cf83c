// The thread looks for a vCPU, then clears the IPI that brings one.

import { reorder } from '@virq/irq-core/protocol';
import { threadWake } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'thread-wake',
  title: 'HV KVM: a secondary thread clears the IPI that was to start its vCPU',
  family: 'ppc',
  commits: [{ hash: '7b444c6710c6', title: 'KVM: PPC: Book3S HV: Fix some races in starting secondary threads' }],
  story: `On POWER7 and POWER8 all threads of a core run the same guest. The primary thread stores a vCPU pointer for each secondary thread, which naps, and wakes it with an IPI.

A thread can also be woken by an IPI from elsewhere, and with an XICS in the kernel at any time. It loaded its vCPU pointer, found none, cleared the IPI and went back to nap. If the primary
stored the pointer and sent its own IPI between the two, that IPI is cleared as well: the thread naps with a vCPU to run, and the primary waits for it. Found by Paul Mackerras.`,
  links: [
    {
      text: 'KVM: PPC: Book3S HV: Fix some races in starting secondary threads (7b444c6710c6)',
      url: 'https://git.kernel.org/linus/7b444c6710c6',
    },
  ],
  model: threadWake.threadWake,
  scope: { runs: 1 },
  proof: { runs: 3, strays: 3 },
  variant: [[threadWake.secondary, reorder(threadWake.secondary, 'loadVcpu', 'clearIpi')]],
  expected: { property: 'each run of the core has run its vCPU once', length: 15 },
  fix: 'The IPI is cleared first, so an IPI sent after that wakes the thread again, and one sent before it has its pointer in place.',
});
