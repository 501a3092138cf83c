// What the judges know about the capture as a whole when they look at a row.
import type { ReadSummary } from '../read-summary.ts';
import type { Correlation } from '../rows/correlation.ts';
import type { InterruptRow } from '../rows/interrupt-row.ts';

/** The capture as seen from its end. */
export interface Verdict {
  readonly summary: ReadSummary;
  readonly state: Correlation;
  /** Time of the last event. */
  readonly end: number;
}

const MIN_GRACE = 10_000_000;
const MAX_GRACE = 250_000_000;
const DEFAULT_GRACE = 100_000_000;
/** A row whose slowest EOI took t gets this many t before an unanswered raise counts as stuck. */
const GRACE_FACTOR = 20;

/** True if the tracepoint occurs in the capture. */
export function recorded(verdict: Verdict, ...events: readonly string[]): boolean {
  return events.some((event) => verdict.summary.countByEvent.has(event));
}

/** How old an unanswered raise of `row` must be to count, in nanoseconds. */
export function graceOf(verdict: Verdict, row: InterruptRow): number {
  const fixed = verdict.state.thresholds.grace;
  if (fixed !== undefined) return fixed;
  const slowest = row.toAcknowledge ?? row.toResample;
  if (!slowest || slowest.count < 2) return DEFAULT_GRACE;
  return Math.min(MAX_GRACE, Math.max(MIN_GRACE, slowest.max * GRACE_FACTOR));
}

/** True if the raise of `row` is unanswered for longer than its grace. */
export function isOverdue(verdict: Verdict, row: InterruptRow): boolean {
  return row.open && row.raiseTime >= 0 && verdict.end - row.raiseTime > graceOf(verdict, row);
}

/** True if the row's events surely belong to one guest. */
export function isAttributed(verdict: Verdict, row: InterruptRow): boolean {
  return row.vm >= 0 && !verdict.state.guests.mixed;
}
