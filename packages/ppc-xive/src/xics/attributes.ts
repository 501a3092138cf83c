// Device attributes of KVM's XICS device. Linux: Documentation/virt/kvm/devices/xics.rst; arch/powerpc/kvm/book3s_xive.c xive_set_attr, xive_get_attr, xive_has_attr.

import { EFAULT } from '@virq/irq-core/errors';
import type { DeviceAttrTable } from '@virq/irq-core/kvm';
import { NR_IRQS } from '../kvm/layout.ts';
import { FIRST_IRQ } from './numbers.ts';
import type { Restore } from './restore.ts';
import type { Save } from './save.ts';

/** What the attributes reach. */
export interface XicsAttributes {
  readonly save: Save;
  readonly restore: Restore;
  setNrServers(servers: number): number;
}

/** Groups. */
export const XICS_GROUP = { SOURCES: 1, CTRL: 2 } as const;
/** Attribute of CTRL. */
export const XICS_NR_SERVERS = 1;

/** Attributes of the device. */
export const XICS_ATTRIBUTES: DeviceAttrTable<XicsAttributes> = {
  [XICS_GROUP.SOURCES]: {
    name: 'KVM_DEV_XICS_GRP_SOURCES',
    attrs: [
      {
        doc: 'a source by its number: destination, priority, level-triggered, masked, pending, presented, queued',
        attrs: [0, Number.MAX_SAFE_INTEGER],
        has: [FIRST_IRQ, NR_IRQS - 1],
        set: (d, irq, payload) => (payload === null ? -EFAULT : d.restore.source(irq, payload['value'] as bigint)),
        get: (d, irq, out) => d.save.source(irq, out),
        errors: {
          ENOENT: 'set: no number of a source (16 to 1048575); get: a source that was never set',
          ENOMEM: 'the host has no interrupt left to put behind the source',
          EFAULT: 'the value cannot be read or written',
        },
      },
    ],
  },
  [XICS_GROUP.CTRL]: {
    name: 'KVM_DEV_XICS_GRP_CTRL',
    attrs: [
      {
        doc: 'KVM_DEV_XICS_NR_SERVERS: servers to make room for, before the first vCPU connects',
        attrs: XICS_NR_SERVERS,
        payload: { value: 32 },
        set: (d, _attr, payload) => (payload === null ? -EFAULT : d.setNrServers(Number(payload['value'] as bigint))),
        errors: {
          EINVAL: '0, or more than there are vCPU ids (8 times KVM_MAX_VCPUS)',
          EBUSY: 'the virtual processors are allocated: a vCPU is connected, or was',
          EFAULT: 'the value cannot be read',
        },
      },
    ],
  },
};
