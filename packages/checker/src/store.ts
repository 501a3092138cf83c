// Visited states, exact: packed words in the order of discovery, found again through one open-addressing table of indices.

/** Hash of a packed state of `width` words. */
function hashAt(states: Int32Array, at: number, width: number): number {
  let h = 0x9e3779b1 ^ width;
  for (let i = 0; i < width; i++) {
    h = Math.imul(h ^ (states[at + i] as number), 0x85ebca77);
    h ^= h >>> 15;
  }
  h = Math.imul(h, 0xc2b2ae3d);
  return (h ^ (h >>> 16)) >>> 0;
}

/** States with their parents. State i occupies words [i × width, (i + 1) × width). */
export interface Store {
  readonly width: number;
  readonly count: number;
  readonly states: Int32Array;
  /** Bytes held by the arrays. */
  readonly bytes: number;
  /** Where the next candidate is to be written: `states` index; written there before {@link Store.commit}. */
  readonly next: number;
  /** Enters the candidate at `next` if it is new. Returns its index, or -1 - index if it is known. -0x80000000 if memory is out. */
  commit(parent: number, step: number): number;
  parentOf(index: number): number;
  stepOf(index: number): number;
}

/** Returned by {@link Store.commit} when the memory limit is hit. */
export const OUT_OF_MEMORY = -0x80000000;

const INITIAL = 1 << 12;

/** An empty store for states of `width` words under a limit of `maxBytes` (table, states and parents together). */
export function createStore(width: number, maxBytes: number): Store {
  let capacity = INITIAL;
  let states = new Int32Array((capacity + 1) * width);
  let parents = new Int32Array(capacity);
  let steps = new Uint16Array(capacity);
  let table = new Int32Array(capacity * 2);
  let count = 0;

  const bytesFor = (n: number): number => n * (width * 4 + 4 + 2 + 8);

  function equal(a: number, b: number): boolean {
    for (let i = 0; i < width; i++) if (states[a + i] !== states[b + i]) return false;
    return true;
  }

  function slotOf(at: number): number {
    const mask = table.length - 1;
    let slot = hashAt(states, at, width) & mask;
    for (;;) {
      const entry = table[slot] as number;
      if (entry === 0 || equal((entry - 1) * width, at)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  function grow(): boolean {
    // While growing, old and new arrays live side by side.
    if (bytesFor(capacity * 3) > maxBytes) return false;
    capacity *= 2;
    const grown = new Int32Array((capacity + 1) * width);
    grown.set(states);
    states = grown;
    const p = new Int32Array(capacity);
    p.set(parents);
    parents = p;
    const s = new Uint16Array(capacity);
    s.set(steps);
    steps = s;
    table = new Int32Array(capacity * 2);
    for (let i = 0; i < count; i++) table[slotOf(i * width)] = i + 1;
    return true;
  }

  return {
    width,
    get count() {
      return count;
    },
    get states() {
      return states;
    },
    get bytes() {
      return bytesFor(capacity);
    },
    get next() {
      return count * width;
    },
    commit(parent, step) {
      const slot = slotOf(count * width);
      const entry = table[slot] as number;
      if (entry !== 0) return -entry;
      table[slot] = count + 1;
      parents[count] = parent;
      steps[count] = step;
      const index = count++;
      if (count === capacity && !grow()) return OUT_OF_MEMORY;
      return index;
    },
    parentOf: (index) => parents[index] as number,
    stepOf: (index) => steps[index] as number,
  };
}
