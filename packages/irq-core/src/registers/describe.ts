// A register value in words: fields by name, values by name, and what lies in reserved bits.

import { rangeOf, rowOf } from './geometry.ts';
import type { RegisterMap, RegisterSpec } from './register-map.ts';

/** One field of a value. */
export interface FieldValue {
  readonly field: string;
  /** BigInt only where a number would lose bits: above 2^53. */
  readonly value: number | bigint;
  /** Name of the value, if the map has one. */
  readonly name: string | null;
}

const mask = (high: number, low: number): bigint => ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
const narrow = (value: bigint): number | bigint => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value);
/** Bit operations make negative numbers of words with bit 31 set. */
const unsigned = (value: number | bigint): bigint =>
  typeof value === 'bigint' ? BigInt.asUintN(64, value) : BigInt(value < 0 ? value >>> 0 : value);

function nameOf(spec: RegisterSpec, field: string, value: number | bigint): string | null {
  const names = spec.values?.[field];
  const key = String(value);
  return names !== undefined && Object.hasOwn(names, key) ? ((names as Record<string, string>)[key] ?? null) : null;
}

/** Fields of a value, high bits first; bits set outside every field appear as `reserved`. */
export function fieldsOf(spec: RegisterSpec, value: number | bigint): FieldValue[] {
  const v = unsigned(value);
  const fields = Object.entries(spec.fields ?? {}).map(([field, f]) => ({ field, range: rangeOf(f) }));
  if (fields.length === 0) return [];
  let rest = v;
  const shown = fields
    .sort((a, b) => b.range[0] - a.range[0])
    .map(({ field, range: [high, low] }): FieldValue => {
      rest &= ~mask(high, low);
      const n = narrow((v & mask(high, low)) >> BigInt(low));
      return { field, value: n, name: nameOf(spec, field, n) };
    });
  return rest === 0n ? shown : [...shown, { field: 'reserved', value: narrow(rest), name: null }];
}

/** Fields of a register's value, as {@link fieldsOf}. Throws RangeError for a name that is no register of the map. */
export const describe = (map: RegisterMap, register: string, value: number | bigint): FieldValue[] =>
  fieldsOf(rowOf(map, register), value);

/** One line: `0x8051 = level 1, DM Fixed, vector 0x51`. Fields that are zero and have no name are left out. */
export function describeValue(map: RegisterMap, register: string, value: number | bigint): string {
  const hex = `0x${unsigned(value).toString(16)}`;
  const parts = describe(map, register, value)
    .filter((f) => f.name !== null || (f.value !== 0 && f.value !== 0n))
    .map((f) => `${f.field} ${f.name ?? (f.value > 9 ? `0x${f.value.toString(16)}` : f.value)}`);
  return parts.length === 0 ? hex : `${hex} = ${parts.join(', ')}`;
}
