// What the host does below the VMs: affinity of host interrupts.

import type { PartTarget } from '@virq/irq-core/backend';
import { EINVAL, ENODEV } from '@virq/irq-core/errors';
import type { ArgSpec, Operation } from '@virq/irq-core/machine';
import { IOMMU } from '../iommu/kind.ts';
import { FAULT } from '../iommu/vtd.ts';
import { requesterOf } from '../iommu/vtd-remapper.ts';
import type { X86Host } from '../x86-host.ts';
import { int } from './args.ts';

const hex = (v: number): string => `0x${v.toString(16)}`;

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
      if (part.indexOf(part.linuxIrq(irq)) < 0 || cpu >= part.state.cpus.length) return { ret: -EINVAL };
      part.setAffinity(irq, cpu);
      return { ret: 0 };
    },
  },
  iommu_msi: {
    summary:
      'a device writes a message of its own making; VT-d decodes it (remappable format: handle, SHV, sub-handle)',
    args: { device, address_lo: int('address'), data: int('data', { default: 0 }) },
    run({ part, device: find }, args) {
      const index = find(args['device'] as string);
      if (index < 0 || part.state.iommu !== IOMMU.intel) return { ret: -ENODEV };
      const message = { addressLo: args['address_lo'] as number, data: args['data'] as number };
      const r = part.vtdRemapper.message(message, requesterOf(index));
      if (r.to === 'fault') return { ret: 0, out: { to: r.to, reason: hex(FAULT[r.fault].code) } };
      return { ret: 0, out: { to: r.to, index: r.index, vector: r.vector } };
    },
  },
};
