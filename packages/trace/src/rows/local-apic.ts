// Acceptance, injection, EOI and acknowledgement (arch/x86/kvm/lapic.c, x86.c; virt/kvm/eventfd.c for kvm_ack_irq).
import { IRQCHIP, type TraceEvent } from '../events/trace-event.ts';
import { remember } from '../findings/evidence.ts';
import type { Correlation, EventHandler } from './correlation.ts';
import { type Guest, gsiRow, otherRow, type VectorSlot, vectorSlot, waitingSlot } from './guest.ts';
import { guestOf, noteVcpu } from './guests.ts';
import { type InterruptRow, noteAcknowledged, noteInjected } from './interrupt-row.ts';
import { finishSequence, noteAccepted, settleRaise } from './settle.ts';
import { waitAccept } from './task-context.ts';

/** kvm_apic_accept_irq: after its kvm_msi_set_irq, but before its kvm_ioapic_set_irq. */
export const onAccept: EventHandler = (state, event) => {
  const task = state.tasks.of(event);
  if (task.msiRow && task.msiVector === event.vector) {
    const guest = task.msiRow.vm < 0 ? state.guests.unattributed : (state.guests.list[task.msiRow.vm] as Guest);
    noteAccepted(guest, task.msiRow, event, false);
    return;
  }
  if (!task.row) finishSequence(guestOf(state.guests, event), task);
  waitAccept(task, event);
};

/** kvm_inj_virq: the vCPU's thread puts the vector into the guest. */
export const onInject: EventHandler = (state, event) => {
  if (event.soft) return;
  const task = state.tasks.of(event);
  const guest = guestOf(state.guests, event);
  finishSequence(guest, task);
  guest.lastActivity = event.time;
  const slot =
    waitingSlot(guest, task.apicid, event.vector) ?? waitingSlot(state.guests.unattributed, task.apicid, event.vector);
  if (slot?.row) return injectSlot(slot, event);
  const pic = picCandidate(guest, event.vector);
  if (pic) {
    pic.picPending = false;
    noteInjected(pic, event.time, pic.raiseTime);
    return;
  }
  const row = guest.byVector.get(event.vector) ?? otherRow(guest, 'local', event.vector, task.apicid);
  noteInjected(row, event.time, -1);
};

function injectSlot(slot: VectorSlot, event: TraceEvent): void {
  const row = slot.row as InterruptRow;
  if (slot.injected || event.reinjected) return; // an exit during delivery: KVM injects the same interrupt again
  slot.injected = true;
  slot.injectTime = event.time;
  noteInjected(row, event.time, slot.raiseTime);
}

/** A PIC input that was raised and whose vector this can be: the base is known from ICW2, or only the low three bits are. */
function picCandidate(guest: Guest, vector: number): InterruptRow | undefined {
  for (const [input, row] of guest.picPins) {
    const base = guest.picBase[input >> 3] as number;
    const fits = base >= 0 ? base + (input & 7) === vector : (input & 7) === (vector & 7);
    if (fits && row.picPending) return row;
  }
  return undefined;
}

/** kvm_eoi, kvm_pv_eoi. Vector −1: nothing was in service. */
export const onEoi: EventHandler = (state, event) => {
  const task = state.tasks.of(event);
  const guest = guestOf(state.guests, event);
  finishSequence(guest, task);
  task.apicid = event.apicid;
  noteVcpu(state.guests, guest, event.apicid, event);
  if (event.vector < 0) return;
  const slot = ownSlot(state, guest, event);
  const row = slot.row ?? guest.byVector.get(event.vector) ?? otherRow(guest, 'local', event.vector, event.apicid);
  noteAcknowledged(row, event.time, slot.pending ? slot.raiseTime : -1);
  remember(row.serveLine, event);
  task.eoiRow = row;
  task.ackExpected = row.kind === 'gsi' && row.pin >= 0 && slot.pending && slot.fromIoapic && slot.trigger === 1;
  slot.pending = false;
  slot.injected = false;
};

function ownSlot(state: Correlation, guest: Guest, event: TraceEvent): VectorSlot {
  const slot = vectorSlot(guest, event.apicid, event.vector);
  if (slot.pending) return slot;
  const shared = state.guests.unattributed.slots.get(event.apicid * 256 + event.vector);
  return shared?.pending ? shared : slot;
}

/** kvm_ack_irq: KVM tells the ack notifiers of the pin. Follows kvm_eoi for the IOAPIC; stands alone for the PIC and on arm64. */
export const onAck: EventHandler = (state, event) => {
  const task = state.tasks.of(event);
  const guest = guestOf(state.guests, event, event.pin);
  const row = ackedRow(state, guest, event);
  const { eoiRow } = task;
  const afterEoi = eoiRow !== undefined && (eoiRow === row || eoiRow.vector === row.vector);
  if (afterEoi) task.ackExpected = false;
  finishSequence(guest, task);
  if (afterEoi) task.eoiRow = eoiRow;
  guest.lastActivity = event.time;
  if (!afterEoi || eoiRow !== row) noteAcknowledged(row, event.time, row.raiseTime);
  settleServed(row);
  remember(row.serveLine, event);
  task.ackedRow = row;
};

function settleServed(row: InterruptRow): void {
  row.acknowledgedSinceRaise = true;
  row.pulse = false;
  settleRaise(row);
  if (!row.resampling) row.open = false;
}

function ackedRow(state: Correlation, guest: Guest, event: TraceEvent): InterruptRow {
  const isPic = event.chip === IRQCHIP.PIC_MASTER || event.chip === IRQCHIP.PIC_SLAVE;
  const known = isPic
    ? guest.picPins.get(event.chip * 8 + event.pin)
    : (guest.ioapicPins.get(event.pin) ?? guest.gsis.get(event.pin));
  if (known) return known;
  const shared = state.guests.unattributed;
  const kworkers = isPic ? shared.picPins.get(event.chip * 8 + event.pin) : shared.ioapicPins.get(event.pin);
  if (kworkers) return kworkers;
  const row = gsiRow(guest, isPic ? event.chip * 8 + event.pin : event.pin);
  row.pin = isPic ? row.pin : event.pin;
  return row;
}

/** kvm_entry, kvm_exit and the like: they only tell that the guest is alive and that the sequence before them is over. */
export const onVcpuAtWork: EventHandler = (state, event) => {
  const guest = guestOf(state.guests, event);
  finishSequence(guest, state.tasks.of(event));
  guest.lastActivity = event.time;
  if (event.vcpu >= 0 && event.name === 'kvm_entry') noteVcpu(state.guests, guest, event.vcpu, event);
};
