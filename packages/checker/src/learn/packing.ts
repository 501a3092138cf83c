// How a state is stored: the symbols of the atoms that vary, in as few 32-bit words as they need. No field straddles a word.

import type { Symbols } from './symbols.ts';

/** Where the symbol of one atom lies. */
export interface Field {
  readonly atom: number;
  readonly word: number;
  readonly shift: number;
  readonly mask: number;
}

/** A packing. Bit 31 of word 0 is always set, so that an all-zero word 0 marks a free slot of the table. */
export interface Packing {
  /** Words per state, at least 1. */
  readonly width: number;
  readonly bits: number;
  readonly fields: readonly Field[];
  /** Field of an atom, undefined if it does not vary. */
  of(atom: number): Field | undefined;
  /** True if every symbol known now has room. */
  fits(): boolean;
  pack(state: Uint16Array, out: Int32Array, at: number): void;
  /** Writes the symbols of all fields; atoms without a field are left alone (they are 0). */
  unpack(from: Int32Array, at: number, state: Uint16Array): void;
}

const bitsFor = (count: number): number => 32 - Math.clz32(count - 1);

function placeAll(symbols: Symbols): { fields: Field[]; width: number; bits: number } {
  const wanted = symbols.varying.map((atom) => ({ atom, bits: bitsFor(symbols.count(atom)) }));
  wanted.sort((a, b) => b.bits - a.bits);
  const used: number[] = [0];
  const room = (word: number): number => (word === 0 ? 31 : 32) - (used[word] as number);
  const fields = wanted.map(({ atom, bits }) => {
    let word = 0;
    while (word < used.length && room(word) < bits) word++;
    if (word === used.length) used.push(0);
    const shift = used[word] as number;
    used[word] = shift + bits;
    return { atom, word, shift, mask: (1 << bits) - 1 };
  });
  return { fields, width: used.length, bits: used.reduce((a, b) => a + b, 0) };
}

/** Packing for the symbols known now. */
export function createPacking(symbols: Symbols): Packing {
  const { fields, width, bits } = placeAll(symbols);
  const byAtom = new Map(fields.map((f) => [f.atom, f]));
  return {
    width,
    bits,
    fields,
    of: (atom) => byAtom.get(atom),
    fits: () => symbols.varying.length === fields.length && fields.every((f) => symbols.count(f.atom) <= f.mask + 1),
    pack(state, out, at) {
      for (let w = 0; w < width; w++) out[at + w] = w === 0 ? 1 << 31 : 0;
      for (const f of fields) out[at + f.word] = (out[at + f.word] as number) | ((state[f.atom] as number) << f.shift);
    },
    unpack(from, at, state) {
      for (const f of fields) state[f.atom] = ((from[at + f.word] as number) >>> f.shift) & f.mask;
    },
  };
}
