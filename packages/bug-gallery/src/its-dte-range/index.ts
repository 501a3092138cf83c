// A restore takes a device that MAPD refuses.

import { itsRestore, restoresAnyWidth, restoreVm } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { discardUnused } from '../its-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'its-dte-range',
  title: 'VGIC ITS: a restore takes a device with more EventIDs than there are',
  family: 'arm',
  cve: 'CVE-2026-64106',
  commits: [],
  story: `MAPD refuses a device of more than 16 EventID bits. The entry of a device in guest memory has five bits for their number, and the guest
can write it: what is saved is not what is restored. The restore took the number as it was and went through a table of that size.

The rule behind it: what a restore accepts has to be what commands can bring about.`,
  links: [],
  model: itsRestore,
  scope: { forged: 1 },
  variant: [[restoreVm, restoresAnyWidth]],
  expected: { property: 'a device has no more EventIDs than MAPD gives it', length: 31 },
  unused: discardUnused.uncached,
  fix: 'The restore checks the width as MAPD does, and fails with -EINVAL.',
});
