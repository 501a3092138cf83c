// What becomes of a raise and of an EOI once the lines that would have explained them cannot come any more.
import { quote } from '../findings/evidence.ts';
import { type Guest, otherRow, vectorSlot } from './guest.ts';
import { countAnomaly, type InterruptRow } from './interrupt-row.ts';
import type { TaskContext, WaitingAccept } from './task-context.ts';

/**
 * Closes the books on the current raise of `row` before the next one, or at the end. A raise that its own kworker took back
 * before anybody acknowledged it, from a PIC pin that forgets with the level, is lost.
 */
export function settleRaise(row: InterruptRow): void {
  if (row.maskedEverywhere === 1) row.masked++;
  row.maskedEverywhere = -1;
  if (!row.pulse || row.pulseMaybeServed) return;
  row.pulse = false;
  const { raiseLine, chipLine, lowerLine } = row;
  countAnomaly(row.lost, lowerLine.time - raiseLine.time, () => quote(raiseLine, chipLine, lowerLine));
}

/** An accept found its cause: `row`. Opens the vector's slot on that local APIC. */
export function noteAccepted(
  guest: Guest,
  row: InterruptRow,
  accept: Readonly<WaitingAccept>,
  fromIoapic: boolean,
): void {
  row.accepted++;
  row.latched = true;
  if (row.trigger < 0 || row.kind === 'local') row.trigger = accept.trigger;
  const slot = vectorSlot(guest, accept.apicid, accept.vector);
  if (slot.pending) slot.acceptedAgain++;
  else {
    slot.pending = true;
    slot.injected = false;
    slot.acceptedAgain = 0;
    slot.raiseTime = row.raiseTime >= 0 ? row.raiseTime : accept.time;
  }
  slot.row = row;
  slot.fromIoapic = fromIoapic;
  slot.trigger = accept.trigger;
}

/**
 * The task does something else: accepts that found no chip line belong to the GSI being raised if its chip is not recorded,
 * otherwise to the local APIC itself (timer, IPI); a level EOI that no kvm_ack_irq followed is missing its acknowledgement.
 */
export function finishSequence(guest: Guest, task: TaskContext): void {
  if (task.acceptCount > 0) {
    const owner = task.row && task.level > 0 && !task.chipSeen ? task.row : undefined;
    for (let i = 0; i < task.acceptCount; i++) {
      const accept = task.accepts[i] as WaitingAccept;
      const row = owner ?? otherRow(guest, 'local', accept.vector, accept.apicid);
      if (!owner) noteLocalRaise(row, accept.time);
      noteAccepted(guest, row, accept, false);
    }
    task.acceptCount = 0;
  }
  if (task.eoiRow && task.ackExpected) {
    const row = task.eoiRow;
    countAnomaly(row.missingAck, row.serveLine.time - row.raiseLine.time, () =>
      quote(row.raiseLine, row.chipLine, row.serveLine),
    );
  }
  task.eoiRow = undefined;
  task.ackExpected = false;
  task.row = undefined;
  task.msiRow = undefined;
  task.chipSeen = false;
  task.announcedIrq = -1;
}

function noteLocalRaise(row: InterruptRow, time: number): void {
  row.raised++;
  row.raiseTime = time;
}
