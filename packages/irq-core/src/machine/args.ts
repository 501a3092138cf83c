// Checks the arguments of an operation against its declaration: numbers as numbers or hex strings, defaults filled in, every fault named.

import type { ArgFault, ArgSpec, Args, Json, Vocabulary } from './vocabulary.ts';

/** Checked arguments, or every fault found. */
export type ArgsChecked =
  | { readonly ok: true; readonly args: Args }
  | { readonly ok: false; readonly faults: readonly ArgFault[] };

type Sink = (path: string, message: string) => undefined;

const show = (v: unknown): string => {
  const text = JSON.stringify(v) ?? String(v);
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
};
const hex = (n: number): string => (n > 9 ? `0x${n.toString(16)}` : String(n));

function asInteger(v: unknown): bigint | undefined {
  if (typeof v === 'bigint') return v;
  if (typeof v === 'number' && Number.isSafeInteger(v)) return BigInt(v);
  if (typeof v === 'boolean') return v ? 1n : 0n;
  if (typeof v === 'string' && /^-?(0x[0-9a-f]+|\d+)$/i.test(v))
    return v.startsWith('-') ? -BigInt(v.slice(1)) : BigInt(v);
  return undefined;
}

function checkInt(spec: { min?: number; max?: number }, v: unknown, path: string, fault: Sink): number | undefined {
  const { min = 0, max = 0xffffffff } = spec;
  const n = asInteger(v);
  if (n === undefined) return fault(path, `is ${show(v)}, expected an integer`);
  if (n < BigInt(min) || n > BigInt(max)) return fault(path, `is ${show(v)}, expected ${hex(min)} to ${hex(max)}`);
  return Number(n);
}

function checkU64(v: unknown, path: string, fault: Sink): bigint | undefined {
  const n = asInteger(v);
  return n === undefined || n < 0n || n >= 1n << 64n ? fault(path, `is ${show(v)}, expected a 64-bit integer`) : n;
}

function checkBool(v: unknown, path: string, fault: Sink): boolean | undefined {
  if (typeof v === 'boolean') return v;
  if (v === 0 || v === 1) return v === 1;
  return fault(path, `is ${show(v)}, expected true or false`);
}

function checkEither(of: readonly ArgSpec[], v: unknown, path: string, fault: Sink): unknown {
  const reasons: string[] = [];
  for (const spec of of) {
    const faults: string[] = [];
    const value = checkValue(spec, v, path, (p, m) => void faults.push(`${p === path ? '' : `${p} `}${m}`));
    if (faults.length === 0) return value;
    reasons.push(...faults);
  }
  return fault(path, reasons.join('; or '));
}

function checkValue(spec: ArgSpec, v: unknown, path: string, fault: Sink): unknown {
  switch (spec.type) {
    case 'int':
      return checkInt(spec, v, path, fault);
    case 'u64':
      return checkU64(v, path, fault);
    case 'bool':
      return checkBool(v, path, fault);
    case 'enum':
      return spec.values.includes(v as string) ? v : fault(path, `is ${show(v)}, expected ${spec.values.join(', ')}`);
    case 'name':
      return typeof v === 'string' && v !== '' ? v : fault(path, `is ${show(v)}, expected the name of ${spec.of}`);
    case 'list':
      if (!Array.isArray(v)) return fault(path, `is ${show(v)}, expected a list`);
      return v.map((item, i) => checkValue(spec.of, item, `${path}[${i}]`, fault));
    case 'object':
      return checkFields(spec.fields, v, path, fault);
    case 'either':
      return checkEither(spec.of, v, path, fault);
  }
}

function nearest(name: string, known: readonly string[]): string {
  const close = known.find(
    (k) => k.startsWith(name) || name.startsWith(k) || k.replaceAll('_', '') === name.replaceAll('_', ''),
  );
  return close === undefined ? `; it takes ${known.join(', ') || 'no arguments'}` : `; did you mean '${close}'?`;
}

function checkFields(fields: Readonly<Record<string, ArgSpec>>, v: unknown, path: string, fault: Sink): unknown {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return fault(path, `is ${show(v)}, expected an object`);
  const join = (key: string): string => (path === '' ? key : `${path}.${key}`);
  const given = v as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(given))
    if (!Object.hasOwn(fields, key)) fault(join(key), `is no argument here${nearest(key, Object.keys(fields))}`);
  const out: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(fields)) {
    const value = given[key] === undefined ? (spec.default as Json | undefined) : given[key];
    if (value === undefined) {
      if (spec.optional !== true) fault(join(key), `is missing: ${spec.doc}`);
    } else out[key] = checkValue(spec, value, join(key), fault);
  }
  return out;
}

/**
 * Checks `given` against `specs`. Unknown arguments are faults; nothing is silently dropped. `together` finds what only shows when all
 * arguments are known.
 */
export function checkArgs(
  specs: Readonly<Record<string, ArgSpec>>,
  given: unknown,
  together?: Vocabulary<never>['checkVm'],
): ArgsChecked {
  const faults: ArgFault[] = [];
  const args = checkFields(specs, given, '', (path, message) => void faults.push({ path, message })) as Args;
  if (faults.length === 0 && together !== undefined) faults.push(...together(args));
  return faults.length === 0 ? { ok: true, args } : { ok: false, faults };
}
