// The steps of a scenario: operations found, arguments checked against their declarations, names resolved.

import type { AnyBackend, AnyHostPart } from '@virq/irq-core/backend';
import { type ArgSpec, type Args, CORE_OPERATIONS, DEVICE_OPERATIONS } from '@virq/irq-core/machine';
import { type Binding, bindArgs, checkDeclared, type Path } from './binding.ts';
import { nearestWord, suggest } from './did-you-mean.ts';
import type { StepFile } from './schema.ts';

/** One operation to be done. */
export interface BoundStep {
  readonly vm: string;
  readonly op: string;
  readonly args: Args;
  readonly note: string | undefined;
  readonly expect: StepFile['expect'] | undefined;
}

/** A step, or several lists of steps to be interleaved. */
export type BoundItem =
  | { readonly step: BoundStep }
  | {
      readonly concurrent: readonly (readonly BoundStep[])[];
      readonly note: string | undefined;
      readonly expect: StepFile['expect'];
    };

/** Fields of a step that are no operation. */
const STEP_FIELDS: readonly string[] = ['vm', 'note', 'expect', 'concurrent', 'in'];

/** Operations by name. */
export type Table = Readonly<Record<string, { readonly args: Readonly<Record<string, ArgSpec>> }>>;

/** Operations a VM of a backend has. */
export const tablesOf = (backend: AnyBackend, parts: readonly AnyHostPart[]): readonly Table[] => [
  backend.vocabulary.operations,
  CORE_OPERATIONS,
  DEVICE_OPERATIONS,
  ...parts.map((part) => part.operations as Table),
];

const operationNames = (b: Binding): string[] =>
  [...b.backendOf.values()].flatMap((backend) => tablesOf(backend, b.parts)).flatMap((table) => Object.keys(table));

/** The single operation of a step. Of several fields the one that is no operation is to blame, if there is one. */
function operationOf(b: Binding, step: StepFile, path: Path): string | null {
  const fields = Object.keys(step).filter((key) => !STEP_FIELDS.includes(key));
  const [only] = fields;
  if (only !== undefined && fields.length === 1) return only;
  if (only === undefined) {
    b.report(path, 'VIRQ-S002', 'a step needs one operation', 'such as `- irq_line: { gsi: 5, level: 1 }`');
    return null;
  }
  const known = operationNames(b);
  const stray = fields.find((key) => !known.includes(key));
  const field = stray === undefined ? undefined : nearestWord(stray, STEP_FIELDS);
  const hint = field === undefined ? 'make each of them a step of its own' : `did you mean '${field}'?`;
  const blamed = stray ?? (fields[1] as string);
  b.reportKey([...path, blamed], 'VIRQ-S002', `a step has one operation, this has ${fields.join(' and ')}`, hint);
  return null;
}

function backendOf(b: Binding, vm: string, path: Path): AnyBackend | undefined {
  checkDeclared(b, vm, b.vmNames, { path: [...path, 'vm'], what: 'VM' });
  return b.backendOf.get(vm);
}

function specOf(b: Binding, backend: AnyBackend, op: string, path: Path): Readonly<Record<string, ArgSpec>> | null {
  const tables = tablesOf(backend, b.parts);
  const table = tables.find((t) => Object.hasOwn(t, op));
  if (table !== undefined) return (table[op] as Table[string]).args;
  const known = tables.flatMap((t) => Object.keys(t));
  const near = nearestWord(op, known);
  const hint = near === undefined ? 'virq backends --operations lists them all' : suggest(op, known);
  b.reportKey([...path, op], 'VIRQ-S003', `no operation '${op.slice(0, 60)}' on ${backend.name}`, hint);
  return null;
}

/** Binds one operation with its arguments. */
export function bindStep(b: Binding, step: StepFile, path: Path): BoundStep | null {
  const op = operationOf(b, step, path);
  const vm = step.vm ?? (b.vmNames[0] as string);
  const backend = backendOf(b, vm, path);
  if (op === null || backend === undefined) return null;
  const spec = specOf(b, backend, op, path);
  if (spec === null) return null;
  const args = bindArgs(b, spec, (step as Args)[op] ?? {}, { path: [...path, op], what: op });
  if (args === null) return null;
  const devices = (b.file.devices ?? []).map((d) => d.name);
  if (Object.hasOwn(DEVICE_OPERATIONS, op))
    checkDeclared(b, args['device'] as string, devices, { path: [...path, op, 'device'], what: 'device' });
  return { vm, op, args, note: step.note, expect: step.expect };
}

/** Expectations inside `concurrent` would be judged at a moment that the schedule decides. */
function bindListed(b: Binding, step: StepFile, path: Path): BoundStep | null {
  for (const field of ['expect', 'concurrent'])
    if (Object.hasOwn(step, field))
      b.reportKey([...path, field], 'VIRQ-S002', `a step inside concurrent has no '${field}'`, 'move it outside');
  return bindStep(b, step, path);
}

function bindItem(b: Binding, step: StepFile, path: Path): BoundItem | null {
  if (step.concurrent === undefined) {
    const bound = bindStep(b, step, path);
    return bound === null ? null : { step: bound };
  }
  for (const field of Object.keys(step).filter((key) => key === 'vm' || !STEP_FIELDS.includes(key)))
    b.reportKey([...path, field], 'VIRQ-S002', `a concurrent step has no '${field}'`, 'put it into one of the lists');
  const lists = step.concurrent.map((list, k) =>
    list.map((s, n) => bindListed(b, s as StepFile, [...path, 'concurrent', k, n])).filter((bound) => bound !== null),
  );
  return { concurrent: lists, note: step.note, expect: step.expect };
}

/** Modes that a step names must be declared. */
function isInMode(b: Binding, { in: modes }: StepFile, i: number): boolean {
  const declared = Object.keys(b.file.modes ?? {});
  for (const [k, mode] of (modes ?? []).entries())
    checkDeclared(b, mode, declared, { path: ['steps', i, 'in', k], what: 'mode' });
  return modes === undefined || b.mode === null || modes.includes(b.mode);
}

/** Binds all steps of the mode; those with faults are reported and left out. */
export const bindSteps = (b: Binding): BoundItem[] =>
  b.file.steps
    .map((step, i) => (isInMode(b, step, i) ? bindItem(b, step, ['steps', i]) : null))
    .filter((item) => item !== null);
