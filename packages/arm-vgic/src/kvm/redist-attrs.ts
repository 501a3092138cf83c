// Addresses of redistributors: one stretch for all vCPUs, or regions of a given size. Linux: vgic-kvm-device.c kvm_vgic_addr, vgic-mmio-v3.c vgic_v3_set_redist_base.

import { EFAULT, EINVAL } from '@virq/irq-core/errors';
import type { AttrPayload, DeviceAttr } from '@virq/irq-core/kvm';
import { ADDR, ADDR_UNDEF } from './codes.ts';
import { givenValue } from './common-attrs.ts';
import type { VgicDevice } from './device.ts';

/** Fields of a region as user space gives it. Linux keeps the index in 8 of its 12 bits. */
const INDEX = 0xffn;
const FLAGS = 0xf000n;
const BASE = 0x000f_ffff_ffff_0000n;
const COUNT_SHIFT = 52n;

function addRegion({ regions }: VgicDevice, payload: Readonly<AttrPayload> | null): number {
  const value = givenValue(payload);
  if (value === null) return -EFAULT;
  const count = Number(value >> COUNT_SHIFT);
  if (count === 0 || (value & FLAGS) !== 0n) return -EINVAL;
  return regions.add({ index: Number(value & INDEX), base: value & BASE, count });
}

function getRegion({ regions }: VgicDevice, out: AttrPayload): number {
  const value = givenValue(out);
  if (value === null) return -EFAULT;
  const described = regions.describe(Number(value & INDEX));
  if (typeof described === 'number') return described;
  out['value'] = described;
  return 0;
}

/** The two attributes. */
export const REDIST_ADDRS: readonly DeviceAttr<VgicDevice>[] = [
  {
    attrs: ADDR.V3_REDIST,
    doc: 'Address of one stretch of redistributors, 128 KiB for each vCPU; it grows with vCPUs that are created later.',
    set({ regions }, _attr, payload) {
      const base = givenValue(payload);
      return base === null ? -EFAULT : regions.add({ index: 0, base, count: 0 });
    },
    get({ regions }, _attr, out) {
      out['value'] = regions.first()?.base ?? ADDR_UNDEF;
      return 0;
    },
    errors: {
      EFAULT: 'the value cannot be read',
      EINVAL: 'it ends beyond 2^64; there are regions already; it lies over the distributor; it is misaligned',
      EEXIST: 'there is one already',
      E2BIG: "it is not within the guest's physical addresses",
    },
  },
  {
    attrs: ADDR.V3_REDIST_REGION,
    doc: 'A region of redistributors. Bits 63:52 how many, 51:16 address, 15:12 flags (0), 11:0 index, of which 8 bits count: 0, then one more each time. vCPUs are placed in the order of their creation. A get names the index.',
    set: (d, _attr, payload) => addRegion(d, payload),
    get: (d, _attr, out) => getRegion(d, out),
    errors: {
      EFAULT: 'the value cannot be read',
      EINVAL:
        'it has no redistributors, or flags; the index is not the next one (which lets index 1 follow a stretch of the other kind); it lies over another region, or, if a vCPU waits for a place, over the distributor',
      E2BIG: "it is not within the guest's physical addresses",
      ENOMEM: 'there are more regions than the VM was made for',
      ENOENT: 'get: no region has the index',
    },
  },
];
