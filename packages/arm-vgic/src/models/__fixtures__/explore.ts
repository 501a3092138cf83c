// Explores a family in one size and form, and says what came of it.

import { check } from '@virq/checker';
import type { Edits, ModelFamily } from '@virq/irq-core/protocol';

/** What the checker says: the property that is violated first, or `ok`, and what no state has shown. */
export function verdictOf(family: ModelFamily, scope: Readonly<Record<string, number>>, edits: Edits = []) {
  const model = family.build(scope);
  const { verdict, violations, unreached } = check((o) => model.create({ ...o, edits }));
  return { says: violations[0]?.property ?? verdict, unreached: verdict === 'ok' ? unreached : [] };
}

/** The same without the family's own properties: steps that fail, processes that wait for ever, locks. */
export function builtInVerdictOf(
  family: ModelFamily,
  scope: Readonly<Record<string, number>>,
  edits: Edits = [],
): string {
  const model = family.build(scope);
  const { verdict, violations } = check((o) => ({ ...model.create({ ...o, edits }), properties: [] }));
  return violations[0]?.property ?? verdict;
}
