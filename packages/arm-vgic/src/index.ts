// @virq/arm-vgic: the Arm GIC as KVM models it for guests.

import { type AnyBackend, type Backend, defineBackend } from '@virq/irq-core/backend';
import { NUM_PINS } from './arch.ts';
import { type ArmChip, createArmChip } from './chip.ts';
import { REGISTER_PROTOCOLS } from './distributor/index.ts';
import { armEvents } from './events.ts';
import { armHostPart } from './host/arm-host.ts';
import { inspect } from './inspect/index.ts';
import { ITS_PROTOCOLS } from './its/protocols/index.ts';
import { ITS_ATTRS } from './kvm/its-attrs.ts';
import { V2_ATTRS } from './kvm/v2-attrs.ts';
import { V3_ATTRS } from './kvm/v3-attrs.ts';
import { armLayout } from './layout.ts';
import { VGIC_PROTOCOLS } from './lists/index.ts';
import { armSizes } from './options.ts';
import { properties } from './properties.ts';
import { virt } from './qemu/index.ts';
import { REGISTERS } from './regs/index.ts';
import { RUN_PROTOCOLS } from './run/index.ts';
import { V4_PROTOCOLS } from './v4/index.ts';
import { vocabulary } from './vocabulary/index.ts';

/** The fields of a VM's Arm state. */
export type ArmFields = ReturnType<typeof armLayout>['fields'];

/** The backend: VGICv2, VGICv3 and ITS under KVM. */
export const armVgic: Backend<ArmFields, ArmChip> = defineBackend({
  specVersion: 1,
  name: 'arm-vgic',
  arch: 'arm64',
  summary: 'VGICv2, VGICv3 and ITS under KVM: list registers, LPIs, irqfd and resampling',
  irqchips: { count: 1, pins: NUM_PINS },
  host: armHostPart,
  layout: (limits, options) => armLayout(armSizes(limits, options)),
  attach: createArmChip,
  registers: REGISTERS,
  devices: [
    {
      name: 'KVM_DEV_TYPE_ARM_VGIC_V2',
      summary: 'GICv2: distributor, and the CPU interface that the host gives the guest.',
      attributes: V2_ATTRS as never,
    },
    {
      name: 'KVM_DEV_TYPE_ARM_VGIC_V3',
      summary: 'GICv3: distributor, redistributors, state of the CPU interface.',
      attributes: V3_ATTRS as never,
    },
    {
      name: 'KVM_DEV_TYPE_ARM_VGIC_ITS',
      summary: 'ITS: registers, and tables in guest memory.',
      attributes: ITS_ATTRS as never,
    },
  ],
  protocols: [...VGIC_PROTOCOLS, ...RUN_PROTOCOLS, ...REGISTER_PROTOCOLS, ...ITS_PROTOCOLS, ...V4_PROTOCOLS] as never,
  properties,
  vocabulary,
  events: armEvents,
  inspect,
  implementations: { qemu: virt as unknown as AnyBackend },
});
export default armVgic;

export type { ArmChip } from './chip.ts';
export { armEvents } from './events.ts';
