// An LPI is taken off a list twice: its migration drops the locks and does not look again.

import { lpiMigrateDisable, pruneApList } from '@virq/arm-vgic/protocols';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'lpi-migrate-disable',
  title:
    'VGIC: an LPI that changes vCPUs is taken off its list twice while LPIs are disabled, or touched after it was freed',
  family: 'arm',
  cve: 'CVE-2026-72289, CVE-2026-72288',
  commits: [],
  story: `A vCPU that looks through its list of pending interrupts finds an LPI which the guest has moved to another vCPU. Both lists must change,
so both locks are needed, in the order of the vCPUs' numbers: the locks it holds are dropped first. When it has them again, it only asked
whether the LPI still belongs to the *other* vCPU.

In the gap a third CPU can write EnableLPIs = 0 for the old vCPU, which empties its list. The migration then deletes the LPI a second time
from a list it is no longer on. And if DISCARD drops the mapping's reference too, the LPI has been freed: the migration locks freed memory.
Reported by Hyunwoo Kim; there since the ITS was first emulated.

Two fixes were needed, and the checker says why: with the owner check alone the use after free remains, with the reference alone the double
deletion remains. A test beside this file shows both.`,
  links: [],
  model: lpiMigrateDisable,
  variant: [[pruneApList, omit(pruneApList, 'hold', 'release', 'stillOurs')]],
  expected: { property: 'no step fails', length: 17 },
  fix: 'A reference is held while the locks are dropped, and after they are taken again the LPI must still be on the list it is to be deleted from.',
});
