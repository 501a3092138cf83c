// The line becomes shared or exclusive while an interrupt is in flight, and the mask in place is of the other kind.

import { omit } from '@virq/irq-core/protocol';
import { intxShareSwitch, switchMasking } from '@virq/x86-pci23/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'intx-share-switch',
  title: 'PCI 2.3: the host line becomes exclusive while an interrupt is in flight, and nobody clears DisINTx',
  family: 'vfio',
  thread: 2,
  commits: [],
  story: `Masking the device costs a configuration cycle, disabling the line costs nothing. The patches of December 2010 therefore watched who else uses the host line: alone,
disable_irq; as soon as another driver requests the line, DisINTx; and back.

The way of unmasking is chosen when the guest acknowledges. If the line changed hands in between, the acknowledgement enables a line that was never disabled and
leaves DisINTx set, or the other way round. A switch has to carry over a mask that is in place.`,
  links: [],
  model: intxShareSwitch,
  scope: { turns: 1 },
  proof: { turns: 2 },
  variant: [[switchMasking, omit(switchMasking, 'maskNew', 'dropOld')]],
  expected: { property: 'what KVM has masked stays masked', length: 9 },
  fix: 'The switch converts the mask under the same lock under which handler and acknowledgement mask and unmask.',
});
