// An event that the guest has discarded is there again after a migration.

import { itsFaults, itsRestore } from '@virq/arm-vgic/models';
import { vgicItsProcessCommands } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';
import { discardUnused } from '../its-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'its-stale',
  title: 'VGIC ITS: a discarded event is resurrected by a restore',
  family: 'arm',
  commits: [
    { hash: '7602ffd1d5e8', title: 'KVM: arm64: vgic-its: Clear ITE when DISCARD frees an ITE' },
    { hash: 'e9649129d33d', title: 'KVM: arm64: vgic-its: Clear DTE when MAPD unmaps a device' },
  ],
  story: `Saving an ITS writes what is mapped into the tables in guest memory, and nothing else. An event that was saved once and then discarded
kept its entry there: the next save did not write it, and the restore on the other host read it back.

The guest's device then interrupts through a mapping that the guest has given up, or the restore fails, for the LPI or the collection
belongs to something else by now. Migrating a VM twice was enough.`,
  links: [],
  model: itsRestore,
  variant: [[vgicItsProcessCommands, itsFaults.zeroesNothing]],
  expected: { property: 'an event that the guest has discarded is not there after a restore', length: 31 },
  unused: discardUnused.uncached,
  fix: 'DISCARD and MAPD with V=0 zero the entry in memory.',
});
