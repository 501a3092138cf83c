// Flow handlers and disable depth, as transitions of one line. Linux: kernel/irq/chip.c, kernel/irq/manage.c, kernel/irq/resend.c.

import { FLOW } from './flags.ts';
import type { IrqDesc } from './layout.ts';

/** Level-triggered: the line asks again by itself, and nothing is resent by software. */
export const isLevel = (d: IrqDesc): boolean => d.flow !== FLOW.EDGE;

/** Disabled, or nobody there. */
const isOff = (d: IrqDesc): boolean => d.depth > 0 || d.actions === 0;

/** The chip has something for a CPU: a level asserted or an edge latched, on a line that is not masked. */
export const isDeliverable = (d: IrqDesc): boolean =>
  d.chipMasked === 0 && (isLevel(d) ? d.asserted !== 0 : d.latched === 1);

/**
 * Start of a flow handler. False: nothing to run; what arrived on a disabled line is PENDING and the chip masked.
 * handle_level_irq masks always, handle_fasteoi_irq only for ONESHOT, handle_edge_irq never.
 * Abstraction: a level that goes away before a CPU takes it is not delivered; on hardware it can still arrive as one spurious interrupt,
 * to which every handler answers NONE.
 */
export function enterFlow(d: IrqDesc): boolean {
  if (!isDeliverable(d)) return false;
  d.latched = 0;
  if (isOff(d)) {
    d.pending = 1;
    d.chipMasked = 1;
    return false;
  }
  if (d.flow === FLOW.LEVEL || (d.flow === FLOW.FASTEOI && d.oneshot === 1)) d.chipMasked = 1;
  d.pending = 0;
  d.inProgress = 1;
  d.result = 0;
  return true;
}

/** End of a flow handler. Abstraction: an edge that came meanwhile stays latched and is taken next, which is what the loop over PENDING does. */
export function leaveFlow(d: IrqDesc): void {
  d.inProgress = 0;
  if (isLevel(d)) unmaskIfAllowed(d);
}

/** cond_unmask_irq: opens the chip unless the line is disabled or a oneshot thread is still at work. */
export function unmaskIfAllowed(d: IrqDesc): void {
  if (d.depth === 0 && d.actions !== 0 && d.threads === 0) d.chipMasked = 0;
}

/** __disable_irq. Linux: the chip stays open until the next interrupt, unless the line is IRQ_DISABLE_UNLAZY. */
export function disableLine(d: IrqDesc): void {
  if (d.depth++ === 0 && d.unlazy === 1) d.chipMasked = 1;
}

/** irq_enable and check_irq_resend: opens the chip; only an edge that was PENDING is sent again. */
export function startLine(d: IrqDesc): void {
  d.depth = 0;
  d.chipMasked = 0;
  if (d.pending === 1 && !isLevel(d)) d.latched = 1;
  d.pending = 0;
}

/** irq_shutdown, when the last action goes. */
export function shutdownLine(d: IrqDesc): void {
  d.depth = 1;
  d.chipMasked = 1;
  d.oneshot = d.threads = 0;
}
