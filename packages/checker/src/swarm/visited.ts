// What has been visited, without keeping states: 64 bits of each, or a few bits among many.

import type { Visited } from '../compiled/state-hash.ts';

/** Remembers hashes of states, and knows what that is worth. */
export interface Hashes extends Visited {
  /** Bound on the probability that some state was taken for another; null where it cannot be given. */
  omission(): number | null;
  /** Bits per state where states share bits, else null. */
  hashFactor(): number | null;
}

/** Told of every hash that is new. */
export type Note = (low: number, high: number) => void;

/** Tables among which hashes are shared out, so that growing needs room for one of them only. */
const PARTS = 64;
/** Slots of each in the beginning. */
const FEW = 16;
/** How full a table may be before it grows, and at most. */
const [DENSE, FULL] = [0.8, 0.9];

/** Puts a hash into an open table of slots of two words, unless it is there. Its order is that of the low lanes, so growing copies in order. */
function put(into: Int32Array, low: number, high: number): boolean {
  for (let i = ((((low >>> 0) * into.length) / 2 ** 33) | 0) * 2; ; i = i + 2 === into.length ? 0 : i + 2) {
    const [l, h] = [into[i] as number, into[i + 1] as number];
    if (l === low && h === high) return false;
    if (l !== 0 || h !== 0) continue;
    into[i] = low;
    into[i + 1] = high;
    return true;
  }
}

/** Hash compaction (Wolper and Leroy, 1993; Stern and Dill, 1995): 64 bits per state in open tables that grow to at most `maxBytes`. */
export function fingerprints(maxBytes: number, note: Note = () => {}): Hashes {
  const tables = Array.from({ length: PARTS }, () => new Int32Array(FEW * 2));
  const counts = new Int32Array(PARTS);
  let [bytes, count, full] = [PARTS * FEW * 8, 0, false];

  function grow(part: number): void {
    const old = tables[part] as Int32Array;
    const slots = [1.5, 1.25].map((f) => Math.ceil((old.length / 2) * f)).find((n) => bytes + n * 8 <= maxBytes);
    if (slots === undefined) {
      full ||= (counts[part] as number) * 2 > old.length * FULL;
      return;
    }
    const wider = new Int32Array(slots * 2);
    for (let i = 0; i < old.length; i += 2)
      if (old[i] !== 0 || old[i + 1] !== 0) put(wider, old[i] as number, old[i + 1] as number);
    tables[part] = wider;
    bytes += wider.byteLength - old.byteLength;
  }

  return {
    get bytes() {
      return bytes;
    },
    get count() {
      return count;
    },
    get full() {
      return full;
    },
    add(low, high) {
      // The empty slot is zero; a state that hashes to zero stands for another hash.
      const [l, h] = [low | 0, (low | high) === 0 ? 1 : high | 0];
      const part = h >>> 26;
      const table = tables[part] as Int32Array;
      if ((counts[part] as number) * 2 + 2 >= table.length) return true;
      if (!put(table, l, h)) return false;
      count++;
      note(low, high);
      if (++(counts[part] as number) * 2 > table.length * DENSE) grow(part);
      return true;
    },
    omission: () => count ** 2 / 2 ** 65,
    hashFactor: () => null,
  };
}

/** Bits that a state sets. */
const BITS = 3;
/** Words of the field that a state sets its bits in: a line of the cache. */
const LINE = 16;
/** Lines that a field can have at most: 8 GiB. */
const MOST_LINES = 2 ** 27;

/** Supertrace (Holzmann, 1988): three bits per state in a field of fixed size, all in one line of the cache. A state whose bits are all set is taken for a known one. */
export function bitstate(maxBytes: number, seed: number, note: Note = () => {}): Hashes {
  const lines = Math.min(MOST_LINES, Math.max(LINE, Math.floor(maxBytes / (LINE * 4))));
  const field = new Int32Array(lines * LINE);
  const scale = lines / 2 ** 32;
  const salt = Math.imul(seed, 0x9e3779b1);
  let count = 0;
  return {
    bytes: field.byteLength,
    get count() {
      return count;
    },
    full: false,
    add(low, high) {
      let h = Math.imul(low ^ salt ^ (low >>> 16), 0x85ebca6b);
      h ^= h >>> 13;
      const line = (((h >>> 0) * scale) | 0) * LINE;
      let bits = Math.imul(high ^ salt ^ (high >>> 15), 0x2c1b3c6d);
      bits ^= bits >>> 12;
      let fresh = false;
      for (let i = 0; i < BITS; i++, bits >>>= 9) {
        const [at, flag] = [line + ((bits >>> 5) & (LINE - 1)), 1 << (bits & 31)];
        if (((field[at] as number) & flag) !== 0) continue;
        field[at] = (field[at] as number) | flag;
        fresh = true;
      }
      if (!fresh) return false;
      count++;
      note(low, high);
      return true;
    },
    omission: () => null,
    hashFactor: () => (field.length * 32) / Math.max(1, count),
  };
}
