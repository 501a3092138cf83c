// A recorded event in the fields of its tracepoint, so that both sides print through the same texts.

import { type EventFields, formatEvent } from '@virq/irq-core/events';
import type { RecordedEvent } from '@virq/irq-core/machine';
import { x86Events } from '../events.ts';

type Fields = (e: RecordedEvent) => EventFields;

const message: Fields = (e) => ({
  dst: e.dst,
  vec: e.vector,
  deliveryMode: e.deliveryMode,
  logical: e.logical,
  trigger: e.trigger,
  masked: e.masked,
  redirectionHint: e.redirection,
});

/** Fields by tracepoint, named as the model's events name them. */
const FIELDS: Readonly<Record<string, Fields>> = {
  kvm_set_irq: (e) => ({ gsi: e.gsi, level: e.level, source: e.source }),
  kvm_ioapic_set_irq: (e) => ({ pin: e.pin, ...message(e), coalesced: e.coalesced }),
  kvm_pic_set_irq: (e) => ({ chip: e.chip, pin: e.pin, trigger: e.trigger, masked: e.masked, coalesced: e.coalesced }),
  kvm_msi_set_irq: message,
  kvm_apic_accept_irq: (e) => ({ apicid: e.apicid, vec: e.vector, deliveryMode: e.deliveryMode, trigger: e.trigger }),
  kvm_ack_irq: (e) => ({ irqchip: e.chip, pin: e.pin }),
  kvm_eoi: (e) => ({ apicid: e.apicid, vector: e.vector }),
  kvm_inj_virq: (e) => ({ vector: e.vector, soft: e.soft, reinjected: e.reinjected }),
};

/** Prints a recorded event as the current kernel would. */
export function recordedText(e: RecordedEvent): string {
  const fields = FIELDS[e.name];
  return fields === undefined ? e.name : formatEvent({ name: e.name, fields: fields(e) }, x86Events);
}
