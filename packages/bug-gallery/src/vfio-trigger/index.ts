// The trigger eventfd is put while the unmask worker is about to signal it.

import { vfioTrigger } from '@virq/irq-core/models';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vfio-trigger',
  title: 'VFIO: an unmask signals a trigger eventfd that SET_IRQS has just dropped',
  family: 'vfio',
  cve: 'CVE-2024-26812',
  commits: [{ hash: '18c198c96a81', title: 'vfio/pci: Create persistent INTx handler' }],
  story: `When a guest ends an INTx and the device still asserts, VFIO does not unmask but signals the trigger again. That happens in a worker, outside the lock.

VFIO_DEVICE_SET_IRQS with an eventfd of -1 freed the interrupt, put the eventfd and cleared the pointer, without asking who might have loaded it. The worker signals freed memory, or
follows NULL.`,
  links: [
    {
      text: 'vfio/pci: Create persistent INTx handler (18c198c96a81)',
      url: 'https://git.kernel.org/linus/18c198c96a81',
    },
  ],
  model: vfioTrigger.vfioTrigger,
  variant: [[vfioTrigger.dropTrigger, omit(vfioTrigger.dropTrigger, 'flushWorker')]],
  expected: { property: 'no freed slot is touched', length: 9 },
  fix: 'The pointer is swapped first, then handler and worker are waited for, then the reference is dropped; the handler lives as long as INTx mode.',
});
