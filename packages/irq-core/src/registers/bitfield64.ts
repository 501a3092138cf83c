// Typed fields of a 64-bit value kept as two words: a redirection entry, an IRTE's half, a list register, a table entry.

import { type Placed, placeFields } from './bitfield.ts';
import { ones } from './geometry.ts';
import type { FieldSpec } from './register-map.ts';

/** A 64-bit value as two unsigned words. */
export interface Words {
  lo: number;
  hi: number;
}

/** Fields of a 64-bit value. Nothing allocates but `pack` and `unpack`. */
export interface Bitfield64<F extends string> {
  /** Field of a value. */
  get(lo: number, hi: number, field: F): number;
  /** Low word with the part of a field that lies in it replaced; unchanged if none does. */
  setLo(lo: number, field: F, to: number): number;
  /** High word with the part of a field that lies in it replaced; unchanged if none does. */
  setHi(hi: number, field: F, to: number): number;
  /** A value from its fields, all others zero. */
  pack(fields: Readonly<Partial<Record<F, number>>>): Words;
  /** All fields of a value. */
  unpack(lo: number, hi: number): Record<F, number>;
}

/** Widest field that a number holds exactly. */
const EXACT = 53;
const TWO_32 = 2 ** 32;

/** The parts of a field in the two words; `loBits` is also how far a value is shifted for its high part. */
interface Split {
  readonly loAt: number;
  readonly loBits: number;
  readonly hiAt: number;
  readonly hiBits: number;
}

function split({ low, bits }: Placed): Split {
  const loBits = Math.max(0, Math.min(32, low + bits) - low);
  return { loAt: low & 31, loBits, hiAt: loBits > 0 ? 0 : low - 32, hiBits: bits - loBits };
}

const replace = (word: number, at: number, bits: number, to: number): number =>
  bits === 0 ? word >>> 0 : ((word & ~(ones(bits) << at)) | ((to & ones(bits)) << at)) >>> 0;

/**
 * Declares the fields of a 64-bit value. Throws RangeError when they overlap, exceed 64 bits, cross bit 32 without being listed in
 * `straddle` (or the other way round), or are wider than 53 bits.
 */
export function bitfield64<const S extends Readonly<Record<string, FieldSpec>>>(
  spec: S,
  options: { readonly straddle?: readonly (keyof S & string)[] } = {},
): Bitfield64<keyof S & string> {
  type F = keyof S & string;
  const straddle: ReadonlySet<string> = new Set(options.straddle ?? []);
  const fields = new Map<string, Split>();
  for (const [name, placed] of placeFields(spec, 64)) {
    const parts = split(placed);
    if (placed.bits > EXACT) throw new RangeError(`field ${name}: ${placed.bits} bits, a number holds ${EXACT}`);
    if ((parts.loBits > 0 && parts.hiBits > 0) !== straddle.has(name))
      throw new RangeError(`field ${name} ${straddle.has(name) ? 'does not cross' : 'crosses'} bit 32`);
    fields.set(name, parts);
  }

  const stray = [...straddle].find((name) => !fields.has(name));
  if (stray !== undefined) throw new RangeError(`field ${stray} in straddle is not declared`);

  function at(field: string): Split {
    const parts = fields.get(field);
    if (parts === undefined) throw new RangeError(`no field ${field}; there are ${[...fields.keys()].join(', ')}`);
    return parts;
  }

  const b: Bitfield64<F> = {
    get(lo, hi, field) {
      const { loAt, loBits, hiAt, hiBits } = at(field);
      const low = loBits === 0 ? 0 : ((lo >>> loAt) & ones(loBits)) >>> 0;
      return hiBits === 0 ? low : (((hi >>> hiAt) & ones(hiBits)) >>> 0) * 2 ** loBits + low;
    },
    setLo(lo, field, to) {
      const { loAt, loBits } = at(field);
      return replace(lo, loAt, loBits, to % TWO_32);
    },
    setHi(hi, field, to) {
      const { loBits, hiAt, hiBits } = at(field);
      return replace(hi, hiAt, hiBits, Math.floor(to / 2 ** loBits) % TWO_32);
    },
    pack(given) {
      const words = { lo: 0, hi: 0 };
      for (const [field, to] of Object.entries(given) as [F, number][]) {
        words.lo = b.setLo(words.lo, field, to);
        words.hi = b.setHi(words.hi, field, to);
      }
      return words;
    },
    unpack: (lo, hi) =>
      Object.fromEntries([...fields.keys()].map((f) => [f, b.get(lo, hi, f as F)])) as Record<F, number>,
  };
  return b;
}
