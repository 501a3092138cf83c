// What the schema objects to, in the words of a scenario's author.

import type { z } from 'zod';
import { suggest } from './did-you-mean.ts';
import { fieldsAt } from './schema.ts';

/** One fault of shape. `key` marks the field's name rather than its value. */
export interface ShapeFault {
  readonly path: readonly PropertyKey[];
  readonly key: boolean;
  readonly message: string;
  readonly hint: string | undefined;
}

type Path = readonly PropertyKey[];

/** `['steps', 2, 'expect']` → `steps[2].expect`. */
export const pathText = (path: Path): string =>
  path.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i === 0 ? '' : '.'}${String(p)}`)).join('');

function valueAt(value: unknown, path: Path): unknown {
  let v = value;
  for (const part of path) {
    if (typeof v !== 'object' || v === null || !Object.hasOwn(v, part)) return undefined;
    v = (v as Readonly<Record<PropertyKey, unknown>>)[part];
  }
  return v;
}

function unknownField(path: Path, name: string): ShapeFault {
  const where = path.length === 0 ? 'a scenario' : pathText(path);
  const message = `'${name.slice(0, 60)}' is no field of ${where}`;
  return { path: [...path, name], key: true, message, hint: suggest(name, fieldsAt(path)) };
}

/** Remedies for what people write at a place. */
function remedy(path: Path, value: unknown): string | undefined {
  if (path[0] === 'kernel' && typeof value === 'number') return `versions are text: kernel: '${value}'`;
  return undefined;
}

function plainFault(issue: z.core.$ZodIssue, whole: unknown): ShapeFault {
  const { path } = issue;
  const value = valueAt(whole, path);
  const what =
    'minimum' in issue
      ? `needs at least ${issue.minimum}`
      : issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
  const name = path.length === 0 ? 'a scenario' : pathText(path);
  const message = value === undefined && path.length > 0 ? `${name} is missing` : `${name}: ${what}`;
  return { path, key: false, message, hint: remedy(path, value) };
}

/** The faults in the order of the file's fields. */
export function shapeFaults(issues: readonly z.core.$ZodIssue[], whole: unknown): ShapeFault[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((name) => unknownField(issue.path, name))
      : [plainFault(issue, whole)],
  );
}

/** VMs and steps are needed unless a model, or processes, take their place. */
export function missingParts(whole: unknown): ShapeFault[] {
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return [];
  const { concurrent, ...given } = whole as Readonly<Record<string, unknown>>;
  const byModel = valueAt(concurrent, ['model']) !== undefined;
  const needed = byModel ? [] : concurrent === undefined ? ['vms', 'steps'] : ['vms'];
  return needed.flatMap((field) => {
    const value = given[field];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) return [];
    const message = value === undefined ? `${field} is missing` : `${field}: needs at least 1`;
    return [{ path: [field], key: false, message, hint: undefined }];
  });
}
