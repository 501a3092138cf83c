// @virq/ppc-xive: interrupt controllers of POWER9 and POWER10 as KVM models them.

import { type AnyBackend, type Backend, defineBackend } from '@virq/irq-core/backend';
import { createPowerChip, type PowerChip } from './chip.ts';
import { powerEvents } from './events.ts';
import { powerHostPart } from './host/power-host.ts';
import { inspect } from './inspect.ts';
import { NATIVE_ATTRS } from './kvm/native-attrs.ts';
import { powerLayout } from './layout.ts';
import { powerSizes } from './options.ts';
import { properties } from './properties.ts';
import { KVM_XIVE_PROTOCOLS } from './protocols/kvm.ts';
import { XICS_PROTOCOLS } from './protocols/xics.ts';
import { RUN_PROTOCOLS } from './protocols/xive-cede.ts';
import { powernv } from './qemu/index.ts';
import { REGISTERS } from './regs/index.ts';
import { vocabulary } from './vocabulary/index.ts';
import { XICS_ATTRIBUTES } from './xics/attributes.ts';

/** The fields of a VM's POWER state. */
export type PowerFields = ReturnType<typeof powerLayout>['fields'];

/** The backend: XIVE of POWER9 and POWER10 under KVM. */
export const ppcXive: Backend<PowerFields, PowerChip> = defineBackend({
  specVersion: 1,
  name: 'ppc-xive',
  arch: 'powerpc',
  summary: 'XIVE of POWER9 and POWER10 under KVM: native device and XICS over XIVE, passthrough, OPAL below',
  irqchips: { count: 1, pins: 1 },
  host: powerHostPart,
  layout: (limits, options) => powerLayout(powerSizes(limits, options)),
  attach: createPowerChip,
  registers: REGISTERS,
  devices: [
    {
      name: 'KVM_DEV_TYPE_XIVE',
      summary: 'XIVE native device: sources and event queues of a guest that drives the controller itself.',
      attributes: NATIVE_ATTRS as never,
    },
    {
      name: 'KVM_DEV_TYPE_XICS',
      summary: 'XICS device over XIVE: ICPs and sources of a guest that makes hcalls.',
      attributes: XICS_ATTRIBUTES as never,
    },
  ],
  protocols: [...Object.values(KVM_XIVE_PROTOCOLS), ...XICS_PROTOCOLS, ...RUN_PROTOCOLS] as never,
  properties,
  vocabulary,
  events: powerEvents,
  inspect,
  implementations: { qemu: powernv as unknown as AnyBackend },
});
export default ppcXive;

export type { PowerChip } from './chip.ts';
export { powerEvents } from './events.ts';
