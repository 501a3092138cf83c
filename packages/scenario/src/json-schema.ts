// JSON schema (draft 2020-12) of scenario files for editors: the shape of the file, with every operation and its arguments.

import type { AnyBackend, AnyHostPart } from '@virq/irq-core/backend';
import { type ArgSpec, CORE_OPERATIONS, DEVICE_OPERATIONS } from '@virq/irq-core/machine';
import { z } from 'zod';
import { scenarioSchema } from './schema.ts';

type Schema = { readonly [key: string]: unknown };
type Args = Readonly<Record<string, ArgSpec>>;
type Operations = Readonly<Record<string, { readonly summary: string; readonly args: Args }>>;

/** Integers may be written as numbers, as text in decimal or hex, or as $name of a size. */
const INTEGER_TEXT: Schema = { type: 'string', pattern: '^(-?(0[xX][0-9a-fA-F]+|[0-9]+)|\\$[A-Za-z][A-Za-z0-9_]*)$' };

const KINDS: { readonly [T in ArgSpec['type']]: (spec: Extract<ArgSpec, { type: T }>) => Schema } = {
  int: ({ min = 0, max = 0xffffffff }) => ({
    anyOf: [{ type: 'integer', minimum: min, maximum: max }, { type: 'boolean' }, INTEGER_TEXT],
  }),
  u64: () => ({ anyOf: [{ type: 'integer', minimum: 0 }, INTEGER_TEXT] }),
  bool: () => ({ enum: [true, false, 0, 1] }),
  enum: ({ values }) => ({ enum: values }),
  name: () => ({ type: 'string', minLength: 1 }),
  list: ({ of }) => ({ type: 'array', items: argSchema(of) }),
  object: ({ fields }) => argsSchema(fields),
  either: ({ of }) => ({ anyOf: of.map(argSchema) }),
};

function argSchema(spec: ArgSpec): Schema {
  const kind = KINDS[spec.type] as (spec: ArgSpec) => Schema;
  const given = spec.default === undefined ? {} : { default: spec.default };
  return { ...kind(spec), ...(spec.doc === '' ? {} : { description: spec.doc }), ...given };
}

const isRequired = ([, spec]: readonly [string, ArgSpec]): boolean =>
  spec.optional !== true && spec.default === undefined;

function argsSchema(args: Args): Schema {
  const entries = Object.entries(args);
  const required = entries.filter(isRequired).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, spec]) => [name, argSchema(spec)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** `sync:` with nothing behind it is an operation without arguments. */
function operationSchema(op: Operations[string]): Schema {
  const args = argsSchema(op.args);
  return { ...args, type: 'required' in args ? 'object' : ['object', 'null'], description: op.summary };
}

/** Operations by name; of one name in several backends, any will do. */
function operationSchemas(tables: readonly Operations[]): Schema {
  const byName = new Map<string, Schema[]>();
  for (const table of tables)
    for (const [name, op] of Object.entries(table))
      byName.set(name, [...(byName.get(name) ?? []), operationSchema(op)]);
  return Object.fromEntries([...byName].map(([name, of]) => [name, of.length === 1 ? of[0] : { anyOf: of }]));
}

/** What the schema knows by name. */
interface Known {
  readonly backends: readonly AnyBackend[];
  readonly parts: readonly AnyHostPart[];
}

function operationsOf({ backends, parts }: Known): Schema {
  const own = [...backends.map((b) => b.vocabulary), ...parts].map((of) => of.operations as Operations);
  return operationSchemas([CORE_OPERATIONS, DEVICE_OPERATIONS, ...own]);
}

/** Without backends further operations are left open. */
const closedBy = ({ backends }: Known): Schema => (backends.length === 0 ? {} : { additionalProperties: false });

function stepSchema(step: Schema, known: Known): Schema {
  const { concurrent, ...fields } = step['properties'] as Record<string, Schema>;
  const lists = { ...(concurrent?.['items'] as Schema), items: { $ref: '#/$defs/step' } };
  return {
    ...step,
    properties: { ...fields, concurrent: { ...concurrent, items: lists }, ...operationsOf(known) },
    ...closedBy(known),
  };
}

function turnSchema(turn: Schema, known: Known): Schema {
  const fields = turn['properties'] as Record<string, Schema>;
  return { ...turn, properties: { ...fields, ...operationsOf(known) }, ...closedBy(known) };
}

const propertiesOf = (schema: Schema | undefined): Record<string, Schema> =>
  (schema?.['properties'] ?? {}) as Record<string, Schema>;

/** The `concurrent` section with its turns named, and what one turn is. */
function concurrentSchemas(section: Schema): { readonly concurrent: Schema; readonly turn: Schema } {
  const { processes, ...rest } = propertiesOf(section);
  const process = processes?.['items'] as Schema;
  const { may, does, ...fields } = propertiesOf(process);
  const items = { $ref: '#/$defs/turn' };
  const properties = { ...fields, may: { ...may, items }, does: { ...does, items } };
  const named = { ...processes, items: { ...process, properties } };
  return { concurrent: { ...section, properties: { ...rest, processes: named } }, turn: may?.['items'] as Schema };
}

function vmSchema(vm: Schema, backends: readonly AnyBackend[]): Schema {
  if (backends.length === 0) return vm;
  const properties = vm['properties'] as Record<string, Schema>;
  const options = Object.assign({}, ...backends.map((b) => argsSchema(b.vocabulary.vm)['properties']));
  const backend = { ...properties['backend'], enum: backends.map((b) => b.name) };
  return { ...vm, properties: { ...options, ...properties, backend } };
}

/** VMs and steps are needed unless processes, or a model, take their place. */
const NEEDED: Schema = {
  anyOf: [
    { required: ['vms', 'steps'] },
    { required: ['vms', 'concurrent'] },
    { required: ['concurrent'], properties: { concurrent: { required: ['model'] } } },
  ],
};

/**
 * JSON schema of scenario files. Without backends their operations and VM options are left open; with backends every operation and
 * argument is known, and others are refused.
 */
export function scenarioJsonSchema(backends: readonly AnyBackend[] = [], further: readonly AnyHostPart[] = []): Schema {
  const own = backends.flatMap(({ host }) => (host === undefined ? [] : [host]));
  const known: Known = { backends, parts: [...new Set([...own, ...further])] };
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input' }) as Schema;
  const { vms, steps, concurrent: section, ...properties } = schema['properties'] as Record<string, Schema>;
  const { concurrent, turn } = concurrentSchemas(section as Schema);
  return {
    ...schema,
    $id: 'https://virq.dev/schema/scenario.schema.json',
    title: 'virq scenario',
    properties: {
      ...properties,
      vms: { ...vms, items: vmSchema(vms?.['items'] as Schema, backends) },
      steps: { ...steps, items: { $ref: '#/$defs/step' } },
      concurrent,
    },
    ...NEEDED,
    $defs: { step: stepSchema(steps?.['items'] as Schema, known), turn: turnSchema(turn, known) },
  };
}
