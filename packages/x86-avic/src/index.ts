// @virq/x86-avic: PIC, IOAPIC, LAPIC and MSI delivery as x86 KVM models them.

import { type Backend, defineBackend } from '@virq/irq-core/backend';
import { X86_PROTOCOLS } from './apicv.ts';
import { avicEvents } from './avic/events.ts';
import { avicSizes } from './avic-sizes.ts';
import { createX86Chip, type X86Chip } from './chip.ts';
import { x86Events } from './events.ts';
import { inspect } from './inspect.ts';
import { x86Layout } from './layout.ts';
import { properties } from './properties.ts';
import { REGISTERS } from './regs/index.ts';
import { vocabulary, x86Options } from './vocabulary/index.ts';
import { x86HostPart } from './x86-host.ts';

/** The fields of a VM's x86 state. */
export type X86Fields = ReturnType<typeof x86Layout>['fields'];

/** The backend: x86 interrupt controllers of KVM. */
export const x86Avic: Backend<X86Fields, X86Chip> = defineBackend({
  specVersion: 1,
  name: 'x86-avic',
  arch: 'x86',
  summary:
    '8259A pair, IOAPIC, local APICs and MSI as KVM models them, AVIC and posted interrupts; full and split irqchip',
  irqchips: { count: 3, pins: 24 },
  host: x86HostPart,
  layout: (limits, options) => x86Layout(limits, avicSizes(limits, x86Options(options))),
  attach: (context, state) => createX86Chip(context, state, x86Options(context.options)),
  registers: REGISTERS,
  protocols: X86_PROTOCOLS,
  properties,
  vocabulary,
  events: { ...x86Events, ...avicEvents },
  inspect,
});
export default x86Avic;

export type { X86Chip, X86Options } from './chip.ts';
export { DELIVERY_MODE, x86Events } from './events.ts';
export { IRQCHIP_MODE } from './layout.ts';
export { replayX86 } from './replay/index.ts';
export { irqchipRoute } from './routing.ts';
