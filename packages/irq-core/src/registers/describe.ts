// A register value in words: fields by name, values by name, and what lies in reserved bits.

import { type RegisterMap, type RegisterSpec, rangeOf, spanOf } from './register-map.ts';

/** One field of a value. */
export interface FieldValue {
  readonly field: string;
  readonly value: number;
  /** Name of the value, if the map has one. */
  readonly name: string | null;
}

const mask = (high: number, low: number): bigint => ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);

/** Fields of a value, high bits first; bits outside every field appear as `reserved`. */
export function fieldsOf(spec: RegisterSpec, value: number | bigint): FieldValue[] {
  const v = BigInt(value);
  let rest = v;
  const fields = Object.entries(spec.fields ?? {}).map(([field, range]) => {
    const [high, low] = rangeOf(range);
    rest &= ~mask(high, low);
    const n = Number((v & mask(high, low)) >> BigInt(low));
    return { field, value: n, name: spec.values?.[field]?.[n] ?? null, low };
  });
  const shown = fields.sort((a, b) => b.low - a.low).map(({ field, value: n, name }) => ({ field, value: n, name }));
  return rest === 0n || fields.length === 0
    ? shown
    : [...shown, { field: 'reserved', value: Number(rest), name: null }];
}

/** One line: `0x8051 = level 1, DM Fixed, vector 0x51`. Fields that are zero and have no name are left out. */
export function describeValue(map: RegisterMap, register: string, value: number | bigint): string {
  const spec = map.rows[register];
  if (spec === undefined)
    throw new RangeError(`${map.name} has no register ${register}; it has ${Object.keys(map.rows).join(', ')}`);
  const hex = `0x${BigInt(value).toString(16)}`;
  const parts = fieldsOf(spec, value)
    .filter((f) => f.value !== 0 || f.name !== null)
    .map((f) => `${f.field} ${f.name ?? (f.value > 9 ? `0x${f.value.toString(16)}` : f.value)}`);
  return parts.length === 0 ? hex : `${hex} = ${parts.join(', ')}`;
}

/** Register and element at an offset, null for a hole. */
export function decodeOffset(
  map: RegisterMap,
  offset: number,
): { readonly register: string; readonly index: number } | null {
  for (const [register, r] of Object.entries(map.rows)) {
    const within = offset - r.at;
    const stride = r.per === undefined ? Number.POSITIVE_INFINITY : (r.stride ?? 4);
    if (within < 0 || within >= spanOf(r) || (Number.isFinite(stride) && within % stride >= 4)) continue;
    return { register, index: Number.isFinite(stride) ? Math.floor(within / stride) : 0 };
  }
  return null;
}
