// The last put of an old LPI erases the new one that has just been mapped on the same INTID.

import { lpiReregister, putLpi } from '@virq/arm-vgic/protocols';
import { reorder } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'lpi-reregister',
  title: 'VGIC: releasing an old LPI erases the new one mapped on its INTID',
  family: 'arm',
  cve: 'CVE-2026-74568',
  commits: [],
  story: `An LPI that the guest has discarded lives on while a vCPU's list still holds it. Its last reference was dropped first, and the lock of
the table of LPIs taken afterwards, to erase the entry of its INTID.

In between a MAPTI of the same INTID finds the old LPI in the table, cannot get a reference to it, and stores a new one in its place. Then
the release erases the entry, which is no longer its own. The mapping leads to an LPI that no table knows: MSIs, INVALL and the saving of
pending bits do not find it.`,
  links: [],
  model: lpiReregister,
  variant: [[putLpi, reorder(putLpi, 'dropReference', 'lock lpi_xa')]],
  expected: { property: 'a mapped LPI is found by its INTID', length: 12 },
  fix: 'The count drops inside the lock of the table, so that nobody finds an LPI without references in it.',
});
