// Words for a VMM's ioctls: devices, vCPUs, attributes.

import { EINVAL } from '@virq/irq-core/errors';
import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import type { DeviceFd, KvmApi } from '../kvm/api.ts';
import { attrNumber, DEVICE_TYPE, GRP } from '../kvm/codes.ts';
import { resetVgic, restoreFrom, saveTables } from '../kvm/migration.ts';
import { hex, int, n } from './args.ts';

type Op = Operation<ArmChip>;

const TYPES: Readonly<Record<string, number>> = {
  vgic_v2: DEVICE_TYPE.VGIC_V2,
  vgic_v3: DEVICE_TYPE.VGIC_V3,
  its: DEVICE_TYPE.ITS,
};

const device: ArgSpec = {
  type: 'either',
  of: [{ type: 'enum', values: ['vgic'], doc: '' }, int('', { max: 3 })],
  default: 'vgic',
  doc: "whose descriptor: `vgic`, or an ITS's number",
};
const attr: ArgSpec = { type: 'u64', doc: 'attribute', default: 0 };
const at = { device, group: int('group, KVM_DEV_ARM_VGIC_GRP_*'), attr };

const fdOf = (args: Args): DeviceFd => args['device'] as DeviceFd;
const nameOf = (args: Args): { group: number; attr: number } => ({
  group: n(args, 'group'),
  attr: attrNumber(args['attr'] as bigint),
});

function getAttr(c: ArmChip, args: Args): OpResult {
  const given = args['value'] as bigint | undefined;
  const out: Record<string, bigint> = given === undefined ? {} : { value: given };
  const ret = c.kvm.getAttr(fdOf(args), nameOf(args), out);
  return ret < 0 ? { ret } : { ret, out: { value: hex(out['value'] ?? 0n) } };
}

/** Operations of the VMM. */
export const KVM_OPERATIONS: Readonly<Record<string, Op>> = {
  create_device: {
    summary: 'KVM_CREATE_DEVICE',
    args: {
      type: {
        type: 'either',
        of: [{ type: 'enum', values: Object.keys(TYPES), doc: '' }, int('')],
        doc: 'KVM_DEV_TYPE_ARM_VGIC_*, by name or number',
      },
    },
    run: (c, args) => ({ ret: c.kvm.createDevice(TYPES[args['type'] as string] ?? n(args, 'type')) }),
  },
  create_irqchip: {
    summary: 'KVM_CREATE_IRQCHIP: a GICv2 without a device',
    args: {},
    run: (c) => ({ ret: c.kvm.createIrqchip() }),
  },
  create_vcpu: {
    summary: 'KVM_CREATE_VCPU',
    args: { id: int('vCPU id', { max: 0xffff }) },
    run: (c, args) => ({ ret: c.kvm.createVcpu(n(args, 'id')) }),
  },
  set_device_addr: {
    summary: "KVM_ARM_SET_DEVICE_ADDR: a GICv2's addresses without a device",
    args: { id: int('device id 31:16, type of address 15:0'), addr: { type: 'u64', doc: 'address' } },
    run: (c, args) => ({ ret: c.kvm.setDeviceAddr(n(args, 'id'), args['addr'] as bigint) }),
  },
  set_attr: {
    summary: 'KVM_SET_DEVICE_ATTR of a number; without it the pointer cannot be read',
    args: { ...at, value: { type: 'u64', doc: 'what the pointer leads to', optional: true } },
    run(c, args) {
      const value = args['value'] as bigint | undefined;
      return { ret: c.kvm.setAttr(fdOf(args), nameOf(args), value === undefined ? null : { value }) };
    },
  },
  get_attr: {
    summary: 'KVM_GET_DEVICE_ATTR',
    args: {
      ...at,
      value: { type: 'u64', doc: 'what the pointer leads to before: the index of a region', optional: true },
    },
    run: getAttr,
  },
  has_attr: {
    summary: 'KVM_HAS_DEVICE_ATTR',
    args: at,
    run: (c, args) => ({ ret: c.kvm.hasAttr(fdOf(args), nameOf(args)) }),
  },
  ctrl: {
    summary: 'KVM_DEV_ARM_VGIC_GRP_CTRL of the VGIC: 0 initialises it, 3 saves pending tables',
    args: { attr: int('attribute') },
    run: (c, args) => ({ ret: c.kvm.setAttr('vgic', { group: GRP.CTRL, attr: n(args, 'attr') }, { value: 0n }) }),
  },
  vgic_save: {
    summary: 'the VM has stopped: pending LPIs and tables of ITSs go into its memory',
    args: {},
    run: (c) => ({ ret: saveTables(c.kvm) }),
  },
  vgic_restore: {
    summary: 'takes over another VM that has stopped and saved: memory, then registers through the device API',
    args: {
      from: int('VM that it was, by index', { max: 255 }),
      iidr: {
        type: 'bool',
        default: true,
        doc: "GICD_IIDR of a GICv2 is written first, as KVM asks; QEMU does not, and interrupts' groups stay behind",
      },
    },
    run(c, args) {
      const from = c.context.host.peers[n(args, 'from')] as KvmApi | undefined;
      if (from === undefined || from === c.kvm) return { ret: -EINVAL };
      return { ret: restoreFrom(from, c.kvm, { iidr: args['iidr'] === true }) };
    },
  },
  vgic_reset: {
    summary: 'machine reset: ITSs are reset, all registers written with zero',
    args: {},
    run: (c) => ({ ret: resetVgic(c.kvm) }),
  },
};
