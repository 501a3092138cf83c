// How rows, routes and durations are named in reports.
import type { InterruptRow } from '../rows/interrupt-row.ts';

/** `GSI 5`, `MSI dst 1 vec 66`, `PPI 27 vcpu 0`, `local vec 236 apic 0`. */
export function rowLabel(row: InterruptRow): string {
  if (row.kind === 'gsi') return `GSI ${row.id}`;
  if (row.kind === 'msi') return `MSI dst ${row.target.toString(16)} vec ${row.id}`;
  if (row.kind === 'ppi') return `PPI ${row.id} vcpu ${row.target}`;
  return row.target < 0 ? `local vec ${row.id}` : `local vec ${row.id} apic ${row.target}`;
}

const RESAMPLE_BIT = 2;
const PIT_BITS = ~3;

/** Who raises the row. */
export function sourceLabel(row: InterruptRow): string {
  if (row.kind === 'local') return 'local APIC';
  if (row.kind === 'msi') return row.hostHandler === '' ? 'MSI' : 'irqfd';
  if (row.resampling || row.sources & RESAMPLE_BIT) return 'irqfd+resample';
  if (row.irqfd) return 'irqfd';
  if (row.kind === 'ppi') return 'timer/PPI';
  return row.sources & PIT_BITS ? 'PIT' : 'user space';
}

const UNITS: readonly [number, string][] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
];

/** A duration with three significant digits: `7 µs`, `1.25 ms`. */
export function duration(nanoseconds: number, ticks = false): string {
  if (ticks) return `${nanoseconds} ticks`;
  const unit = UNITS.find(([size]) => nanoseconds >= size);
  return unit ? `${Number((nanoseconds / unit[0]).toPrecision(3))} ${unit[1]}` : `${nanoseconds} ns`;
}
