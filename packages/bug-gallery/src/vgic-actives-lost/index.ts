// Kernels that do not replay EOIs leave interrupts active that have no list register.

import { foldSkipsLrs, VGIC_VERSIONS, vgicFoldLrState, vgicOverflow } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { EOI_ONLY } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-actives-lost',
  title: 'VGIC: an interrupt that is active without a list register stays active after its EOI',
  family: 'arm',
  commits: [],
  found: { versions: 'Linux 6.1 and 6.12', evidence: 'model' },
  story: `Up to 6.18 active interrupts come first when list registers are filled, so that a guest can hardly make more of them active than there are. It can get them: restored from a host with
more list registers, or by GICD_ISACTIVER. The EOI of one that has none is counted by the hardware, and nobody reads the count. The interrupt stays active and never comes again. The kernel's own
selftest goes no further than four at a time for this reason; 6.19 replays the count.`,
  links: [],
  model: vgicOverflow,
  scope: { restored: 1, kernel: VGIC_VERSIONS.indexOf('6.1') },
  proof: { restored: 1 },
  variant: [[foldSkipsLrs, vgicFoldLrState]],
  expected: { property: 'what the guest has ended is not active', length: 87 },
  unused: EOI_ONLY,
  fix: 'The hardware is asked to report EOIs beyond its list registers, and they are replayed.',
});
