// arm64: kvm_irq_line (KVM_IRQ_LINE ioctl), vgic_update_irq_pending (every level change that reaches the distributor) and the timer.
// An irqfd that can inject from atomic context shows only the second (arch/arm64/kvm/vgic/vgic-irqfd.c, vgic.c).
import type { TraceEvent } from '../events/trace-event.ts';
import { remember } from '../findings/evidence.ts';
import type { EventHandler } from './correlation.ts';
import { otherRow } from './guest.ts';
import { guestOf } from './guests.ts';
import { runningHandler } from './host-irqs.ts';
import { type InterruptRow, noteInjected } from './interrupt-row.ts';
import { lower, raise, spiRow } from './raise.ts';
import { finishSequence } from './settle.ts';

const FIRST_SPI = 32;
const TYPE_CPU = 0;
const SOURCE_USER = 0;

/** kvm_irq_line and kvm_timer_update_irq: announce a level that vgic_update_irq_pending then reports again. */
export const onArmLine: EventHandler = (state, event) => {
  const guest = guestOf(state.guests, event);
  const task = state.tasks.of(event);
  finishSequence(guest, task);
  guest.lastActivity = event.time;
  if (event.interruptType === TYPE_CPU && event.name === 'kvm_irq_line') return;
  const row = event.irq >= FIRST_SPI ? spiRow(guest, event.irq) : otherRow(guest, 'ppi', event.irq, event.vcpu);
  event.source = SOURCE_USER;
  if (event.level > 0) raise(state, row, task, event);
  else lower(row, task, event);
  task.announcedIrq = event.irq;
  task.announcedLevel = event.level;
};

/** vgic_update_irq_pending: the level arrived at the distributor, which is as far as arm64 traces go before the guest's EOI. */
export const onVgicPending: EventHandler = (state, event) => {
  const task = state.tasks.of(event);
  const announced = task.announcedIrq === event.irq && task.announcedLevel === event.level;
  const guest = guestOf(state.guests, event, event.irq - FIRST_SPI);
  const row =
    announced && task.row
      ? task.row
      : event.irq >= FIRST_SPI
        ? spiRow(guest, event.irq)
        : otherRow(guest, 'ppi', event.irq, event.vcpu);
  if (!announced) {
    finishSequence(guest, task);
    direct(state, row, event);
  }
  task.announcedIrq = -1;
  if (event.level <= 0) return;
  remember(row.chipLine, event);
  noteInjected(row, event.time, row.raiseTime);
};

/** A level change nobody announced: an irqfd in atomic context. Which source it is shows only when it is lowered. */
const direct = (state: Parameters<EventHandler>[0], row: InterruptRow, event: TraceEvent): void => {
  const task = state.tasks.of(event);
  const running = runningHandler(state.host, event);
  const fromIntx = running?.use === 'vfio-intx' || running?.use === 'vfio-platform' || row.resampling;
  event.source = fromIntx ? 1 : SOURCE_USER;
  if (event.level > 0) {
    raise(state, row, task, event);
    if (fromIntx) row.irqfd = true;
    if (running && running.use !== 'other' && row.hostHandler === '') {
      row.hostHandler = running.handler;
      row.hostIrq = running.irq;
    }
  } else lower(row, task, event);
};
