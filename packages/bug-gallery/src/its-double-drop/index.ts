// Two contexts forget the same translation, and both drop its reference.

import { itsFaults, itsUnmap } from '@virq/arm-vgic/models';
import { vgicDisableLpis } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';
import { cachedUnused, disableUnused, discardUnused } from '../its-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'its-double-drop',
  title: 'VGIC ITS: two contexts that forget one translation both drop its reference',
  family: 'arm',
  commits: [],
  story: `A translation in the cache holds its LPI. It is forgotten by commands, which have the ITS locked, and by a redistributor whose LPIs
are disabled, which has not: that one goes through the caches of all ITSs with no lock at all.

When who invalidates reads an entry, drops its reference and clears it after that, the two can meet in between: the reference of the cache
is dropped twice, and the LPI is gone while an event, a list or another MSI still has it. One of the family of "who owns the reference",
with \`its-hit-reference\` and \`lpi-reregister\`.`,
  links: [],
  model: itsUnmap,
  scope: { disables: 1 },
  variant: [[vgicDisableLpis, itsFaults.dropsWhatItReads]],
  expected: { property: 'no step fails', length: 29 },
  unused: [...discardUnused.cached, ...cachedUnused(), ...disableUnused],
  fix: 'Only the context that takes an entry out of the cache, which is one atomic step, drops the reference.',
});
