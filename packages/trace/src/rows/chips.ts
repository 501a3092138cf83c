// The irqchip lines that follow kvm_set_irq: IOAPIC, PIC and MSI (arch/x86/kvm/ioapic.c, i8259.c, irq.c), and the PIC programming
// that tells its vector base.
import type { TraceEvent } from '../events/trace-event.ts';
import { quote, remember } from '../findings/evidence.ts';
import type { EventHandler } from './correlation.ts';
import { type Guest, gsiRow, otherRow } from './guest.ts';
import { guestOf } from './guests.ts';
import { runningHandler } from './host-irqs.ts';
import { countAnomaly, type InterruptRow } from './interrupt-row.ts';
import { finishSequence, noteAccepted } from './settle.ts';
import type { TaskContext, WaitingAccept } from './task-context.ts';

/** Guest of a line that belongs to a kvm_set_irq in progress: that of the row, so kworker lines stay together. */
function guestOfRow(state: Parameters<EventHandler>[0], row: InterruptRow): Guest {
  return row.vm < 0 ? state.guests.unattributed : (state.guests.list[row.vm] as Guest);
}

/** kvm_ioapic_set_irq. Accept lines of the same vector stand before it. */
export const onIoapic: EventHandler = (state, event) => {
  const task = state.tasks.of(event);
  const guest = task.row ? guestOfRow(state, task.row) : guestOf(state.guests, event);
  const row = task.row ?? guest.ioapicPins.get(event.pin) ?? gsiRow(guest, event.pin);
  row.pin = event.pin;
  guest.ioapicPins.set(event.pin, row);
  if (!event.masked) learnRoute(guest, row, event);
  const accepted = takeAccepts(guest, row, task, event);
  task.chipSeen = true;
  if (!task.row || task.level <= 0) return;
  remember(row.chipLine, event);
  noteMask(row, event.masked);
  if (event.coalesced) noteCoalesced(row, task);
  else if (!event.masked) noteOffered(row, event, accepted);
};

function noteOffered(row: InterruptRow, event: TraceEvent, accepted: boolean): void {
  if (!accepted && event.trigger === 0 && event.deliveryMode <= 1) {
    countAnomaly(row.undelivered, 0, () => quote(row.raiseLine, row.chipLine));
  }
  row.latched = true;
}

function learnRoute(guest: Guest, row: InterruptRow, event: TraceEvent): void {
  row.vector = event.vector;
  row.dst = event.dst;
  row.trigger = event.trigger;
  guest.byVector.set(event.vector, row);
}

function takeAccepts(guest: Guest, row: InterruptRow, task: TaskContext, event: TraceEvent): boolean {
  let kept = 0;
  let taken = false;
  for (let i = 0; i < task.acceptCount; i++) {
    const accept = task.accepts[i] as WaitingAccept;
    if (accept.vector === event.vector) {
      noteAccepted(guest, row, accept, true);
      taken = true;
    } else {
      task.accepts[i] = task.accepts[kept] as WaitingAccept;
      task.accepts[kept++] = accept;
    }
  }
  task.acceptCount = kept;
  return taken;
}

/** A repeated level is coalesced by nature; what counts is a new raise that found the old one still pending. */
function noteCoalesced(row: InterruptRow, task: TaskContext): void {
  if (!task.repeated) row.coalesced++;
}

function noteMask(row: InterruptRow, masked: number): void {
  if (!masked) row.maskedEverywhere = 0;
  else if (row.maskedEverywhere < 0) row.maskedEverywhere = 1;
}

/** kvm_pic_set_irq. A level-triggered pin follows the level; an edge-triggered one remembers. */
export const onPic: EventHandler = (state, event) => {
  const task = state.tasks.of(event);
  const guest = task.row ? guestOfRow(state, task.row) : guestOf(state.guests, event);
  const input = event.chip * 8 + event.pin;
  const row = task.row ?? guest.picPins.get(input) ?? gsiRow(guest, input);
  row.picPin = input;
  guest.picPins.set(input, row);
  if (!event.masked) row.trigger = event.trigger;
  if (!task.row || task.level <= 0) return;
  noteMask(row, event.masked);
  if (event.masked) return;
  remember(row.chipLine, event);
  if (event.coalesced) noteCoalesced(row, task);
  if (event.trigger === 0) row.latched = true;
  else row.offeredToPicLevel = true;
  row.picPending = true;
};

/** Lines of one kvm_set_irq call follow each other within this many nanoseconds; a later MSI is a call of its own. */
const SAME_CALL = 100_000;

/** kvm_msi_set_irq: of the GSI whose kvm_set_irq stands right before, or a fast-path injection with a row of its own. */
export const onMsi: EventHandler = (state, event) => {
  const task = state.tasks.of(event);
  const slow =
    task.row && task.level > 0 && !task.chipSeen && event.time - task.row.lastRaise <= SAME_CALL ? task.row : undefined;
  const guest = slow ? guestOfRow(state, slow) : guestOf(state.guests, event);
  if (!slow) finishSequence(guest, task);
  const row = slow ?? otherRow(guest, 'msi', event.vector, event.dst);
  learnRoute(guest, row, event);
  task.chipSeen = true;
  task.msiRow = row;
  task.msiVector = event.vector;
  noteMask(row, 0);
  row.latched = true;
  remember(row.chipLine, event);
  const running = runningHandler(state.host, event);
  if (running && (running.use === 'vfio-msi' || running.use === 'vfio-msix') && row.hostHandler === '') {
    row.hostHandler = running.handler;
    row.hostIrq = running.irq;
  }
  if (slow) return;
  row.raised++;
  row.raiseTime = event.time;
  row.lastRaise = event.time;
  remember(row.raiseLine, event);
};

const MASTER_COMMAND = 0x20;
const SLAVE_COMMAND = 0xa0;
const ICW1 = 0x10;
const OCW_SELECT = 0x18;
const OCW2_EOI = 0x20;
const VECTOR_BASE = 0xf8;

function picOfPort(port: number): 0 | 1 | undefined {
  const command = port & ~1;
  if (command === MASTER_COMMAND) return 0;
  return command === SLAVE_COMMAND ? 1 : undefined;
}

/** kvm_pio: ICW2 tells the vector base, OCW2 is an EOI. */
export const onPio: EventHandler = (state, event) => {
  const port = event.address;
  const chip = picOfPort(port);
  if (chip === undefined || event.write !== 1 || event.size !== 1) return;
  const guest = guestOf(state.guests, event);
  finishSequence(guest, state.tasks.of(event));
  guest.lastActivity = event.time;
  const value = event.valueLow;
  if (port & 1) {
    if (guest.icw2Expected & (1 << chip)) guest.picBase[chip] = value & VECTOR_BASE;
    guest.icw2Expected &= ~(1 << chip);
  } else if (value & ICW1) guest.icw2Expected |= 1 << chip;
  else if ((value & OCW_SELECT) === 0 && value & OCW2_EOI) {
    for (const row of guest.picPins.values()) if (row.pulse) row.pulseMaybeServed = true;
  }
};
