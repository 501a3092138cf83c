// What a comparison came to: numbers, known differences, and the first one that nothing explains, field by field.

import type { CampaignResult, Difference, Finding, Op, Target } from '@virq/conformance';
import { thousands } from './numbers.ts';

/** A comparison that has ended. */
export interface Conformed {
  readonly target: Target;
  readonly kernel: string;
  /** Empty for a replay. */
  readonly seeds: readonly number[];
  readonly seconds: number;
  readonly result: CampaignResult;
  readonly save: string | undefined;
  readonly replay: string | undefined;
}

const plural = (n: number, one: string): string => `${thousands(n)} ${one}${n === 1 ? '' : 's'}`;
const show = (value: unknown): string => (value === undefined ? '(no such field)' : JSON.stringify(value));

function headline({ target, kernel, result: { oracle } }: Conformed): string {
  const details = Object.values(oracle.details).join(', ');
  const side = target.against === 'kvm' ? `model of Linux ${kernel}` : `model of ${target.against}`;
  return `${target.backend}, ${side}, against ${oracle.implementation} ${oracle.version} (${details})\n`;
}

function figures({ seeds, seconds, result: r }: Conformed): string {
  const [first, last] = [seeds[0], seeds.at(-1)];
  const parts = [plural(r.ops, 'operation'), plural(r.sequences, 'sequence')];
  if (first !== undefined) parts.push(`seeds ${first}..${last}`, plural(r.features, 'feature'));
  parts.push(`${seconds.toFixed(1)} s`, `${thousands(r.ops / Math.max(seconds, 0.001))}/s`);
  return `${parts.join(' · ')}\n`;
}

/** Known differences with their reasons; the ones that did not show are left out. */
function skips({ target, result }: Conformed): string {
  const seen = target.skips.filter((s) => result.skipped.has(s.id));
  const total = [...result.skipped.values()].reduce((sum, n) => sum + n, 0);
  if (seen.length === 0) return 'known differences: none\n';
  const lines = seen.map(
    (s) => `  ${s.id}: ${thousands(result.skipped.get(s.id) ?? 0)} times\n    ${s.reason}\n    ${s.source}\n`,
  );
  return `known differences: ${thousands(total)}\n${lines.join('')}`;
}

const operations = (ops: readonly Op[]): string => `[\n${ops.map((op) => `  ${JSON.stringify(op)}`).join(',\n')}\n]\n`;

function sequence(finding: Finding): string {
  const { minimised } = finding;
  return `minimised to ${plural(minimised.ops.length, 'operation')} in ${plural(minimised.runs, 'run')}:\n${operations(minimised.ops)}`;
}

/** After which operation, and every field with both sides. */
function sides(against: string, seed: number | null, { op, step, fields }: Difference): string {
  const where = seed === null ? '' : `, seed ${seed}`;
  const width = Math.max('model'.length, against.length);
  const side = (name: string, value: unknown): string => `    ${name.padEnd(width)}  ${show(value)}\n`;
  const lines = fields.map((f) => `  ${f.path}\n${side('model', f.model)}${side(against, f.oracle)}`);
  return `different after operation ${step}${where}: ${JSON.stringify(op)}\n${lines.join('')}`;
}

const difference = (done: Conformed, finding: Finding): string =>
  `✗ ${sides(done.target.against, finding.seed, finding.minimised.difference)}${sequence(finding)}${next(done)}`;

function next({ target, save }: Conformed): string {
  const file = save ?? 'ops.json';
  const how = save === undefined ? ' (the array above, or --save ops.json)' : '';
  return `Next: virq conform ${target.backend} --against ${target.against} --replay ${file}${how}\n`;
}

function accidents({ target, result: { unrepeatable } }: Conformed): string {
  const shown = unrepeatable.map((a) => `? ${sides(target.against, a.seed, a.difference)}`);
  return `${shown.join('')}${plural(unrepeatable.length, 'difference')} did not show again when the sequence was repeated\n`;
}

function verdict(done: Conformed): string {
  const { finding, interrupted, unrepeatable } = done.result;
  const before = unrepeatable.length === 0 ? '' : accidents(done);
  if (finding !== null) return before + difference(done, finding);
  if (interrupted) return `${before}✓ no unexplained difference so far: interrupted\n`;
  return before === '' ? '✓ no unexplained difference\n' : before;
}

/** The result in words. */
export const renderConformed = (done: Conformed): string =>
  headline(done) + figures(done) + skips(done) + verdict(done);

/** The result as records: the summary, which names the schema, the known differences, the finding. */
export function recordsOf(done: Conformed): object[] {
  const { target, kernel, seeds, seconds, result } = done;
  const { finding, skipped, ...counts } = result;
  const summary = {
    schema: 'virq/conform@1',
    backend: target.backend,
    against: target.against,
    kernel,
    seeds: seeds.length === 0 ? null : [seeds[0], seeds.at(-1)],
    seconds,
    ...counts,
    verdict: finding === null ? 'same' : 'different',
  };
  const known = target.skips.filter((s) => skipped.has(s.id));
  return [
    summary,
    ...known.map(({ id, reason, source }) => ({ known: id, times: skipped.get(id), reason, source })),
    ...(finding === null ? [] : [{ finding }]),
  ];
}
