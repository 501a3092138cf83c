// The count by which KVM decides whether DIR traps reaches nothing while an SPI is active.

import { runEoiMode1, runEoiMode1Kernel, vgicDir } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-dir-count',
  title: 'VGIC: an SPI that another vCPU deactivates stays active, because DIR does not trap any more',
  family: 'arm',
  commits: [],
  found: { versions: 'Linux 7.3-rc7', evidence: 'model' },
  story: `A guest with EOImode 1 may take an SPI on one CPU and deactivate it on another, as threaded handlers do. The list register is the first CPU's, so the second one's DIR has to trap. That costs an exit
each time, so KVM asks for it only while there are SPIs: it counts them.

The count goes up when an SPI comes on a list, and down when the guest ends a level SPI. One that is pending again by then stays on its list: the next end takes off a count that belongs to somebody
else. At nothing DIR traps no longer, and the other SPI, whose DIR is then written on the other CPU, stays active for good.`,
  links: [],
  model: vgicDir,
  variant: [[runEoiMode1, runEoiMode1Kernel]],
  expected: { property: 'what the guest has deactivated is not active', length: 30 },
  fix: 'The count goes down where an SPI leaves its list, as it goes up where it comes on one.',
});
