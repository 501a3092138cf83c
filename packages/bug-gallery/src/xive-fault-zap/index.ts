// Storing before removing is not enough: a fault that has chosen its page inserts it after the removal.

import { omit } from '@virq/irq-core/protocol';
import { esbFault, xiveMapping } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-fault-zap',
  title: 'XIVE: a page fault chooses its page before the switch and inserts it after',
  family: 'ppc',
  thread: 1,
  commits: [],
  story: `Suppose kvmppc_xive_set_mapped stored the new source before it removes the old page (see xive-mapping). The model is the smallest one that shows what remains, a window in the fault handler (told step by step in docs/concepts/every-interleaving.md; xive-mapping has the whole machine):
it finds out which source is behind the interrupt, reads the address of its page under the lock of the source block, lets the lock go, and inserts the page.
A switch that runs in between removes a page that is not there yet.

It is the problem that MMU notifiers solve with a sequence count and a retry.`,
  links: [],
  model: xiveMapping,
  proof: { vcpus: 2, touches: 3 },
  variant: [[esbFault, omit(esbFault, 'lock mapping', 'unlock mapping')]],
  expected: { property: 'the page in the guest is that of the source behind its interrupt', length: 16 },
  fix: 'The fault handler holds mapping_lock from choosing the page to inserting it, so a removal comes before the choice or after the insertion.',
});
