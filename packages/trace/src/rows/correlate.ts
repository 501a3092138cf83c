// Tracepoint → handler: how the events of a capture become rows.
import { eventKind } from '../events/event-table.ts';
import type { TraceEvent } from '../events/trace-event.ts';
import { createEvidence, quote, remember } from '../findings/evidence.ts';
import { onArmLine, onVgicPending } from './arm.ts';
import { onIoapic, onMsi, onPic, onPio } from './chips.ts';
import type { Correlation, EventHandler } from './correlation.ts';
import { guestOf } from './guests.ts';
import { enterHandler, leaveHandler } from './host-irqs.ts';
import { countAnomaly } from './interrupt-row.ts';
import { onAccept, onAck, onEoi, onInject, onVcpuAtWork } from './local-apic.ts';
import { onSetIrq } from './raise.ts';

const onDelayedEoi: EventHandler = (state, event) => {
  state.delayedEoi++;
  const row = guestOf(state.guests, event).byVector.get(event.vector);
  if (!row) return;
  const line = createEvidence();
  remember(line, event);
  countAnomaly(row.storm, 0, () => quote(row.raiseLine, row.serveLine, line));
};

const onPosted: EventHandler = (state, event) => {
  if (event.set) state.posted++;
};

const HANDLERS: Readonly<Record<string, EventHandler>> = {
  kvm_set_irq: onSetIrq,
  kvm_ioapic_set_irq: onIoapic,
  kvm_ioapic_delayed_eoi_inj: onDelayedEoi,
  kvm_pic_set_irq: onPic,
  kvm_msi_set_irq: onMsi,
  kvm_apic_accept_irq: onAccept,
  kvm_apicv_accept_irq: onAccept,
  kvm_inj_virq: onInject,
  kvm_eoi: onEoi,
  kvm_pv_eoi: onEoi,
  kvm_ack_irq: onAck,
  kvm_pio: onPio,
  kvm_entry: onVcpuAtWork,
  kvm_exit: onVcpuAtWork,
  kvm_irq_line: onArmLine,
  kvm_timer_update_irq: onArmLine,
  vgic_update_irq_pending: onVgicPending,
  kvm_pi_irte_update: onPosted,
  irq_handler_entry: (state, event) => enterHandler(state.host, event),
  irq_handler_exit: (state, event) => leaveHandler(state.host, event),
};

const BY_KIND: readonly (EventHandler | undefined)[] = (() => {
  const table: (EventHandler | undefined)[] = [];
  for (const [name, handler] of Object.entries(HANDLERS)) table[eventKind(name)] = handler;
  return Array.from(table);
})();

/** Takes one event into account. */
export function correlate(state: Correlation, event: TraceEvent): void {
  BY_KIND[event.kind]?.(state, event);
}
