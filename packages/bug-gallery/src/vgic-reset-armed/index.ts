// The VMM resets the GIC when the device is armed already.

import { setUp, setUpReset, vgicSetup } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { SMALL_VGIC } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-reset-armed',
  title: 'VGIC: a reset of the GIC forgets an assertion that VFIO will not repeat',
  family: 'arm',
  commits: [],
  found: { versions: 'VMMs that reset a VGIC with armed devices', evidence: 'model' },
  story: `A reset of the guest writes zeros to the pending state and the line levels of the VGIC. For a device of the VMM that is right, it lowers its line as well. For one that VFIO has
masked it is not: the assertion was heard, is forgotten, and the unmask that would let it be heard again comes from the guest's EOI of the interrupt that is not there any more.`,
  links: [],
  model: vgicSetup,
  scope: { reset: 1, assertions: 0 },
  variant: [[setUp, setUpReset]],
  expected: { property: 'no device asserts while its line is masked', length: 19 },
  unused: SMALL_VGIC,
  fix: 'After the reset the VMM unmasks (VFIO_IRQ_SET_ACTION_UNMASK); a device that still asserts is heard again.',
});
