// Where the elements of a row lie: units of a word (or of 8 bytes for 64-bit elements), `stride` bytes apart.

import type { FieldSpec, RegisterSpec } from './register-map.ts';

/** Layout of a row in its block. A plain register is one unit of one element. */
export interface Geometry {
  /** Bits of one element. */
  readonly bits: number;
  readonly count: number;
  /** Bytes of one unit: the register's own, a word of packed elements, or 8. */
  readonly unitBytes: number;
  /** Elements in a unit. */
  readonly perUnit: number;
  readonly units: number;
  /** Bytes from one unit to the next. */
  readonly stride: number;
}

/** Layout of a row. Missing `bits` and `count` are taken as one 32-bit element. */
export function geometryOf(r: RegisterSpec): Geometry {
  const bits = (r.per === undefined ? r.width : r.bits) ?? 32;
  const count = r.per === undefined ? 1 : (r.count ?? 1);
  const unitBytes = r.per === undefined ? bits / 8 : Math.max(4, bits / 8);
  const perUnit = (unitBytes * 8) / bits;
  return { bits, count, unitBytes, perUnit, units: Math.ceil(count / perUnit), stride: r.stride ?? unitBytes };
}

/** Bytes a row spans in the block, gaps between strided units included. */
export function spanOf(r: RegisterSpec): number {
  const { units, stride, unitBytes } = geometryOf(r);
  return (units - 1) * stride + unitBytes;
}

/** [high, low] of a field. */
export const rangeOf = (f: FieldSpec): readonly [number, number] => (typeof f === 'number' ? [f, f] : f);

/** The lowest `bits` bits, as an unsigned word; 32 and more give all ones. */
export const ones = (bits: number): number => (bits >= 32 ? 0xffffffff : (1 << bits) - 1);

/** A row by name, own rows only. Throws RangeError naming block and rows. */
export function rowOf(
  map: { readonly name: string; readonly rows: Readonly<Record<string, RegisterSpec>> },
  register: string,
): RegisterSpec {
  const spec = Object.hasOwn(map.rows, register) ? map.rows[register] : undefined;
  if (spec === undefined)
    throw new RangeError(`${map.name} has no register ${register}; it has ${Object.keys(map.rows).join(', ')}`);
  return spec;
}
