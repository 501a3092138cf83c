// The same with the list node embedded in the IRTE's data: one list_add without list_del joins two lists.

import { omit } from '@virq/irq-core/protocol';
import { avicEmbeddedNode, moveNode } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-ir-list-embedded',
  title: 'AVIC: an embedded list node is added to a second list and tears the first one apart',
  family: 'x86',
  thread: 4,
  commits: [{ hash: '0a917e9d4b70', title: 'KVM: SVM: Delete IRTE link from previous vCPU before setting new IRTE' }],
  story: `The first form of the patches had the list node inside the IRTE's own data, so that nothing had to be allocated. Then an IRTE can
be on one list only, and list_add to a second one overwrites the pointers of the first: the old vCPU's head still leads to the node, the
node leads into the new vCPU's list, and a walk from the old head never comes back. It takes the other list's head for an IRTE, without holding that list's lock.

What was merged had separate nodes, so this never shipped. The review asked for either; the checker shows why the choice mattered.`,
  links: [{ text: 'KVM: SVM: Delete IRTE link (0a917e9d4b70)', url: 'https://git.kernel.org/linus/0a917e9d4b70' }],
  model: avicEmbeddedNode,
  proof: { vcpus: 3, irtes: 2 },
  variant: [[moveNode, omit(moveNode, 'lock ir_list (previous)', 'leave', 'unlock ir_list (previous)')]],
  expected: { property: 'every ir_list leads back to its own head', length: 14 },
  fix: 'The node leaves the list it is on, under the lock of that list, before it joins another.',
});
