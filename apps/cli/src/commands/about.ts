// virq backends, explain, schema: what there is and what it means.

import type { AnyBackend, AnyHostPart } from '@virq/irq-core/backend';
import { type ArgSpec, CORE_OPERATIONS, DEVICE_OPERATIONS } from '@virq/irq-core/machine';
import { nearestWord, scenarioJsonSchema } from '@virq/scenario';
import { loadBackends, PARTS } from '../backends.ts';
import { CODES } from '../codes.ts';
import { EXIT, type Io, print, UsageError } from '../io.ts';

function argText([name, spec]: [string, ArgSpec]): string {
  const optional = spec.optional === true || spec.default !== undefined;
  return optional ? `[${name}]` : name;
}

type Operations = Readonly<
  Record<string, { readonly summary: string; readonly args: Readonly<Record<string, ArgSpec>> }>
>;

const table = (operations: Operations): string =>
  Object.entries(operations)
    .map(([name, op]) => `  ${name} ${Object.entries(op.args).map(argText).join(' ')}\n      ${op.summary}\n`)
    .join('');

const record = (b: AnyBackend): unknown => ({
  name: b.name,
  arch: b.arch,
  summary: b.summary,
  specVersion: b.specVersion,
  operations: Object.keys(b.vocabulary.operations),
  registers: b.registers.map((r) => r.name),
});

const partRecord = (p: AnyHostPart): unknown => ({
  name: p.name,
  part: true,
  summary: p.summary,
  options: Object.keys(p.options),
  operations: Object.keys(p.operations),
});

/** Parts of the host: those of the backends, and those that a scenario names. */
const partsOf = (all: readonly AnyBackend[]): readonly AnyHostPart[] => [
  ...new Set([...all.flatMap(({ host }) => (host === undefined ? [] : [host])), ...PARTS]),
];

/** virq backends. */
export async function backends(
  options: { json?: boolean; operations?: boolean; backend?: readonly string[] },
  io: Io,
): Promise<number> {
  const all = [...(await loadBackends(options.backend ?? [], io)).values()];
  if (options.json === true) {
    await print(
      io,
      [{ schema: 'virq/backends@1' }, ...all.map(record), ...partsOf(all).map(partRecord)]
        .map((r) => `${JSON.stringify(r)}\n`)
        .join(''),
    );
    return EXIT.OK;
  }
  for (const b of all) await print(io, `${b.name.padEnd(12)} ${b.arch.padEnd(8)} ${b.summary}\n`);
  for (const p of partsOf(all)) await print(io, `${p.name.padEnd(12)} ${'host'.padEnd(8)} ${p.summary}\n`);
  if (options.operations !== true) return EXIT.OK;
  await print(io, `\ncore\n${table(CORE_OPERATIONS)}\ndevices\n${table(DEVICE_OPERATIONS)}`);
  for (const b of all) await print(io, `\n${b.name}\n${table(b.vocabulary.operations as Operations)}`);
  for (const p of partsOf(all)) await print(io, `\n${p.name}\n${table(p.operations)}`);
  return EXIT.OK;
}

function noCode(name: string): string {
  const near = nearestWord(name, Object.keys(CODES));
  return `${near === undefined ? '' : `did you mean '${near}'? `}virq explain lists them all`;
}

/** virq explain. Without a code, all of them by title. */
export async function explain(code: string | undefined, options: { json?: boolean }, io: Io): Promise<number> {
  if (code === undefined) {
    for (const [name, e] of Object.entries(CODES))
      await print(io, options.json === true ? `${JSON.stringify({ code: name, ...e })}\n` : `${name}  ${e.title}\n`);
    return EXIT.OK;
  }
  const name = code.toUpperCase();
  const entry = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  if (entry === undefined) throw new UsageError('VIRQ-C001', `no code '${code}'`, noCode(name));
  const text = `${name}: ${entry.title}\n\n${entry.explanation}\n\nWhat to do: ${entry.remedy}\n`;
  await print(io, options.json === true ? `${JSON.stringify({ code: name, ...entry })}\n` : text);
  return EXIT.OK;
}

/** virq schema: with the operations and VM options of all loaded backends. */
export async function schema(what: string, options: { backend?: readonly string[] }, io: Io): Promise<number> {
  if (what !== 'scenario') throw new UsageError('VIRQ-C001', `no schema '${what}'`, 'there is: scenario');
  const loaded = await loadBackends(options.backend ?? [], io);
  await print(io, `${JSON.stringify(scenarioJsonSchema([...loaded.values()], PARTS), null, 2)}\n`);
  return EXIT.OK;
}
