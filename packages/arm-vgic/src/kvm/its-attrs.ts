// Attributes of the ITS device. Linux: vgic-its.c kvm_arm_vgic_its_ops, Documentation/virt/kvm/devices/arm-vgic-its.rst.

import { EBUSY, EFAULT, EINVAL, ENODEV, ENXIO } from '@virq/irq-core/errors';
import type { DeviceAttr, DeviceAttrTable } from '@virq/irq-core/kvm';
import { controlIts } from '../its/control-attrs.ts';
import { ADDR, ADDR_UNDEF, CTRL, FRAME, GRP } from './codes.ts';
import { ADDRESS_ERRORS, type AddressCell, ANY, givenValue, setAddress } from './common-attrs.ts';
import type { ItsDevice } from './device.ts';

const cellOf = ({ its }: ItsDevice): AddressCell => ({
  align: FRAME.V3_ALIGN,
  size: FRAME.ITS,
  isSet: () => its.context.state.hasBase === 1,
  get: () => its.context.state.base,
  set: (address) => its.setBase(Number(address)),
});

const ADDRESS: DeviceAttr<ItsDevice> = {
  attrs: ADDR.ITS,
  doc: 'Address of the ITS: control frame and translation frame, 128 KiB.',
  set: (d, _attr, payload) => setAddress(cellOf(d), d.vgic.context.options.ipaBits, payload),
  get(d, _attr, out) {
    const cell = cellOf(d);
    out['value'] = cell.isSet() ? cell.get() : ADDR_UNDEF;
    return 0;
  },
  errors: ADDRESS_ERRORS,
};

const NO_ADDRESS: DeviceAttr<ItsDevice> = {
  attrs: ANY,
  has: () => -ENXIO,
  doc: 'Addresses that an ITS does not have.',
  set: () => -ENODEV,
  get: () => -ENODEV,
  errors: { ENODEV: 'always; KVM_HAS_DEVICE_ATTR says ENXIO' },
};

/** While all vCPUs stand still. */
const stopped = (
  attr: number,
  doc: string,
  errors: Record<string, string>,
  run: (d: ItsDevice) => number,
): DeviceAttr<ItsDevice> => ({
  attrs: attr,
  doc,
  payload: {},
  set: (d) => (d.vgic.vcpus.isBusy() ? -EBUSY : run(d)),
  errors: { EBUSY: 'a vCPU is in KVM_RUN', ...errors },
});

/** Registers up to here, and from here on, have 32 bits. */
const [TYPER, PIDR4] = [0x0008, 0xffd0];
const isMisaligned = (offset: number): boolean => offset % (offset < TYPER || offset >= PIDR4 ? 4 : 8) !== 0;

/** What stands against an access. */
function refusal({ vgic, its }: ItsDevice, offset: number): number {
  if (isMisaligned(offset)) return -EINVAL;
  if (vgic.vcpus.isBusy()) return -EBUSY;
  return its.context.state.hasBase === 0 || its.get(offset) === null ? -ENXIO : 0;
}

const REGISTERS: DeviceAttr<ItsDevice> = {
  attrs: ANY,
  has({ its }, offset) {
    if (isMisaligned(offset)) return -EINVAL;
    return its.get(offset) === null ? -ENXIO : 0;
  },
  doc: 'A register by its offset; 32-bit ones take the low word. A set of GITS_CWRITER runs the commands. The VGIC need not be initialised.',
  set(d, offset, payload) {
    const value = givenValue(payload);
    if (value === null) return -EFAULT;
    const word = { lo: Number(value & 0xffff_ffffn), hi: Number(value >> 32n) };
    return refusal(d, offset) || d.its.set(offset, word);
  },
  get(d, offset, out) {
    const refused = refusal(d, offset);
    if (refused !== 0) return refused;
    const { lo, hi } = d.its.get(offset) as { lo: number; hi: number };
    out['value'] = (BigInt(hi) << 32n) | BigInt(lo);
    return 0;
  },
  errors: {
    EFAULT: 'the value cannot be read',
    EINVAL:
      'the offset is no multiple of 8 (4 below GITS_TYPER and from GITS_PIDR4 on); what the register does not take',
    EBUSY: 'a vCPU is in KVM_RUN; GITS_CREADR while the ITS is enabled',
    ENXIO: 'the ITS has no address; no register is there',
  },
};

/** The attributes by group. */
export const ITS_ATTRS: DeviceAttrTable<ItsDevice> = {
  [GRP.ADDR]: { name: 'KVM_DEV_ARM_VGIC_GRP_ADDR', attrs: [ADDRESS, NO_ADDRESS] },
  [GRP.CTRL]: {
    name: 'KVM_DEV_ARM_VGIC_GRP_CTRL',
    attrs: [
      { attrs: CTRL.INIT, doc: 'Does nothing.', payload: {}, set: () => 0 },
      stopped(
        CTRL.ITS_SAVE_TABLES,
        'Writes devices, their interrupt translation entries and collections into the tables in guest memory.',
        {
          EFAULT: 'a table is not in guest memory',
          EACCES: 'an LPI is forwarded by GICv4.0',
          EINVAL: 'the table of devices has no place for one (6.1, 6.18)',
        },
        ({ its }) => controlIts(its, CTRL.ITS_SAVE_TABLES),
      ),
      stopped(
        CTRL.ITS_RESTORE_TABLES,
        'Reads them back; GITS_IIDR and the tables have been set before.',
        {
          EFAULT: 'a table is not in guest memory',
          EINVAL: 'an entry cannot be',
          EEXIST: 'a collection is there already',
        },
        ({ its }) => controlIts(its, CTRL.ITS_RESTORE_TABLES),
      ),
      stopped(CTRL.ITS_RESET, 'Resets the ITS: off, nothing mapped, tables not valid.', {}, ({ its }) =>
        controlIts(its, CTRL.ITS_RESET),
      ),
      {
        attrs: ANY,
        has: () => -ENXIO,
        doc: 'Others, which 6.1 and 6.12 take and do nothing.',
        payload: {},
        set: ({ vgic, its }, attr) => (vgic.vcpus.isBusy() ? -EBUSY : controlIts(its, attr)),
        errors: { EBUSY: 'a vCPU is in KVM_RUN', ENXIO: 'since 6.18' },
      },
    ],
  },
  [GRP.ITS_REGS]: { name: 'KVM_DEV_ARM_VGIC_GRP_ITS_REGS', attrs: [REGISTERS] },
};
