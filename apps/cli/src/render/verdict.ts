// The verdict of a check in words: what was proved, what was seen, what was not.

import { BUILT_IN, type CheckResult } from '@virq/checker';
import type { Property } from '@virq/irq-core/protocol';
import pc from 'picocolors';
import { thousands } from './numbers.ts';

/** What the verdict is about. */
export interface Checked {
  readonly title: string;
  readonly scope: Readonly<Record<string, number>>;
  readonly properties: readonly Property<never>[];
  readonly result: CheckResult;
  readonly seconds: number;
}

/** States from which on the fixed size of the tables no longer matters. */
const MANY = 50_000;

/** `vcpus=2, irtes=1`; '' for no sizes. */
export const scopeText = (scope: Readonly<Record<string, number>>): string =>
  Object.entries(scope)
    .map(([name, size]) => `${name}=${size}`)
    .join(', ');

const titleOf = ({ title, scope }: Checked): string => {
  const sizes = scopeText(scope);
  return sizes === '' ? title : `${title} (${sizes})`;
};

/** Numbers of the exploration. */
export function figures({ result: r, seconds }: Checked): string {
  const parts = [`${thousands(r.states)} states`, `${thousands(r.transitions)} transitions`, `depth ${r.depth}`];
  if (r.terminal > 0) parts.push(`${thousands(r.terminal)} ${r.terminal === 1 ? 'end' : 'ends'}`);
  parts.push(`${seconds.toFixed(seconds < 10 ? 2 : 1)} s`);
  if (r.states >= MANY) parts.push(`${r.bytesPerState.toFixed(0)} bytes/state`);
  return parts.join(' · ');
}

const BOUNDS: Readonly<Record<string, string>> = {
  states: 'the bound on states was hit (--max-states)',
  depth: 'the bound on depth was hit (--max-depth)',
  time: 'the time was over (--max-time)',
  memory: 'the memory was used up (--max-memory)',
  interrupted: 'it was interrupted',
  bits: 'states were told apart by three bits each (--store bitstate)',
  promises: 'promises about paths cannot be judged by hashes of states (--store)',
};

/** Labels that never ran, and witnesses that no state satisfied. */
function gaps({ result }: Checked): string[] {
  const labels = result.coverage.filter((l) => !l.reached).map((l) => `${l.protocol}: '${l.label}' never ran`);
  const witnesses = result.unreached.map((name) => `no state shows "${name}"`);
  return [...witnesses, ...labels];
}

const KINDS: Readonly<Record<string, string>> = {
  always: 'always',
  never: 'never',
  quiescent: 'when nothing can move',
  sometimes: 'sometimes',
  eventually: 'eventually',
  leadsTo: 'leads to',
};

function held({ properties }: Checked): string[] {
  const named = properties.map((p) => `${KINDS[p.kind]}: ${p.name}`);
  return [...named, ...Object.values(BUILT_IN).map((name) => `always: ${name}`)];
}

/** A check that saw everything and found nothing. */
export function renderClean(checked: Checked, color: boolean): string {
  const c = pc.createColors(color);
  const missing = gaps(checked);
  const lines = [`${c.green('✓')} ${c.bold(titleOf(checked))}: every interleaving is clean`, `  ${figures(checked)}`];
  lines.push(...held(checked).map((text) => c.dim(`  ✓ ${text}`)));
  lines.push(...missing.map((text) => c.yellow(`  ! ${text}: likely an error of the model`)));
  return `${lines.join('\n')}\n`;
}

/** A check that ended early. */
export function renderIncomplete(checked: Checked, color: boolean): string {
  const c = pc.createColors(color);
  const { result } = checked;
  const ran = result.coverage.filter((l) => l.reached).length;
  const lines = [
    `${c.yellow('…')} ${c.bold(titleOf(checked))}: incomplete: ${BOUNDS[result.bound ?? 'bits']}`,
    `  ${figures(checked)}`,
    `  nothing is broken in what was seen; ${ran} of ${result.coverage.length} labels ran`,
    ...result.unreached.map((name) => c.dim(`  not yet seen: ${name}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Heading of a violation. */
export function renderViolated(checked: Checked, expected: boolean, color: boolean): string {
  const c = pc.createColors(color);
  const mark = expected ? c.yellow('! violated, as expected') : c.red('✗ violated');
  return `${mark}: ${c.bold(titleOf(checked))}\n  ${figures(checked)}\n`;
}
