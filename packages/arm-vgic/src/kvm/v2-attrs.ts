// Attributes of the GICv2 device. Linux: vgic-kvm-device.c kvm_arm_vgic_v2_ops, Documentation/virt/kvm/devices/arm-vgic.rst.

import type { DeviceAttrTable } from '@virq/irq-core/kvm';
import { ADDR, FRAME, GRP } from './codes.ts';
import { type AddressCell, addressAttr, distributorCell, INIT, NO_ADDRESS, NR_IRQS } from './common-attrs.ts';
import type { VgicDevice } from './device.ts';
import { byId, frameAttr, initialises, type RegisterGroup } from './register-attrs.ts';

const cpuCell = ({ context: { state } }: VgicDevice): AddressCell => ({
  align: FRAME.V2_ALIGN,
  size: FRAME.V2_CPU,
  isSet: () => state.dist.hasCpuBase === 1,
  get: () => state.dist.cpuBase,
  set(address) {
    state.dist.hasCpuBase = 1;
    (state.dist as { cpuBase: bigint }).cpuBase = address;
  },
});

/** vCPUs by id; an access to registers initialises. */
const GROUP: RegisterGroup = { names: byId, ready: initialises };

/** The attributes by group. */
export const V2_ATTRS: DeviceAttrTable<VgicDevice> = {
  [GRP.ADDR]: {
    name: 'KVM_DEV_ARM_VGIC_GRP_ADDR',
    attrs: [
      addressAttr(ADDR.V2_DIST, 'Address of the distributor, 4 KiB.', (d) =>
        distributorCell(d, FRAME.V2_ALIGN, FRAME.V2_DIST),
      ),
      addressAttr(
        ADDR.V2_CPU,
        "Address of the guest's CPU interface, 8 KiB. Overlaps show at the first KVM_RUN.",
        cpuCell,
      ),
      NO_ADDRESS,
    ],
  },
  [GRP.DIST_REGS]: {
    name: 'KVM_DEV_ARM_VGIC_GRP_DIST_REGS',
    attrs: [
      frameAttr(
        'A register of the distributor. Bits 39:32 id of the vCPU whose banked registers these are, 31:0 offset. Initialises the VGIC.',
        GROUP,
        (d, vcpu) => d.registers.distributor(vcpu),
      ),
    ],
  },
  [GRP.CPU_REGS]: {
    name: 'KVM_DEV_ARM_VGIC_GRP_CPU_REGS',
    attrs: [
      frameAttr(
        "A register of a vCPU's GICC. Bits 39:32 its id, 31:0 offset. GICC_PMR has its five bits at the bottom. Initialises the VGIC.",
        GROUP,
        (d, vcpu) => d.registers.cpuInterface(vcpu),
      ),
    ],
  },
  [GRP.NR_IRQS]: NR_IRQS,
  [GRP.CTRL]: { name: 'KVM_DEV_ARM_VGIC_GRP_CTRL', attrs: [INIT] },
};
