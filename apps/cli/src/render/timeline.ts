// The timeline of a run: who did what, what the kernel would have traced, which state changed.

import type { ChangeRecord, RunReport, StepRecord } from '@virq/scenario';
import pc from 'picocolors';

const CHANGES = 12;

const short = (v: unknown): string => {
  const text = JSON.stringify(v) ?? '';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

function argsText(args: unknown): string {
  if (typeof args !== 'object' || args === null) return '';
  return Object.entries(args)
    .map(([k, v]) => `${k}=${short(v)}`)
    .join(' ');
}

const value = (v: ChangeRecord['before']): string =>
  typeof v === 'number' && v > 9 ? `0x${v.toString(16)}` : short(v);

function changeLines(changes: readonly ChangeRecord[]): string[] {
  const shown = changes.slice(0, CHANGES).map((c) => `      ${c.path}: ${value(c.before)} → ${value(c.after)}`);
  return changes.length > CHANGES ? [...shown, `      … and ${changes.length - CHANGES} more fields`] : shown;
}

function resultText(s: StepRecord): string {
  if (s.errno !== null) return `→ -${s.errno}`;
  const out = s.out === null ? '' : ` ${short(s.out)}`;
  return s.ret === 0 && out === '' ? '' : `→ ${s.ret}${out}`;
}

/** One step. */
export function renderStep(s: StepRecord, color: boolean): string {
  const c = pc.createColors(color);
  const who = s.vm === '' ? '' : `${s.vm} `;
  const head =
    `${String(s.step).padStart(3)}  ${c.cyan(who)}${c.bold(s.op)} ${argsText(s.args)} ${resultText(s)}`.trimEnd();
  const note = s.note === null ? [] : [c.dim(`      ${s.note}`)];
  const weave = s.interleaving.map((l) => c.dim(`      · ${l}`));
  const events = s.events.map((e) => `      ${c.yellow(e)}`);
  const failures = s.failures.map((f) => c.red(`      ✗ ${f}`));
  return `${[head, ...note, ...weave, ...events, ...changeLines(s.changes), ...failures].join('\n')}\n`;
}

/** The heading of a mode. */
export const renderMode = (r: RunReport, color: boolean): string =>
  `\n${pc.createColors(color).bold(`${r.title} · ${r.mode}`)}\n`;

/** The verdict, seed and schedule, and the next command. */
export function renderOutcome(r: RunReport, path: string, color: boolean): string {
  const c = pc.createColors(color);
  const lines = [''];
  for (const v of r.violations) {
    const mark = v.property === r.expectedViolation ? c.yellow('! expected violation') : c.red('✗ violated');
    lines.push(`${mark}: ${v.property}`, `    ${v.what}`);
  }
  for (const f of r.failures) lines.push(c.red(`✗ ${f}`));
  lines.push(r.ok ? c.green(`✓ ${r.title}: as expected`) : c.red(`✗ ${r.title}: not as expected`));
  const { schedule } = r;
  lines.push(`kernel ${r.kernel} · seed ${r.seed}${schedule === null ? '' : ` · schedule ${schedule}`}`);
  if (schedule !== null) lines.push(`Again, exactly so: virq run ${path} --schedule '${schedule}'`);
  if (!r.ok) lines.push(`See the state: virq run ${path} --inspect`);
  return `${lines.join('\n')}\n`;
}

/** The controllers at the end, VM by VM. */
export const renderInspect = (r: RunReport): string =>
  r.inspect.map((s) => `${s.vm}: ${s.title}\n${s.lines.map((l) => `  ${l}\n`).join('')}`).join('\n');
