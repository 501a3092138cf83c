// Attributes of the GICv3 device. Linux: vgic-kvm-device.c kvm_arm_vgic_v3_ops, Documentation/virt/kvm/devices/arm-vgic-v3.rst.

import { EBUSY, EFAULT, EINVAL, ENXIO } from '@virq/irq-core/errors';
import type { AttrPayload, DeviceAttr, DeviceAttrTable } from '@virq/irq-core/kvm';
import { INTID } from '../irq/layout.ts';
import { ADDR, FRAME, GRP, lowOf } from './codes.ts';
import {
  ANY,
  addressAttr,
  distributorCell,
  givenValue,
  INIT,
  NO_ADDRESS,
  NR_IRQS,
  SAVE_PENDING,
} from './common-attrs.ts';
import type { VgicDevice } from './device.ts';
import { getLevels, levelInfoOf, setLevels } from './level-info.ts';
import { REDIST_ADDRS } from './redist-attrs.ts';
import {
  byAffinity,
  first,
  frameAttr,
  needsInit,
  onVcpu,
  type RegisterGroup,
  SYSREGS,
  wordOf,
} from './register-attrs.ts';

/** GICD_IIDR and GICD_TYPER2. */
const EARLY: readonly number[] = [0x8, 0xc];

const DISTRIBUTOR: RegisterGroup = {
  names: first,
  ready: (d, attr) => (d.context.profile.kvm.earlyRegisters && EARLY.includes(lowOf(attr)) ? 0 : needsInit(d, attr)),
};
const BY_AFFINITY: RegisterGroup = { names: byAffinity, ready: needsInit };

const LEVEL_INFO: DeviceAttr<VgicDevice> = {
  attrs: ANY,
  has: (_d, attr) => (levelInfoOf(lowOf(attr)) === 0 ? 0 : -ENXIO),
  doc: 'Input lines of 32 interrupts. Bits 63:32 redistributor, 31:10 kind of information (0), 9:0 the first INTID. A set drives the lines of edge interrupts too; a get shows those of level interrupts only. SGIs and numbers beyond NR_IRQS read as zero.',
  payload: { value: 32 },
  set: (d, attr, payload) =>
    onVcpu(d, { group: BY_AFFINITY, attr, isReadable: payload !== null }, (vcpu) =>
      setLevels(d, { vcpu, low: lowOf(attr) }, wordOf(payload)),
    ),
  get: (d, attr, out) =>
    onVcpu(d, { group: BY_AFFINITY, attr, isReadable: true }, (vcpu) => {
      const levels = getLevels(d, vcpu, lowOf(attr));
      if (levels < 0) return levels;
      out['value'] = BigInt(levels);
      return 0;
    }),
  errors: {
    EINVAL: 'no vCPU has the affinity; after EBUSY: another kind of information, or an INTID that is no multiple of 32',
    EFAULT: 'the value cannot be read',
    EBUSY: 'a vCPU is in KVM_RUN, or the VGIC is not initialised',
  },
};

function setMaintIrq({ context: { state, profile } }: VgicDevice, payload: Readonly<AttrPayload> | null): number {
  if (!profile.kvm.maintIrq) return -ENXIO;
  const value = givenValue(payload);
  if (value === null) return -EFAULT;
  if (state.dist.initialized === 1) return -EBUSY;
  if (value < BigInt(INTID.PPI) || value >= BigInt(INTID.SPI)) return -EINVAL;
  state.dist.maintIntid = Number(value);
  return 0;
}

const MAINT_IRQ: DeviceAttr<VgicDevice> = {
  attrs: ANY,
  has: ({ context: { profile } }) => (profile.kvm.maintIrq ? 0 : -ENXIO),
  doc: 'PPI of the maintenance interrupt that a nested guest hypervisor sees; 0 until it is set. Since Linux 6.18.',
  payload: { value: 32 },
  set: (d, _attr, payload) => setMaintIrq(d, payload),
  get({ context: { state, profile } }, _attr, out) {
    if (!profile.kvm.maintIrq) return -ENXIO;
    out['value'] = BigInt(state.dist.maintIntid);
    return 0;
  },
  errors: { EFAULT: 'the value cannot be read', EBUSY: 'the VGIC is initialised', EINVAL: 'it is no PPI' },
};

/** The attributes by group. */
export const V3_ATTRS: DeviceAttrTable<VgicDevice> = {
  [GRP.ADDR]: {
    name: 'KVM_DEV_ARM_VGIC_GRP_ADDR',
    attrs: [
      addressAttr(ADDR.V3_DIST, 'Address of the distributor, 64 KiB.', (d) =>
        distributorCell(d, FRAME.V3_ALIGN, FRAME.V3_DIST),
      ),
      ...REDIST_ADDRS,
      NO_ADDRESS,
    ],
  },
  [GRP.DIST_REGS]: {
    name: 'KVM_DEV_ARM_VGIC_GRP_DIST_REGS',
    attrs: [
      frameAttr(
        'A register of the distributor by its offset, bits 31:0. Since Linux 6.18 GICD_IIDR and GICD_TYPER2 can be accessed before initialisation.',
        DISTRIBUTOR,
        (d, vcpu) => d.registers.distributor(vcpu),
      ),
    ],
  },
  [GRP.REDIST_REGS]: {
    name: 'KVM_DEV_ARM_VGIC_GRP_REDIST_REGS',
    attrs: [
      frameAttr(
        "A register of a redistributor's two frames. Bits 63:32 affinity of the vCPU, 31:0 offset.",
        BY_AFFINITY,
        (d, vcpu) => d.registers.redistributor(vcpu),
      ),
    ],
  },
  [GRP.CPU_SYSREGS]: { name: 'KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS', attrs: [SYSREGS] },
  [GRP.NR_IRQS]: NR_IRQS,
  [GRP.CTRL]: { name: 'KVM_DEV_ARM_VGIC_GRP_CTRL', attrs: [INIT, SAVE_PENDING] },
  [GRP.LEVEL_INFO]: { name: 'KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO', attrs: [LEVEL_INFO] },
  [GRP.MAINT_IRQ]: { name: 'KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ', attrs: [MAINT_IRQ] },
};
