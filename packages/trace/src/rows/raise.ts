// kvm_set_irq and the arm64 equivalents: a source changes the level of a GSI (virt/kvm/eventfd.c, irqchip.c).
import type { TraceEvent } from '../events/trace-event.ts';
import { quote, remember } from '../findings/evidence.ts';
import type { Correlation, EventHandler } from './correlation.ts';
import { type Guest, gsiRow } from './guest.ts';
import { guestOf } from './guests.ts';
import { takeOrigin } from './host-irqs.ts';
import { countAnomaly, type InterruptRow, noteResampled } from './interrupt-row.ts';
import { finishSequence, settleRaise } from './settle.ts';
import type { TaskContext } from './task-context.ts';

/** KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID */
const RESAMPLE_SOURCE = 1;
/** Sources beyond this share one bit: there are only three in a kernel. */
const MAX_SOURCE = 30;

/** kvm_set_irq */
export const onSetIrq: EventHandler = (state, event) => {
  const task = state.tasks.of(event);
  const guest = guestOf(state.guests, event, event.gsi);
  finishSequence(guest, task);
  const row = gsiRow(guest, event.gsi);
  if (event.level > 0) raise(state, row, task, event);
  else lower(row, task, event);
  task.row = row;
  task.level = event.level;
  task.announcedIrq = event.gsi + 32;
  task.announcedLevel = event.level;
};

/** A source sets the level to 1. */
export function raise(state: Correlation, row: InterruptRow, task: TaskContext, event: TraceEvent): void {
  const bit = 1 << Math.min(event.source, MAX_SOURCE);
  settleRaise(row);
  row.lastRaise = event.time;
  row.sources |= bit;
  const repeated = (row.asserted & bit) !== 0;
  task.repeated = repeated;
  if (repeated) row.repeated++;
  else row.raised++;
  row.asserted |= bit;
  if (event.source === RESAMPLE_SOURCE) row.resampling = true;
  noteOrigin(state, row, event);
  if (!repeated) checkStorm(state, row, event);
  if (row.open && repeated) return;
  row.open = true;
  row.raiseTime = event.time;
  row.raiseTask = task.key;
  row.raiseKworker = event.kworker === 1;
  row.latched = false;
  row.offeredToPicLevel = false;
  row.injectedSinceRaise = false;
  row.acknowledgedSinceRaise = false;
  row.pulse = false;
  row.pulseMaybeServed = false;
  row.chipLine.line = 0;
  row.lowerLine.line = 0;
  row.serveLine.line = 0;
  remember(row.raiseLine, event);
}

function noteOrigin(state: Correlation, row: InterruptRow, event: TraceEvent): void {
  const origin =
    event.kworker || event.hardirq || event.source === RESAMPLE_SOURCE ? takeOrigin(state.host, event.time) : undefined;
  if (event.kworker || event.hardirq || origin) row.irqfd = true;
  if (!origin || row.hostHandler !== '') return;
  row.hostHandler = origin.handler;
  row.hostIrq = origin.irq;
}

/** A device that still asserts when it is unmasked raises again at once; many times in a row, it never stopped. */
function checkStorm(state: Correlation, row: InterruptRow, event: TraceEvent): void {
  const { stormGap, stormCycles } = state.thresholds;
  if (row.lastResample < 0) return;
  row.stormRun = event.time - row.lastResample <= stormGap ? row.stormRun + 1 : 0;
  if (row.stormRun < stormCycles) return;
  countAnomaly(row.storm, event.time - row.lastResample, () => quote(row.raiseLine, row.serveLine, row.lowerLine));
}

/** A source sets the level to 0: resample after an EOI, release, or the second half of a pulse. */
export function lower(row: InterruptRow, task: TaskContext, event: TraceEvent): void {
  const bit = 1 << Math.min(event.source, MAX_SOURCE);
  const held = (row.asserted & bit) !== 0;
  row.lowered++;
  row.asserted &= ~bit;
  remember(row.lowerLine, event);
  if (event.source === RESAMPLE_SOURCE) {
    if (task.ackedRow === row) row.resampling = true;
    if (task.ackedRow === row || event.kworker === 0) noteResampled(row, event.time);
    else row.released++;
    row.open = false;
    row.pulse = false;
    task.ackedRow = undefined;
    return;
  }
  if (row.trigger === 1) row.picPending = false;
  if (!held || !row.open || row.asserted !== 0) return;
  const sameWork = row.raiseKworker && task.key === row.raiseTask;
  const served = row.latched || row.injectedSinceRaise || row.acknowledgedSinceRaise;
  row.pulse = sameWork && row.offeredToPicLevel && !served;
  row.open = false;
}

/** arm64: the INTID of a shared peripheral interrupt is its GSI plus 32. */
const FIRST_SPI = 32;

/** The GSI row of an SPI, which is also the irqchip's pin. */
export function spiRow(guest: Guest, intid: number): InterruptRow {
  const row = gsiRow(guest, intid - FIRST_SPI);
  row.pin = row.id;
  return row;
}
