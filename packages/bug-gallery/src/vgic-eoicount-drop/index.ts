// A priority drop is replayed as a deactivation.

import { foldSkipsLrs, vgicFoldLrState, vgicOverflow } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { BY_DIR } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-eoicount-drop',
  title: 'VGIC: with EOImode 1 and trapped accesses, EOIR deactivates an interrupt before its DIR',
  family: 'arm',
  commits: [],
  found: { versions: 'Linux 7.3-rc7 on hosts whose CPU interface accesses are trapped', evidence: 'model' },
  story: `With EOImode 1 a write to EOIR drops the priority, and DIR deactivates. The hardware counts neither in EOIcount for an EOIR. KVM's own handler of trapped accesses looks for a list
register first and for the mode second: an EOIR of an interrupt without one is counted.

Up to 6.18 nobody read the count. Since it is replayed, the interrupt is deactivated at the drop, and can come again while the guest thinks it is in its hands.`,
  links: [],
  model: vgicOverflow,
  scope: { restored: 1, eoimode: 1, traps: 1 },
  variant: [[foldSkipsLrs, vgicFoldLrState]],
  expected: { property: 'what the guest handles is active', length: 23 },
  unused: BY_DIR,
  fix: 'The handler looks at the mode first; here, EOIs are replayed with EOImode 0 only.',
});
