// An SPI whose affinity nobody has is pending; then the affinity is repaired.

import { vgicQueue, writeIrouter, writeIrouterKernel } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { SMALL_VGIC } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-irouter',
  title: 'VGIC: an interrupt that got a target by GICD_IROUTER waits for another event',
  family: 'arm',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `GICD_IROUTER names the vCPU that an SPI goes to. An affinity that no vCPU has is allowed, and the SPI then goes nowhere: it is pending, and on no list.

The write that repairs the affinity stores the new target and does nothing else. No list is looked at, no vCPU is kicked: the SPI waits until something else happens to it, such as another
edge, or a write to GICD_ISENABLER. A GIC would deliver it.`,
  links: [],
  model: vgicQueue,
  scope: { nobody: 1 },
  variant: [[writeIrouter, writeIrouterKernel]],
  expected: { property: 'no interrupt that can be delivered waits', length: 9 },
  unused: SMALL_VGIC,
  fix: 'The write ends as every other one does that can make an interrupt deliverable: in vgic_queue_irq_unlock.',
});
