// Typed fields of a 32-bit value that is no MMIO register: an MSI address, half a redirection entry, a table entry's word.

import { ones, rangeOf } from './geometry.ts';
import type { FieldSpec } from './register-map.ts';

/** Fields of a 32-bit value. */
export interface Bitfield<F extends string> {
  /** Field of a value. */
  get(value: number, field: F): number;
  /** The value with one field replaced; bits beyond the field's width are cut off. */
  set(value: number, field: F, to: number): number;
  /** A value from its fields, all others zero. */
  pack(fields: Readonly<Partial<Record<F, number>>>): number;
  /** All fields of a value. */
  unpack(value: number): Record<F, number>;
}

/** A declared field: its lowest bit and its width. */
export interface Placed {
  readonly low: number;
  readonly bits: number;
}

/** Checks fields against a width. Throws RangeError when they overlap or do not fit. */
export function placeFields(spec: Readonly<Record<string, FieldSpec>>, width: number): Map<string, Placed> {
  const fields = new Map<string, Placed>();
  let taken = 0n;
  for (const [name, range] of Object.entries(spec)) {
    const [high, low] = rangeOf(range);
    const fits = Number.isInteger(high) && Number.isInteger(low) && high >= low && low >= 0 && high < width;
    if (!fits) throw new RangeError(`field ${name}: bits ${high}:${low} do not fit ${width} bits`);
    const mask = ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
    if ((taken & mask) !== 0n) throw new RangeError(`field ${name} overlaps another`);
    taken |= mask;
    fields.set(name, { low, bits: high - low + 1 });
  }
  return fields;
}

/** Declares the fields. Throws RangeError when they overlap or exceed 32 bits. */
export function bitfield<const S extends Readonly<Record<string, FieldSpec>>>(spec: S): Bitfield<keyof S & string> {
  type F = keyof S & string;
  const fields = placeFields(spec, 32) as Map<F, Placed>;

  function at(field: F): Placed {
    const placed = fields.get(field);
    if (placed === undefined) throw new RangeError(`no field ${field}; there are ${[...fields.keys()].join(', ')}`);
    return placed;
  }

  const b: Bitfield<F> = {
    get(value, field) {
      const { low, bits } = at(field);
      return ((value >>> low) & ones(bits)) >>> 0;
    },
    set(value, field, to) {
      const { low, bits } = at(field);
      const mask = ones(bits);
      return ((value & ~(mask << low)) | ((to & mask) << low)) >>> 0;
    },
    pack: (given) =>
      (Object.entries(given) as [F, number][]).reduce((value, [field, to]) => b.set(value, field, to), 0),
    unpack: (value) => Object.fromEntries([...fields.keys()].map((f) => [f, b.get(value, f)])) as Record<F, number>,
  };
  return b;
}
