// Sizes of a check by name: declared with a default, overridden by the caller, put in wherever the file says `$name`.

import type { Path } from '../binding.ts';
import type { ScenarioFile } from '../schema.ts';

/** Sizes by name. */
export type Sizes = Readonly<Record<string, number>>;

/** Called for every `$name` that is no size. */
export type UnknownSize = (path: Path, name: string) => void;

const NAME = /^\$([A-Za-z][A-Za-z0-9_]*)$/;
/** The number of a copy of a process; known only inside `processes`. */
export const SELF = 'self';

/** The value with every `$name` replaced by its size; names in `later` stay. */
export function substitute(
  value: unknown,
  sizes: Sizes,
  at: { readonly path: Path; readonly later?: string; readonly unknown: UnknownSize },
): unknown {
  if (typeof value === 'string') {
    const name = NAME.exec(value)?.[1];
    if (name === undefined || name === at.later) return value;
    if (Object.hasOwn(sizes, name)) return sizes[name];
    at.unknown(at.path, name);
    return 1;
  }
  if (Array.isArray(value)) return value.map((v, i) => substitute(v, sizes, { ...at, path: [...at.path, i] }));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => [key, substitute(v, sizes, { ...at, path: [...at.path, key] })]),
  );
}

/** The declared sizes with the caller's in their place. `unknown` hears of those that are not declared. */
export function sizesOf(declared: Sizes, given: Sizes, unknown: (name: string) => void): Sizes {
  for (const name of Object.keys(given)) if (!Object.hasOwn(declared, name)) unknown(name);
  return { ...declared, ...given };
}

/** A scenario with its sizes put in; the processes, which know more names, stay as they are. */
export function withSizes(file: ScenarioFile, sizes: Sizes, unknown: UnknownSize): ScenarioFile {
  const at = (field: string) => ({ path: [field], unknown });
  return {
    ...file,
    vms: substitute(file.vms, sizes, at('vms')) as ScenarioFile['vms'],
    steps: substitute(file.steps, sizes, at('steps')) as ScenarioFile['steps'],
  };
}
