// @virq/arm-vgic: the Arm GIC as KVM models it for guests.

import { type Backend, defineBackend } from '@virq/irq-core/backend';
import { NUM_PINS } from './arch.ts';
import { type ArmChip, createArmChip } from './chip.ts';
import { armEvents } from './events.ts';
import { armHostPart } from './host/arm-host.ts';
import { inspect } from './inspect.ts';
import { armLayout } from './layout.ts';
import { VGIC_PROTOCOLS } from './lists/index.ts';
import { armSizes } from './options.ts';
import { properties } from './properties.ts';
import { REGISTERS } from './regs/index.ts';
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
  protocols: [...VGIC_PROTOCOLS, ...V4_PROTOCOLS] as never,
  properties,
  vocabulary,
  events: armEvents,
  inspect,
});
export default armVgic;

export type { ArmChip } from './chip.ts';
export { armEvents } from './events.ts';
