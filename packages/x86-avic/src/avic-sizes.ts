// How large AVIC's state of a VM is: nothing to speak of without it.

import type { VmLimits } from '@virq/irq-core/kvm';
import { APICV_MODES } from './apicv.ts';
import { physicalIds } from './avic/avic.ts';
import type { AvicSizes } from './avic/tables.ts';
import type { X86Options } from './chip.ts';

/** Host irqs that can be on ir_lists: those of 32 devices. */
const POSTED_IRQS = 1024;

/** Sizes for a VM's limits and options. */
export function avicSizes({ vcpus }: VmLimits, { apicv, apicIds }: X86Options): AvicSizes {
  const mode = APICV_MODES[apicv];
  if (mode === APICV_MODES.none) return { vcpus, irqs: 1, physicalIds: 0, descriptors: 0 };
  if (mode === APICV_MODES.vmx) return { vcpus, irqs: 1, physicalIds: 0, descriptors: vcpus };
  return { vcpus, irqs: POSTED_IRQS, physicalIds: physicalIds(mode, Math.max(vcpus - 1, ...apicIds)), descriptors: 0 };
}
