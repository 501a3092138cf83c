// A family of models: one model per size. Backends ship them; `check` takes sizes from `--scope`, the gallery edits their protocols.

import { VirqError } from '../errors.ts';
import type { Model } from './model.ts';

/** One size of a family. */
export interface ScopeParameter {
  /** What it counts: "vCPUs that load and put". */
  readonly says: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** Sizes by name. */
export type Scope<K extends string = string> = { readonly [P in K]: number };

/** Models of one protocol set in any size. */
export interface ModelFamily {
  /** Name scenarios use: `avic-ir-list`. */
  readonly name: string;
  /** One sentence for lists. */
  readonly summary: string;
  readonly scope: Readonly<Record<string, ScopeParameter>>;
  /** Builds a model; sizes left out take their defaults. Throws VIRQ-P003 for a size that does not exist or is out of range. */
  build(scope?: Readonly<Record<string, number>>): Model;
}

function sizes(name: string, declared: ModelFamily['scope'], given: Readonly<Record<string, number>>): Scope {
  for (const key of Object.keys(given))
    if (declared[key] === undefined)
      throw new VirqError('VIRQ-P003', `model ${name} has no size '${key}'`, {
        hint: `its sizes are: ${Object.keys(declared).join(', ') || 'none'}`,
      });
  return Object.fromEntries(
    Object.entries(declared).map(([key, p]) => {
      const value = given[key] ?? p.default;
      if (!Number.isInteger(value) || value < p.min || value > p.max)
        throw new VirqError('VIRQ-P003', `model ${name}: ${key} is ${value}, expected ${p.min} to ${p.max}`, {
          hint: `${key}: ${p.says}`,
        });
      return [key, value];
    }),
  );
}

/** Declares a family. `build` gets every declared size, checked. */
export function defineFamily<const K extends string>(d: {
  readonly name: string;
  readonly summary: string;
  readonly scope: Readonly<Record<K, ScopeParameter>>;
  build(scope: Scope<K>): Model;
}): ModelFamily {
  return { ...d, build: (given = {}) => d.build(sizes(d.name, d.scope, given) as Scope<K>) };
}
