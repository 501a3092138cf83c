// A write to GICD_ICPENDR does not reach what is in a list register.

import { clearPendingKernel, clearPendingStopped, vgicClear } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { SMALL_VGIC } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-clear-in-lr',
  title: 'VGIC: an edge that was cleared by GICD_ICPENDR comes all the same',
  family: 'arm',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `The latch of an edge moves into a list register when its vCPU enters the guest, and back when it exits without having taken it. A write to GICD_ICPENDR from another vCPU in between
clears a latch that is clear already. The guest takes the interrupt from the list register, or the exit puts the latch back.

GICD_ICACTIVER has the same problem and stops the vCPUs for it.`,
  links: [],
  model: vgicClear,
  variant: [[clearPendingStopped, clearPendingKernel]],
  expected: { property: 'what was cleared is not taken', length: 3 },
  unused: SMALL_VGIC,
  fix: 'As for GICD_ICACTIVER: the vCPU that has it in a list register exits first.',
});
