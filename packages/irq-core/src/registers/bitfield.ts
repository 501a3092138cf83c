// Typed fields of a value that is no MMIO register: a redirection entry, an MSI message, a table entry.

import { type FieldSpec, rangeOf } from './register-map.ts';

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

/** Declares the fields. Throws RangeError when they overlap or exceed 32 bits. */
export function bitfield<const S extends Readonly<Record<string, FieldSpec>>>(spec: S): Bitfield<keyof S & string> {
  type F = keyof S & string;
  const fields = new Map<string, readonly [low: number, mask: number]>();
  let taken = 0;
  for (const [name, range] of Object.entries(spec)) {
    const [high, low] = rangeOf(range);
    if (!(high >= low && low >= 0 && high < 32))
      throw new RangeError(`field ${name}: bits ${high}:${low} do not fit 32 bits`);
    const mask = high - low === 31 ? 0xffffffff : (1 << (high - low + 1)) - 1;
    if ((taken & (mask << low)) !== 0) throw new RangeError(`field ${name} overlaps another`);
    taken |= mask << low;
    fields.set(name, [low, mask]);
  }
  const at = (field: F): readonly [number, number] => fields.get(field) as readonly [number, number];
  const b: Bitfield<F> = {
    get(value, field) {
      const [low, mask] = at(field);
      return ((value >>> low) & mask) >>> 0;
    },
    set(value, field, to) {
      const [low, mask] = at(field);
      return ((value & ~(mask << low)) | ((to & mask) << low)) >>> 0;
    },
    pack: (given) =>
      (Object.entries(given) as [F, number][]).reduce((value, [field, to]) => b.set(value, field, to), 0),
    unpack: (value) =>
      Object.fromEntries([...fields.keys()].map((f) => [f, b.get(value, f as F)])) as Record<F, number>,
  };
  return b;
}
