// Families of models that a `concurrent` section can name instead of processes of its own.

import { VirqError } from '@virq/irq-core/errors';
import type { Edits, Model, ModelFamily } from '@virq/irq-core/protocol';
import type { Binding } from '../binding.ts';
import { suggest } from '../did-you-mean.ts';
import type { ConcurrentFile } from './schema.ts';
import type { Sizes } from './scope.ts';

/** A family with its variants: historical bugs as edits of its protocols. */
export type Family = ModelFamily & { readonly variants?: Readonly<Record<string, Edits>> };
/** Families by the name that scenarios use. */
export type Families = ReadonlyMap<string, Family>;

/** A model of a family in the wanted size and variant. */
export interface ChosenModel {
  readonly model: Model;
  readonly edits: Edits;
}

/** Finds the model that the section names; faults are reported. */
export function chooseModel(
  b: Binding,
  section: ConcurrentFile & { readonly model: string },
  families: Families,
  sizes: Sizes,
): ChosenModel | null {
  const { model: name, variant } = section;
  const family = families.get(name);
  if (family === undefined) {
    b.report(['concurrent', 'model'], 'VIRQ-S016', `no model '${name}'`, suggest(name, [...families.keys()]));
    return null;
  }
  const variants = family.variants ?? {};
  if (variant !== undefined && !Object.hasOwn(variants, variant)) {
    const hint = suggest(variant, Object.keys(variants));
    b.report(['concurrent', 'variant'], 'VIRQ-S016', `model ${name} has no variant '${variant}'`, hint);
    return null;
  }
  const edits = variant === undefined ? [] : (variants[variant] as Edits);
  try {
    return { model: family.build(sizes), edits };
  } catch (error) {
    if (!VirqError.isInstance(error)) throw error;
    b.reportKey(['concurrent', 'scope'], 'VIRQ-S012', error.message, error.hint);
    return null;
  }
}
