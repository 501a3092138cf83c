// Attributes that both models of the VGIC have: addresses, number of interrupts, control. Linux: vgic-kvm-device.c kvm_vgic_addr, vgic_set_common_attr, vgic_get_common_attr.

import { EBUSY, EEXIST, EFAULT, EINVAL, ENXIO } from '@virq/irq-core/errors';
import type { AttrPayload, DeviceAttr, DeviceAttrTable } from '@virq/irq-core/kvm';
import { INTID } from '../irq/layout.ts';
import { checkRange } from './addresses.ts';
import { ADDR_UNDEF, CTRL } from './codes.ts';
import type { VgicDevice } from './device.ts';

/** Any attribute of a group. */
export const ANY = [0, Number.MAX_SAFE_INTEGER] as const;
/** VGIC_MAX_RESERVED: the highest number that NR_IRQS is compared with; the highest it takes is 992. */
const MAX_RESERVED = 1023;

/** The value, null if the user's pointer leads nowhere. */
export const givenValue = (payload: Readonly<AttrPayload> | null): bigint | null => payload?.['value'] ?? null;

/** Reasons of an address, in order. */
export const ADDRESS_ERRORS = {
  EFAULT: 'the value cannot be read',
  EEXIST: 'it is set already',
  EINVAL: 'it is misaligned, or its frame ends beyond 2^64',
  E2BIG: "the frame is not within the guest's physical addresses",
} as const;

/** An address that is set once. `bits` are those of a guest physical address. */
export interface AddressCell {
  readonly align: bigint;
  readonly size: bigint;
  isSet(): boolean;
  get(): bigint;
  set(address: bigint): void;
}

/** Sets it: 0 or as {@link ADDRESS_ERRORS} says. */
export function setAddress(cell: AddressCell, bits: number, payload: Readonly<AttrPayload> | null): number {
  const base = givenValue(payload);
  if (base === null) return -EFAULT;
  if (cell.isSet()) return -EEXIST;
  const error = checkRange({ base, size: cell.size }, cell.align, bits);
  if (error === 0) cell.set(base);
  return error;
}

/** An attribute that sets or gets one address. */
export const addressAttr = (
  attr: number,
  doc: string,
  cellOf: (d: VgicDevice) => AddressCell,
): DeviceAttr<VgicDevice> => ({
  attrs: attr,
  doc,
  set: (d, _attr, payload) => setAddress(cellOf(d), d.context.options.ipaBits, payload),
  get(d, _attr, out) {
    const cell = cellOf(d);
    out['value'] = cell.isSet() ? cell.get() : ADDR_UNDEF;
    return 0;
  },
  errors: ADDRESS_ERRORS,
});

/** Address of the distributor. */
export const distributorCell = ({ context: { state } }: VgicDevice, align: bigint, size: bigint): AddressCell => ({
  align,
  size,
  isSet: () => state.dist.hasDistBase === 1,
  get: () => state.dist.distBase,
  set(address) {
    state.dist.hasDistBase = 1;
    (state.dist as { distBase: bigint }).distBase = address;
  },
});

/** What the model does not have; the value is read first. */
export const NO_ADDRESS: DeviceAttr<VgicDevice> = {
  attrs: ANY,
  has: () => -ENXIO,
  doc: 'Addresses that the model does not have.',
  set: (_d, _attr, payload) => (payload === null ? -EFAULT : -ENXIO),
  errors: { EFAULT: 'the value cannot be read', ENXIO: 'always' },
};

function setNrIrqs({ context: { state } }: VgicDevice, payload: Readonly<AttrPayload> | null): number {
  const value = givenValue(payload);
  if (value === null) return -EFAULT;
  const nr = Number(value & 0xffff_ffffn);
  if (nr < 2 * INTID.SPI || nr > MAX_RESERVED || nr % 32 !== 0) return -EINVAL;
  if (state.dist.nrSpis !== 0) return -EBUSY;
  state.dist.nrSpis = nr - INTID.SPI;
  return 0;
}

/** KVM_DEV_ARM_VGIC_GRP_NR_IRQS. Documentation says up to 1024; the code takes 64 to 992. */
export const NR_IRQS: DeviceAttrTable<VgicDevice>[number] = {
  name: 'KVM_DEV_ARM_VGIC_GRP_NR_IRQS',
  attrs: [
    {
      attrs: ANY,
      doc: 'Number of SGIs, PPIs and SPIs: a multiple of 32 from 64 to 992; 256 if nobody says. A get before that gives 32.',
      payload: { value: 32 },
      set: (d, _attr, payload) => setNrIrqs(d, payload),
      get({ context: { state } }, _attr, out) {
        out['value'] = BigInt(state.dist.nrSpis + INTID.SPI);
        return 0;
      },
      errors: {
        EFAULT: 'the value cannot be read',
        EINVAL: 'it is below 64, above 1023, or no multiple of 32',
        EBUSY: 'it is set already, or the VGIC is initialised',
      },
    },
  ],
};

/** KVM_DEV_ARM_VGIC_CTRL_INIT. */
export const INIT: DeviceAttr<VgicDevice> = {
  attrs: CTRL.INIT,
  doc: 'Initialises the VGIC: from now on there are no more vCPUs, and GSI n is SPI 32 + n. Once more does nothing.',
  payload: {},
  set: ({ lifecycle }) => lifecycle.init(),
};

/** KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES. */
export const SAVE_PENDING: DeviceAttr<VgicDevice> = {
  attrs: CTRL.SAVE_PENDING,
  doc: 'Writes what LPIs are pending into the pending tables in guest memory; bytes that stay as they are are not written.',
  payload: {},
  set({ context: { state }, vcpus, its }) {
    if (vcpus.isBusy()) return -EBUSY;
    return state.dist.initialized === 1 ? its.lpis.savePending() : -ENXIO;
  },
  errors: {
    EBUSY: 'a vCPU is in KVM_RUN',
    ENXIO: 'the VGIC is not initialised',
    EFAULT: 'a pending table is not in guest memory',
  },
};
