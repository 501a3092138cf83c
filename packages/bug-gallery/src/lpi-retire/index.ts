// LPIs stay deliverable after the guest has disabled them.

import { injectIfEnabled, itsDisable, itsFaults } from '@virq/arm-vgic/models';
import { vgicDisableLpis } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';
import { cachedUnused, disableHeldUnused, disableUnused, heldUnused } from '../its-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'lpi-retire',
  title: 'VGIC: LPIs that were pending are delivered after the guest has disabled them',
  family: 'arm',
  commits: [{ hash: '96085b949672', title: 'KVM: arm/arm64: vgic-v3: Retire pending interrupts on disabling LPIs' }],
  story: `A guest that resets, or hands over to another kernel, clears EnableLPIs of each redistributor. LPIs that were on a vCPU's list stayed
there: the vCPU took them afterwards, as interrupts that nobody had asked for.

The fix empties the list. It is the function that seven years later takes part in \`lpi-migrate-disable\`.`,
  links: [],
  model: itsDisable,
  variant: [[vgicDisableLpis, itsFaults.purgesNothing]],
  expected: { property: 'no LPI is on the list of a vCPU whose LPIs are off', length: 33 },
  unused: [
    ...disableUnused,
    ...disableHeldUnused,
    ...cachedUnused(injectIfEnabled.name),
    ...heldUnused(injectIfEnabled.name),
  ],
  fix: "Clearing EnableLPIs takes every LPI off the vCPU's list, and the caches forget what leads to them.",
});
