// MOVALL moves LPIs of all vCPUs.

import { itsFaults, itsMovall } from '@virq/arm-vgic/models';
import { vgicItsProcessCommands } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';
import { movallUnused } from '../its-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'its-movall-all',
  title: 'VGIC ITS: MOVALL moves the LPIs of every vCPU, not only of the one it names',
  family: 'arm',
  found: { versions: '6.18.35; not 6.1.192, 6.12.117, 7.3-rc7', evidence: 'model' },
  commits: [],
  story: `MOVALL names two redistributors: what the first has goes to the second. The kernel once collected the LPIs of the first; when the list
of LPIs became an array that is walked as it is, nobody asked any more where an LPI had been. In 6.18 all LPIs of the VM go to the second
vCPU.

A guest that takes one CPU offline ends up with every MSI of every device on the CPU that takes over. 6.12's stable tree and 7.3 ask for
the first redistributor again.`,
  links: [],
  model: itsMovall,
  variant: [[vgicItsProcessCommands, itsFaults.movesAll]],
  expected: { property: 'an LPI stays on a vCPU that MOVALL does not name', length: 29 },
  unused: movallUnused,
  fix: 'With the interrupt locked an LPI is left alone that is not on the first redistributor.',
});
