// What `observe` shows of a VGIC, in the shape of the recorded vectors: INTIDs that are enabled, pending, active, whose line is high.

import type { Json } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { INTID, type Irq } from '../irq/layout.ts';

type Test = (i: Irq) => boolean;

function spis({ irqs, state }: ArmChip, is: Test): number[] {
  const found: number[] = [];
  for (let n = 0; n < state.dist.nrSpis; n++) if (is(irqs.at(irqs.firstSpi + n))) found.push(INTID.SPI + n);
  return found;
}

function privates({ irqs, options }: ArmChip, is: Test): number[][] {
  return Array.from({ length: options.vcpus }, (_, vcpu) => {
    const found: number[] = [];
    for (let intid = 0; intid < INTID.SPI; intid++) if (is(irqs.at(irqs.private(vcpu, intid)))) found.push(intid);
    return found;
  });
}

const both = (key: string, is: Test): Record<string, (c: ArmChip) => Json> => ({
  [key]: (c) => spis(c, is),
  [`${key}_ppi`]: (c) => privates(c, is),
});

/** State by key. Pending is what user space reads of ISPENDR: the latch. */
export const OBSERVE: Readonly<Record<string, (c: ArmChip) => Json>> = {
  ...both('enabled', (i) => i.enabled === 1),
  ...both('pending', (i) => i.pendingLatch === 1),
  ...both('active', (i) => i.active === 1),
  line: (c) => spis(c, (i) => i.lineLevel === 1),
};
