// What binding knows while it goes through a scenario: the file, its names, the backends, and the diagnostics so far.

import type { AnyBackend, AnyHostPart } from '@virq/irq-core/backend';
import { type ArgSpec, type Args, checkArgs, type Vocabulary } from '@virq/irq-core/machine';
import type { ScenarioCode } from './diagnostic.ts';
import { suggest } from './did-you-mean.ts';
import type { ScenarioFile } from './schema.ts';

/** Backends by name. */
export type Backends = ReadonlyMap<string, AnyBackend>;
/** What a scenario can name. */
export interface Sources {
  readonly backends: Backends;
  /** Parts of the host beside those of the backends. */
  readonly parts?: readonly AnyHostPart[];
  /** One of the file's modes; default the first. */
  readonly mode?: string;
}
/** Place in the file. */
export type Path = readonly PropertyKey[];

/** State of one binding. */
export interface Binding {
  readonly file: ScenarioFile;
  readonly backends: Backends;
  /** Mode of the file that is bound, null if it has none. */
  readonly mode: string | null;
  /** Parts of the host that a scenario may name. */
  readonly available: readonly AnyHostPart[];
  /** Parts the host has: those of the backends in use, and those named. */
  readonly parts: AnyHostPart[];
  /** Names of the VMs in order, given or `vm0`, `vm1`, … */
  readonly vmNames: readonly string[];
  /** Backend of each VM that could be bound. */
  readonly backendOf: Map<string, AnyBackend>;
  report(path: Path, code: ScenarioCode, message: string, hint?: string): void;
  /** The same, marking the key at the path rather than its value. */
  reportKey(path: Path, code: ScenarioCode, message: string, hint?: string): void;
  /** The same, marking a stretch of the text that stands at the path. */
  reportWithin(path: Path, part: Part, code: ScenarioCode, message: string, hint?: string): void;
}

/** A stretch of a text: offsets, the end exclusive. */
export interface Part {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** `entries[2].pin` → `['entries', 2, 'pin']`. */
const keysOf = (path: string): PropertyKey[] =>
  path
    .split(/[.[\]]+/)
    .filter(Boolean)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));

/** Checks arguments against their declaration; reports every fault at its place. Null if there are any. */
export function bindArgs(
  b: Binding,
  specs: Readonly<Record<string, ArgSpec>>,
  given: unknown,
  at: { readonly path: Path; readonly what: string; readonly together?: Vocabulary<never>['checkVm'] },
): Args | null {
  const checked = checkArgs(specs, given, at.together);
  if (checked.ok) return checked.args;
  const what = at.what === '' ? '' : `${at.what}: `;
  for (const f of checked.faults)
    b.report([...at.path, ...keysOf(f.path)], 'VIRQ-S004', `${what}${`${f.path} ${f.message}`.trim()}`);
  return null;
}

/** Reports names that occur twice, or that are reserved. */
export function checkUnique(
  b: Binding,
  names: readonly string[],
  what: { readonly field: 'vms' | 'devices'; readonly reserved: readonly string[] },
): void {
  for (const [i, name] of names.entries()) {
    const path = [what.field, i, 'name'];
    if (what.reserved.includes(name)) b.report(path, 'VIRQ-S009', `'${name}' is a part of the host and no free name`);
    else if (names.indexOf(name) < i)
      b.report(path, 'VIRQ-S009', `'${name}' is taken by ${what.field}[${names.indexOf(name)}]`);
  }
}

/** Reports a name that is not declared. */
export function checkDeclared(
  b: Binding,
  name: string,
  known: readonly string[],
  at: { readonly path: Path; readonly what: string },
): boolean {
  if (known.includes(name)) return true;
  b.report(at.path, 'VIRQ-S006', `no ${at.what} '${name}'`, suggest(name, known));
  return false;
}
