// Groups whose attributes are registers of a vCPU. Linux: vgic-kvm-device.c vgic_v2_attr_regs_access, vgic_v3_attr_regs_access, vgic-mmio-v2.c vgic_v2_has_attr_regs, vgic-mmio-v3.c vgic_v3_has_attr_regs.

import { EBUSY, EFAULT, EINVAL, ENXIO } from '@virq/irq-core/errors';
import type { AttrPayload, DeviceAttr } from '@virq/irq-core/kvm';
import type { UserFrame } from '../distributor/frames.ts';
import { highOf, lowOf } from './codes.ts';
import { ANY, givenValue } from './common-attrs.ts';
import type { VgicDevice } from './device.ts';

type Payload = Readonly<AttrPayload> | null;

/** Index of the vCPU that an attribute names, -1 for none. */
type NamesVcpu = (d: VgicDevice, attr: number) => number;

/** GICv2: the id in bits 39:32; higher ones are ignored. */
export const byId: NamesVcpu = ({ vcpus }, attr) => vcpus.byId(highOf(attr) & 0xff);
/** GICv3: Aff3.Aff2.Aff1.Aff0 in bits 63:32. */
export const byAffinity: NamesVcpu = ({ vcpus }, attr) => vcpus.byAffinity(highOf(attr));
/** The distributor of a GICv3 is the same for all: it is reached through the first vCPU. */
export const first: NamesVcpu = ({ vcpus }) => (vcpus.count > 0 ? 0 : -1);

/** A word of the payload, 0 without one. */
export const wordOf = (payload: Payload): number => Number((givenValue(payload) ?? 0n) & 0xffff_ffffn);

/** Says what stands against an access once the vCPUs stand still, by the state of initialisation; 0 for nothing. */
type Readiness = (d: VgicDevice, attr: number) => number;

/** A GICv2 is initialised by it. */
export const initialises: Readiness = ({ lifecycle }) => lifecycle.init();
/** A GICv3 has to be initialised. */
export const needsInit: Readiness = ({ context: { state } }) => (state.dist.initialized === 1 ? 0 : -EBUSY);

/** How a group gets at its registers. */
export interface RegisterGroup {
  readonly names: NamesVcpu;
  readonly ready: Readiness;
}

/** Runs on the vCPU that an attribute names: -EINVAL without it, -EFAULT, -EBUSY while a vCPU is in KVM_RUN or before initialisation. */
export function onVcpu(
  d: VgicDevice,
  { group: { names, ready }, attr, isReadable }: { group: RegisterGroup; attr: number; isReadable: boolean },
  run: (vcpu: number) => number,
): number {
  const vcpu = names(d, attr);
  if (vcpu < 0) return -EINVAL;
  if (!isReadable) return -EFAULT;
  if (d.vcpus.isBusy()) return -EBUSY;
  return ready(d, attr) || run(vcpu);
}

/** What register groups have in common; why a register refuses is the register's. */
const ERRORS = {
  EINVAL: 'no vCPU has the id or affinity; what the register does not take',
  EFAULT: 'the value cannot be read',
  EBUSY: 'a vCPU is in KVM_RUN, or the VGIC of a GICv3 is not initialised',
} as const;

/** A group of 32-bit registers in a frame. Where there is no register, or at an unaligned offset, a get gives 0 and a set does nothing. */
export const frameAttr = (
  doc: string,
  group: RegisterGroup,
  frameOf: (d: VgicDevice, vcpu: number) => UserFrame,
): DeviceAttr<VgicDevice> => ({
  attrs: ANY,
  has(d, attr) {
    const vcpu = group.names(d, attr);
    if (vcpu < 0) return -EINVAL;
    return frameOf(d, vcpu).has(lowOf(attr)) ? 0 : -ENXIO;
  },
  doc,
  payload: { value: 32 },
  set: (d, attr, payload) =>
    onVcpu(d, { group, attr, isReadable: payload !== null }, (vcpu) =>
      frameOf(d, vcpu).set(lowOf(attr), wordOf(payload)),
    ),
  get: (d, attr, out) =>
    onVcpu(d, { group, attr, isReadable: true }, (vcpu) => {
      out['value'] = BigInt(frameOf(d, vcpu).get(lowOf(attr)));
      return 0;
    }),
  errors: ERRORS,
});

const SYSREG_GROUP: RegisterGroup = { names: byAffinity, ready: needsInit };
const instrOf = (attr: number): number => lowOf(attr) & 0xffff;

/** KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS. */
export const SYSREGS: DeviceAttr<VgicDevice> = {
  attrs: ANY,
  has(d, attr) {
    const vcpu = byAffinity(d, attr);
    if (vcpu < 0) return -EINVAL;
    return d.registers.sysregs(vcpu).has(instrOf(attr)) ? 0 : -ENXIO;
  },
  doc: 'A system register of the CPU interface. Bits 63:32 affinity of the vCPU, 15:0 encoding: op0 15:14, op1 13:11, CRn 10:7, CRm 6:3, op2 2:0.',
  set: (d, attr, payload) =>
    onVcpu(d, { group: SYSREG_GROUP, attr, isReadable: true }, (vcpu) =>
      payload === null ? -EFAULT : d.registers.sysregs(vcpu).set(instrOf(attr), wordOf(payload)),
    ),
  get: (d, attr, out) =>
    onVcpu(d, { group: SYSREG_GROUP, attr, isReadable: true }, (vcpu) => {
      const value = d.registers.sysregs(vcpu).get(instrOf(attr));
      if (value < 0) return value;
      out['value'] = BigInt(value >>> 0);
      return 0;
    }),
  errors: {
    EINVAL: 'no vCPU has the affinity; last: the host cannot do what is set, or has fewer active priority registers',
    EBUSY: 'a vCPU is in KVM_RUN, or the VGIC is not initialised',
    EFAULT: 'the value cannot be read',
    ENOENT: 'user space has no such register (KVM_HAS_DEVICE_ATTR says ENXIO)',
  },
};
