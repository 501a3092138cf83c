// A cached translation leads to an LPI that DISCARD has freed.

import { itsFaults, itsUnmap } from '@virq/arm-vgic/models';
import { vgicItsInjectMsi } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';
import { cachedUnused, discardUnused, heldUnused } from '../its-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'its-hit-reference',
  title: 'VGIC ITS: an MSI out of the translation cache goes to an LPI that DISCARD has freed',
  family: 'arm',
  cve: 'CVE-2024-26598',
  commits: [{ hash: 'ad362fe07fec', title: 'KVM: arm64: vgic-its: Avoid potential UAF in LPI translation cache' }],
  story: `The cache spares most MSIs the lock of the ITS: it finds the LPI of a device's event, and has a reference to it. But whoever found an
LPI there went on without one of his own.

While the MSI is on its way to the LPI, a DISCARD forgets the translation, drops the cache's reference, takes the event away and drops
that one as well: the LPI is freed. The injection then makes freed memory pending, and takes its lock. A guest can bring it about.`,
  links: [],
  model: itsUnmap,
  variant: [[vgicItsInjectMsi, itsFaults.hitsWithoutReference]],
  expected: { property: 'no freed slot is touched', length: 28 },
  unused: [...discardUnused.cached, ...cachedUnused(), ...heldUnused()],
  fix: 'A hit takes a reference of its own while it looks the LPI up, and drops it when the LPI is queued.',
});
