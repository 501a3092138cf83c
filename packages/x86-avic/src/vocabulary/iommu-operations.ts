// What the host does below the VMs: affinity of host interrupts.

import type { PartTarget } from '@virq/irq-core/backend';
import { EINVAL, ENODEV } from '@virq/irq-core/errors';
import type { ArgSpec, Operation } from '@virq/irq-core/machine';
import { invalidate, setHostAffinity } from '../iommu/amd.ts';
import type { X86Host } from '../x86-host.ts';
import { int } from './args.ts';

const device: ArgSpec = { type: 'name', of: 'a device', doc: 'the device' };

/** Operations of the x86 host. */
export const IOMMU_OPERATIONS: Readonly<Record<string, Operation<PartTarget<X86Host>>>> = {
  host_affinity: {
    summary: 'irq_set_affinity of a message vector of the host: in guest mode only its configuration changes',
    args: { device, vector: int('vector', { max: 31, default: 0 }), cpu: int('CPU', { max: 253 }) },
    run({ part, device: find }, args) {
      const index = find(args['device'] as string);
      if (index < 0) return { ret: -ENODEV };
      const irq = index * 32 + (args['vector'] as number);
      const cpu = args['cpu'] as number;
      if (irq >= part.state.amd.irqs.length || cpu >= part.state.cpus.length) return { ret: -EINVAL };
      if (setHostAffinity(part.irq(irq), cpu)) invalidate(part.irq(irq));
      return { ret: 0 };
    },
  },
};
