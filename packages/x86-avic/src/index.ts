// @virq/x86-avic: PIC, IOAPIC, LAPIC and MSI delivery as x86 KVM models them.

import { type AnyBackend, type Backend, defineBackend, type VmOptions } from '@virq/irq-core/backend';
import type { VmLimits } from '@virq/irq-core/kvm';
import { X86_PROTOCOLS } from './apicv.ts';
import { avicEvents } from './avic/events.ts';
import { avicSizes } from './avic-sizes.ts';
import { createX86Chip, type X86Chip } from './chip.ts';
import { x86Events } from './events.ts';
import { inspect } from './inspect.ts';
import { x86Layout } from './layout.ts';
import { properties } from './properties.ts';
import { qemuOptions, qemuVocabulary } from './qemu/vocabulary.ts';
import { REGISTERS } from './regs/index.ts';
import { vocabulary, x86Options } from './vocabulary/index.ts';
import { x86HostPart } from './x86-host.ts';

/** The fields of a VM's x86 state. */
export type X86Fields = ReturnType<typeof x86Layout>['fields'];

const common = {
  specVersion: 1,
  name: 'x86-avic',
  arch: 'x86',
  irqchips: { count: 3, pins: 24 },
  host: x86HostPart,
  layout: (limits: VmLimits, options: VmOptions) => x86Layout(limits, avicSizes(limits, x86Options(options))),
  registers: REGISTERS,
  protocols: X86_PROTOCOLS,
  events: { ...x86Events, ...avicEvents },
  inspect,
};

/** The IOAPIC and APIC bus of QEMU's q35, without KVM. */
const qemu: Backend<X86Fields, X86Chip> = defineBackend({
  ...common,
  summary: "IOAPIC and APIC bus of QEMU's q35 as qtest drives them",
  attach: (context, state) => createX86Chip(context, state, qemuOptions(context.options)),
  properties: [],
  vocabulary: qemuVocabulary,
});

/** The backend: x86 interrupt controllers of KVM. */
export const x86Avic: Backend<X86Fields, X86Chip> = defineBackend({
  ...common,
  summary:
    '8259A pair, IOAPIC, local APICs and MSI as KVM models them, AVIC and posted interrupts; full and split irqchip',
  attach: (context, state) => createX86Chip(context, state, x86Options(context.options)),
  properties,
  vocabulary,
  implementations: { qemu: qemu as unknown as AnyBackend },
});
export default x86Avic;

export type { X86Chip, X86Options } from './chip.ts';
export { DELIVERY_MODE, x86Events } from './events.ts';
export { IRQCHIP_MODE } from './layout.ts';
export { replayX86 } from './replay/index.ts';
export { irqchipRoute } from './routing.ts';
