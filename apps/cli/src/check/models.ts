// Models that `virq check` takes by name, with the bugs of the gallery as their variants.

import { BUGS, MODELS } from '@virq/bug-gallery';
import type { Edits } from '@virq/irq-core/protocol';
import { type Families, type Family, suggest } from '@virq/scenario';
import { UsageError } from '../io.ts';

/** All models, in the order in which they are listed. */
export const FAMILIES: Families = new Map(
  MODELS.map((model): [string, Family] => {
    const bugs = BUGS.filter((bug) => bug.model === model);
    return [model.name, { ...model, variants: Object.fromEntries(bugs.map((bug) => [bug.slug, bug.variant])) }];
  }),
);

/** A model by its name. */
export function familyOf(name: string): Family {
  const family = FAMILIES.get(name);
  if (family !== undefined) return family;
  throw new UsageError('VIRQ-K003', `there is no model '${name}'`, suggest(name, [...FAMILIES.keys()]));
}

/** The edits of a variant; none for null. */
export function editsOf(family: Family, variant: string | null): Edits {
  const variants = family.variants ?? {};
  if (variant === null) return [];
  const edits = Object.hasOwn(variants, variant) ? variants[variant] : undefined;
  if (edits !== undefined) return edits;
  const hint = suggest(variant, Object.keys(variants));
  throw new UsageError('VIRQ-K003', `model ${family.name} has no variant '${variant}'`, hint);
}
