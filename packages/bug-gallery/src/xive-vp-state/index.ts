// On POWER10 the presenter's state of a vCPU stays where it was.

import { omit } from '@virq/irq-core/protocol';
import { moveVcpu, xiveVpState } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-vp-state',
  title: 'XIVE native on POWER10: an interrupt that is pending when the guest moves is not signalled afterwards',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `KVM_REG_PPC_VP_STATE is words 0 and 1 of a vCPU's OS ring, as KVM stored them at exit, with the pending priorities that OPAL knows of. On POWER10 hardware saves and restores the ring, and KVM's copy
is what it was at the beginning. What user space reads has the pending priorities right and a CPPR of 0. What it writes on the other side goes into the copy, which nobody loads.

The guest begins with an open CPPR and nothing pending. An interrupt that came while it moved is in its queue, which is memory and arrived, but the guest is not told before
the next one comes. On POWER9 the model is clean.`,
  links: [],
  model: xiveVpState,
  variant: [[moveVcpu, omit(moveVcpu, 'mergeCppr', 'catchUp')]],
  expected: { property: 'the guest has the priority that it has set', length: 9 },
  fix: 'Reading takes CPPR from OPAL as well; writing reaches the hardware at the next entry.',
});
