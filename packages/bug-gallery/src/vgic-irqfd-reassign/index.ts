// An irqfd with a resamplefd is taken away and given back while the line is high.

import { reassignAndUnmask, reassignOnly, vgicResample } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { SMALL_VGIC } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-irqfd-reassign',
  title: 'irqfd: taking a resampling irqfd away lowers the line and leaves the device masked',
  family: 'core',
  commits: [],
  found: { versions: 'VMMs on Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `The last irqfd of a resampler that goes lowers the guest's line. It does not signal its resamplefd: that is said to mean an EOI, and there was none. VFIO has masked the device and
waits for it.

If the VMM assigns the irqfd again, as after a reset of its guest, the line is low and the device masked. Neither will change.`,
  links: [],
  model: vgicResample,
  scope: { reassign: 1 },
  variant: [[reassignAndUnmask, reassignOnly]],
  expected: { property: 'no device asserts while its line is masked', length: 67 },
  unused: [...SMALL_VGIC, "VMM: 'reassign.on.resampler.", "VMM: 'reassign.on.free"],
  fix: 'Whoever takes the irqfd away unmasks the device once the new one is in place.',
});
