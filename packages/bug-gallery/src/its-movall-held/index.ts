// MOVALL goes through all LPIs of the VM while another ITS frees one of them.

import { itsFaults, itsMovall } from '@virq/arm-vgic/models';
import { vgicItsProcessCommands } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';
import { movallUnused } from '../its-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'its-movall-held',
  title: 'VGIC ITS: MOVALL works on an LPI that another ITS has just unmapped',
  family: 'arm',
  commits: [{ hash: '85a71ee9a070', title: 'KVM: arm64: vgic-its: Test for valid IRQ in MOVALL handler' }],
  story: `MOVALL and INVALL are about LPIs of the whole VM, whatever ITS has mapped them, but hold the lock of one ITS only. They first
collected the numbers of all LPIs, then looked each up and worked on what they got.

A DISCARD on another ITS frees one in between: the lookup finds nothing, and the command follows a NULL pointer. In the model it works on
freed memory, which is the same mistake: it takes for granted that what was there is there.`,
  links: [],
  model: itsMovall,
  variant: [[vgicItsProcessCommands, itsFaults.holdsNoneOfAll]],
  expected: { property: 'no freed slot is touched', length: 27 },
  unused: movallUnused,
  fix: 'Each LPI is looked up with a reference, and one that is gone is passed over.',
});
