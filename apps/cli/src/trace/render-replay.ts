// The outcome of a replay, as text.

import type { ReplayReport } from '@virq/irq-core/machine';
import pc from 'picocolors';

const SHOWN = 5;
const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((n, c) => n + c, 0);
const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');

function differences(r: ReplayReport): string[] {
  const shown = r.differences
    .slice(0, SHOWN)
    .flatMap((d) => [
      `  line ${d.line}, after ${d.cause}`,
      `    kernel  ${d.kernel ?? '(nothing)'}`,
      `    model   ${d.model ?? '(nothing)'}`,
    ]);
  const rest = r.differenceCount - SHOWN;
  return rest > 0 ? [...shown, `  … and ${rest} more`] : shown;
}

/** Renders a replay. */
export function renderReplay(r: ReplayReport, color: boolean): string {
  const c = pc.createColors(color);
  const compared = total(r.compared);
  const verdict =
    r.differenceCount > 0
      ? c.red(`${r.differenceCount} of ${compared + r.differenceCount} recorded events differ from the model's`)
      : compared > 0
        ? c.green(`the model agrees with the kernel on all ${compared} recorded events`)
        : 'nothing in this capture could be compared';
  const lines = ['', c.bold('Replay'), `  ${verdict}`];
  lines.push(`  fed in: ${list(r.inputs) || 'nothing'}`);
  if (compared > 0) lines.push(`  compared: ${list(r.compared)}`);
  if (r.learned.length > 0)
    lines.push(`  taken over from the capture (${r.learned.length}):`, ...r.learned.slice(0, 8).map((l) => `    ${l}`));
  if (r.learned.length > 8) lines.push(`    … and ${r.learned.length - 8} more`);
  for (const u of r.notJudged) lines.push(`  not judged, ${u.count}×: ${u.reason}`);
  return `${[...lines, ...differences(r)].join('\n')}\n`;
}
