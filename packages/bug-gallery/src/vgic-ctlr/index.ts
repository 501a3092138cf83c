// The distributor is switched off and on with interrupts pending.

import { vgicQueue, writeCtlr, writeCtlrKernel } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { SMALL_VGIC } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-ctlr',
  title: 'VGIC: what became pending while the distributor was off is not seen when it is on again',
  family: 'arm',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `While GICD_CTLR has the distributor off, nothing is put on a vCPU's list, and a vCPU that exits takes off its list what it finds there. When the distributor goes on, KVM kicks the
vCPUs whose lists have something to deliver. What is on no list is not looked for: an edge that came meanwhile, and one that was taken off.`,
  links: [],
  model: vgicQueue,
  scope: { off: 1, moves: 0 },
  variant: [[writeCtlr, writeCtlrKernel]],
  expected: { property: 'no interrupt that can be delivered waits', length: 10 },
  unused: SMALL_VGIC,
  fix: 'When the distributor goes on, every interrupt that is pending and enabled is queued.',
});
