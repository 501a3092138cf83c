// Attributes of the GICv2 device. Linux: vgic-kvm-device.c kvm_arm_vgic_v2_ops, Documentation/virt/kvm/devices/arm-vgic.rst.

import type { DeviceAttrTable } from '@virq/irq-core/kvm';
import { ADDR, FRAME, GRP } from './codes.ts';
import { type AddressCell, addressAttr, distributorCell, INIT, NO_ADDRESS, NR_IRQS } from './common-attrs.ts';
import type { VgicDevice } from './device.ts';

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
  [GRP.NR_IRQS]: NR_IRQS,
  [GRP.CTRL]: { name: 'KVM_DEV_ARM_VGIC_GRP_CTRL', attrs: [INIT] },
};
