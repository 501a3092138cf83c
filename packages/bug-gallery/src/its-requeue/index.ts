// An MSI that was looked up before queues its LPI after the list was emptied.

import { injectIfEnabled, itsDisable } from '@virq/arm-vgic/models';
import { vgicItsInjectMsi } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';
import { cachedUnused, disableHeldUnused, disableUnused, heldUnused } from '../its-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'its-requeue',
  title: 'VGIC ITS: an MSI under way queues its LPI again after the guest has disabled LPIs',
  family: 'arm',
  found: { versions: '6.1.192, 6.12.117, 6.18.35, 7.3-rc7', evidence: 'model' },
  commits: [],
  story: `Clearing EnableLPIs empties the vCPU's list of LPIs, then has the caches forget their translations. Whether LPIs are enabled is asked
where an MSI is translated by the tables of the ITS, and nowhere else: neither on a hit in the cache, nor when an LPI is put on a list, nor
when the vCPU is asked what it has.

An MSI that found its LPI before that goes on when the list is empty, and puts the LPI there once more. The guest has seen the bit read as
zero by then, and takes the interrupt all the same, with the number meaning something else to the kernel that comes after it. Found by
virq; the schedule is the whole evidence.`,
  links: [],
  model: itsDisable,
  variant: [[injectIfEnabled, vgicItsInjectMsi]],
  expected: { property: 'no LPI is on the list of a vCPU whose LPIs are off', length: 47 },
  unused: [
    ...disableUnused,
    ...disableHeldUnused,
    ...cachedUnused(injectIfEnabled.name),
    ...heldUnused(injectIfEnabled.name),
  ],
  fix: 'With the list and the interrupt locked the queueing asks whether the vCPU still takes LPIs; EnableLPIs is cleared before the list is emptied.',
});
