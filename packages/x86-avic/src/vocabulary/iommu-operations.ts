// What the host does below the VMs: affinity of host interrupts.

import type { PartTarget } from '@virq/irq-core/backend';
import { EINVAL, ENODEV } from '@virq/irq-core/errors';
import type { ArgSpec, Operation } from '@virq/irq-core/machine';
import { IOMMU } from '../iommu/kind.ts';
import { FAULT } from '../iommu/vtd.ts';
import { requesterOf } from '../iommu/vtd-remapper.ts';
import type { X86Host } from '../x86-host.ts';
import { hex, int } from './args.ts';

const device: ArgSpec = { type: 'name', of: 'a device', doc: 'the device' };

/** Fields of a device table entry by the arguments of `iommu_dte`. */
const DTE_FIELDS = {
  iv: 'iv',
  int_ctl: 'intCtl',
  nmi_pass: 'nmiPass',
  init_pass: 'initPass',
  extint_pass: 'extintPass',
  length: 'tableLength',
} as const;

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
  iommu_dte: {
    summary: "what a device's table entry says of interrupts (AMD); fields left out stay",
    args: {
      device,
      iv: int('remapping is on', { max: 1, optional: true }),
      int_ctl: int('fixed and arbitrated: 0 abort, 1 pass, 2 remap', { max: 3, optional: true }),
      nmi_pass: int('NMIs pass', { max: 1, optional: true }),
      init_pass: int('INITs pass', { max: 1, optional: true }),
      extint_pass: int('ExtINTs pass', { max: 1, optional: true }),
      length: int('log2 of the entries of the table', { max: 11, optional: true }),
    },
    run({ part, device: find }, args) {
      const index = find(args['device'] as string);
      if (index < 0 || part.state.iommu !== IOMMU.amd) return { ret: -ENODEV };
      const d = part.state.amd.dtes.at(index);
      for (const [name, field] of Object.entries(DTE_FIELDS))
        if (args[name] !== undefined) d[field] = args[name] as number;
      return { ret: 0 };
    },
  },
  iommu_msi: {
    summary:
      'a device writes a message of its own making; VT-d decodes it (remappable format: handle, SHV, sub-handle), AMD takes the index from its data',
    args: { device, address_lo: int('address'), data: int('data', { default: 0 }) },
    run({ part, device: find }, args) {
      const index = find(args['device'] as string);
      if (index < 0 || part.state.iommu === IOMMU.none) return { ret: -ENODEV };
      if (part.state.iommu === IOMMU.amd)
        return { ret: 0, out: { to: part.amdRemapper.message(index, args['data'] as number) } };
      const message = { addressLo: args['address_lo'] as number, data: args['data'] as number };
      const r = part.vtdRemapper.message(message, requesterOf(index));
      if (r.to === 'fault') return { ret: 0, out: { to: r.to, reason: hex(FAULT[r.fault].code) } };
      return { ret: 0, out: { to: r.to, index: r.index, vector: r.vector } };
    },
  },
};
