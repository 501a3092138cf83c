// What interrupts cost, mode beside mode.

import { COST_KINDS, type RunReport } from '@virq/scenario';
import pc from 'picocolors';

const perInterrupt = (count: number, taken: number): string => {
  if (count === 0 || taken === 0) return '–';
  const n = count / taken;
  return Number.isInteger(n) ? String(n) : n.toFixed(2);
};

const reasonsText = (reasons: Readonly<Record<string, number>>): string =>
  Object.entries(reasons)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, n]) => `${reason} ${n}`)
    .join(', ');

/** A table: kinds of cost per interrupt that a guest took, a column for each mode; below it the exits by reason. */
export function renderCosts(results: readonly RunReport[], color: boolean): string {
  const c = pc.createColors(color);
  const heads = results.map((r) => r.mode ?? 'count');
  const kinds = COST_KINDS.filter((_, i) => results.some((r) => (r.costs.counts[i] ?? 0) > 0));
  const first = Math.max(18, ...kinds.map((k) => k.name.length)) + 2;
  const widths = heads.map((h) => Math.max(h.length, 6) + 2);
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(first)}${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('')}`.trimEnd();
  const lines = [
    `${c.bold(results[0]?.title ?? '')}: cost per interrupt that the guest took`,
    '',
    c.dim(row('', heads)),
    ...kinds.map((kind) => {
      const i = COST_KINDS.indexOf(kind);
      return row(
        kind.name,
        results.map(({ costs }) => perInterrupt(costs.counts[i] ?? 0, costs.taken)),
      );
    }),
    row(
      'interrupts taken',
      results.map(({ costs }) => String(costs.taken)),
    ),
    '',
    ...results.map((r) => `exits${r.mode === null ? '' : ` ${r.mode}`}: ${reasonsText(r.costs.reasons) || 'none'}`),
    '',
    ...kinds.map((kind) => c.dim(`${kind.name}: ${kind.says}`)),
  ];
  return `${lines.join('\n')}\n`;
}
