// What pages of computed verdicts have in common: sizes, ways and proofs as cells, and tables.

import { type CheckResult, check } from '@virq/checker';
import type { Edits, ModelFamily } from '@virq/irq-core/protocol';

/** Sizes of a model by name. */
export type Scope = Readonly<Record<string, number>>;

/** One property of a model, in one form. */
export interface Question {
  readonly model: ModelFamily;
  readonly property: string;
}

/** Explores a form and judges it by the one property. */
export function explore({ model, property }: Question, scope: Scope, edits: Edits): CheckResult {
  const built = model.build(scope);
  return check((o) => {
    const system = built.create({ ...o, edits });
    return { ...system, properties: system.properties.filter((p) => p.name === property) };
  });
}

/** Sizes that are not the default ones. */
export const scopeText = (scope: Scope): string =>
  Object.entries(scope)
    .map(([k, v]) => `${k}=${v}`)
    .join(' ') || 'default';

/** Length of the way that was found, or that there is none; `slug` is the gallery's entry. */
export function foundText({ violations: [violation], states }: CheckResult, slug?: string): string {
  if (violation === undefined) return `${states} states, clean`;
  const steps = violation.steps.length === 0 ? 'by its locks alone' : `${violation.steps.length} steps`;
  return `${steps}, ${states} states${slug === undefined ? '' : `; \`${slug}\``}`;
}

/** A Markdown table. */
export const table = (head: readonly string[], rows: readonly string[]): string =>
  [`| ${head.join(' | ')} |`, `| ${head.map(() => '---').join(' | ')} |`, ...rows].join('\n');
