// What has been visited, without keeping states: 64 bits of each, or a few bits among many.

/** Remembers hashes of states. */
export interface Visited {
  readonly bytes: number;
  /** Notes a hash; true if it is new. */
  add(low: number, high: number): boolean;
  /** No room for more; what is not there already counts as new and is not kept. */
  readonly full: boolean;
  /** Bound on the probability that some state was taken for another; null where it cannot be given. */
  omission(states: number): number | null;
}

/** Hash compaction (Wolper and Leroy, 1993; Stern and Dill, 1995): 64 bits per state in an open table that grows to at most `maxBytes`. */
export function fingerprints(maxBytes: number): Visited {
  let table = new Uint32Array(1 << 11);
  let count = 0;
  let full = false;

  function insert(into: Uint32Array, low: number, high: number): boolean {
    const mask = into.length / 2 - 1;
    for (let i = (low ^ (low >>> 15)) & mask; ; i = (i + 1) & mask) {
      const [l, h] = [into[i * 2] as number, into[i * 2 + 1] as number];
      if (l === low && h === high) return false;
      if (l !== 0 || h !== 0) continue;
      into[i * 2] = low;
      into[i * 2 + 1] = high;
      return true;
    }
  }

  function grow(): void {
    if (table.byteLength * 2 > maxBytes) {
      full = count * 8 > table.byteLength * 0.9;
      return;
    }
    const wider = new Uint32Array(table.length * 2);
    for (let i = 0; i < table.length; i += 2)
      if (table[i] !== 0 || table[i + 1] !== 0) insert(wider, table[i] as number, table[i + 1] as number);
    table = wider;
  }

  return {
    get bytes() {
      return table.byteLength;
    },
    get full() {
      return full;
    },
    add(low, high) {
      // The empty slot is zero; the one state that hashes to zero stands for another hash.
      const fresh = insert(table, low >>> 0, high === 0 && low === 0 ? 1 : high >>> 0);
      if (fresh && ++count * 8 > table.byteLength * 0.7) grow();
      return fresh;
    },
    omission: (n) => (n * n) / 2 ** 65,
  };
}

/** Bits that a state sets. */
const BITS = 3;

/** Supertrace (Holzmann, 1988): three bits per state in a field of fixed size. A state whose bits are all set is taken for a known one. */
export function bitstate(bytes: number, seed: number): Visited {
  const log = Math.max(13, Math.floor(Math.log2(bytes * 8)));
  const field = new Uint32Array(2 ** (log - 5));
  const mask = 2 ** log - 1;
  return {
    bytes: field.byteLength,
    full: false,
    add(low, high) {
      let fresh = false;
      const step = Math.imul(high ^ seed, 0x9e3779b1) | 1;
      let at = Math.imul(low ^ seed, 0x85ebca6b) >>> 0;
      for (let i = 0; i < BITS; i++) {
        const bit = ((at ^ (at >>> 16)) & mask) >>> 0;
        const flag = 1 << (bit & 31);
        if (((field[bit >>> 5] as number) & flag) === 0) {
          field[bit >>> 5] = (field[bit >>> 5] as number) | flag;
          fresh = true;
        }
        at = (at + step) >>> 0;
      }
      return fresh;
    },
    omission: () => null,
  };
}
