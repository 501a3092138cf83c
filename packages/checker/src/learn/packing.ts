// How a state is stored: the symbols of the atoms that vary, in as few 32-bit words as they need. No field straddles a word.

import type { Atom, Atoms } from './atoms.ts';
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

/** A field before it has a place. */
interface Wanted {
  readonly atom: number;
  bits: number;
  /** Bits that every value of the atom fits. */
  readonly most: number;
}

/** First fit, widest first. */
function place(wanted: readonly Wanted[]): { fields: Field[]; width: number; bits: number } {
  const used: number[] = [0];
  const room = (word: number): number => (word === 0 ? 31 : 32) - (used[word] as number);
  const fields = [...wanted]
    .sort((a, b) => b.bits - a.bits)
    .map(({ atom, bits }) => {
      let word = 0;
      while (word < used.length && room(word) < bits) word++;
      if (word === used.length) used.push(0);
      const shift = used[word] as number;
      used[word] = shift + bits;
      return { atom, word, shift, mask: 2 ** bits - 1 };
    });
  return { fields, width: used.length, bits: used.reduce((a, b) => a + b, 0) };
}

/** Places all fields; those that have grown before get a spare bit each, as long as no word more is needed, so that packing anew is rare. */
function placeAll(symbols: Symbols, atoms: Atoms): ReturnType<typeof place> {
  const wanted = symbols.varying.map((atom) => ({
    atom,
    bits: bitsFor(symbols.count(atom)),
    most: 32 - Math.clz32((atoms.list[atom] as Atom).mask),
  }));
  const { width } = place(wanted);
  for (const w of wanted) {
    if (symbols.count(w.atom) < 3 || w.bits >= Math.min(w.most, 16)) continue;
    w.bits++;
    if (place(wanted).width > width) w.bits--;
  }
  return place(wanted);
}

/** Packing for the symbols known now. */
export function createPacking({ symbols, atoms }: { readonly symbols: Symbols; readonly atoms: Atoms }): Packing {
  const { fields, width, bits } = placeAll(symbols, atoms);
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
