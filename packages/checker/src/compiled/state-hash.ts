// A state as 64 bits: the sum, in two lanes, of a random number for every atom that differs from the initial state (Zobrist, 1970).
// It does not depend on how states are packed, so it is the same in every process that explores the same model.

import type { Knowledge } from '../learn/knowledge.ts';
import type { Field, Packing } from '../learn/packing.ts';
import { type Group, grouped, spanOf } from './images.ts';

/** splitmix-style finaliser. */
function mix(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

/** Random numbers of an atom that has a value, two lanes. */
function lanesOf(atom: number, value: number): readonly [low: number, high: number] {
  const low = mix(mix(atom + 1) ^ value);
  return [low, mix(low ^ Math.imul(value + 1, 0x9e3779b1) ^ (atom << 16))];
}

/** Where known states are remembered by their hash. */
export interface Visited {
  readonly bytes: number;
  /** Hashes that were new. */
  readonly count: number;
  /** No room for more: what is not there already counts as new and is not kept. */
  readonly full: boolean;
  /** Notes a hash; true if it is new. */
  add(low: number, high: number): boolean;
}

function hashTable({ learner: { symbols } }: Knowledge, fields: readonly Field[]): Int32Array {
  const first = fields[0] as Field;
  const table = new Int32Array(2 ** spanOf(fields) * 2);
  for (let entry = 0; entry < table.length / 2; entry++)
    for (const f of fields) {
      const symbol = (entry >>> (f.shift - first.shift)) & f.mask;
      if (symbol === 0 || symbol >= symbols.count(f.atom)) continue;
      const [low, high] = lanesOf(f.atom, symbols.value(f.atom, symbol));
      table[entry * 2] = (table[entry * 2] as number) + low;
      table[entry * 2 + 1] = (table[entry * 2 + 1] as number) + high;
    }
  return table;
}

/** Lookups for every field of a packing; what they add up to is the hash. */
export const hashGroups = (knowledge: Knowledge, packing: Packing): Group[] =>
  grouped(packing.fields).map((fields) => {
    const { word, shift } = fields[0] as Field;
    return { word, shift, bits: spanOf(fields), table: hashTable(knowledge, fields) };
  });
