// A mask moves from the line to the device, and for a moment it is nowhere.

import { reorder } from '@virq/irq-core/protocol';
import { intxShareSwitch, switchMasking } from '@virq/x86-pci23/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'intx-share-order',
  title: 'PCI 2.3: the line is enabled for a new driver before the device on it is masked',
  family: 'vfio',
  thread: 2,
  commits: [],
  story: `A device is masked by disable_irq because it is alone on its line. A driver of the host requests the line, and the mask has to move to the device (\`intx-share-switch\`).

Enabling the line first opens a window in which the device asserts on an enabled line. Nobody owns that interrupt: the handler of the device has had it already, and the new
driver answers that it is not its own. The host takes it over and over until DisINTx is set; if the switch is preempted there, the spurious detector counts.

A fault that the patches of December 2010 had to avoid, planted here: it is not known to have been in any of their versions.`,
  links: [],
  model: intxShareSwitch,
  scope: { turns: 1 },
  proof: { turns: 2 },
  variant: [[switchMasking, reorder(switchMasking, 'dropOld', 'maskNew')]],
  expected: { property: 'a device that is masked never asserts on an enabled line', length: 8 },
  fix: 'The new mask is put on before the old one comes off, in both directions.',
});
