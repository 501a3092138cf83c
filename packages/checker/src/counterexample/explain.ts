// A counterexample in words: grouped by process, only what changed, then what is broken and how to see it again.

import type { Change } from '@virq/irq-core/arena';
import { formatSchedule } from '@virq/irq-core/protocol';
import type { Violation } from '../result.ts';
import type { Replay, ReplayedStep } from './replay.ts';

/** How parts of the text are set off. Each takes a text and gives it back marked. */
export interface Style {
  readonly heading: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly broken: (text: string) => string;
}

const PLAIN: Style = { heading: (t) => t, quiet: (t) => t, broken: (t) => t };

function valueText(v: Change['before']): string {
  if (Array.isArray(v)) return v.length === 0 ? '{}' : `{${v.join(', ')}}`;
  return typeof v === 'number' && v > 99 ? `0x${v.toString(16)}` : String(v);
}

const changeText = (c: Change): string => `${c.path}: ${valueText(c.before)} → ${valueText(c.after)}`;

/** The label of a lock says what its step does to it. */
const isLockKeeping = (step: ReplayedStep, c: Change): boolean =>
  /(^|\.)(un)?lock /.test(step.label) && c.path.endsWith('.holder');

function effects(step: ReplayedStep): string[] {
  const changes = [...step.changes, ...step.locals].filter((c) => !isLockKeeping(step, c)).map(changeText);
  if (step.choice !== null) changes.unshift(`alternative ${step.choice}`);
  for (const p of step.started) changes.push(`starts process ${p.pid}, ${p.protocol}`);
  if (step.ended) changes.push('ends');
  if (step.error !== null) changes.push(`fails: ${step.error}`);
  return changes;
}

/** The name of a protocol as people say it: edits are the variant's business. */
const shortName = (protocol: string): string => protocol.replace(/~.*$/, '');

/** Steps, one line each with what they changed; a heading whenever another process goes on. */
export function stepLines(steps: readonly ReplayedStep[], style: Style = PLAIN): string[] {
  const width = Math.min(28, Math.max(...steps.map((s) => s.label.length), 0));
  const digits = String(steps.length).length;
  return steps.flatMap((step, i) => {
    const heading =
      steps[i - 1]?.pid === step.pid ? [] : [style.heading(`process ${step.pid}  ${shortName(step.protocol)}`)];
    const [first = '', ...more] = effects(step);
    const at = `  ${style.quiet(String(i + 1).padStart(digits))}  `;
    const indent = ' '.repeat(digits + 4 + width + 2);
    return [...heading, `${at}${step.label.padEnd(width)}  ${first}`.trimEnd(), ...more.map((m) => indent + m)];
  });
}

/** The whole story of a violation, line by line. */
export function explain(violation: Violation, replay: Replay, style: Style = PLAIN): string[] {
  const { steps, cycleFrom } = violation;
  const shown =
    cycleFrom === null
      ? stepLines(replay.steps, style)
      : [
          ...stepLines(replay.steps.slice(0, cycleFrom), style),
          style.quiet('  and from here for ever:'),
          ...stepLines(replay.steps.slice(cycleFrom), style),
        ];
  const lines = [...shown, '', style.broken(`✗ ${violation.property}`)];
  if (violation.message !== '') lines.push(`  ${violation.message}`);
  if (violation.consequence !== null) lines.push(`  seen as: ${violation.consequence}`);
  if (steps.length > 0) lines.push(style.quiet(`  ${steps.length} steps · schedule ${formatSchedule(steps)}`));
  return lines;
}
