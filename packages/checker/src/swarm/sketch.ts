// How many different states several shards have seen together, from 1 KiB each: HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, 2007).

const LOG = 10;
const SIZE = 1 << LOG;

/** Registers, one small number each. */
export type Sketch = readonly number[];

/** Notes hashes. */
export interface Counter {
  add(low: number, high: number): void;
  sketch(): Sketch;
}

/** An empty counter. */
export function createCounter(): Counter {
  const registers = new Uint8Array(SIZE);
  return {
    add(low, high) {
      const at = low & (SIZE - 1);
      const rank = Math.clz32(high) + 1;
      if (rank > (registers[at] as number)) registers[at] = rank;
    },
    sketch: () => [...registers],
  };
}

/** Sketch of everything that any of them saw. */
export const union = (sketches: readonly Sketch[]): Sketch =>
  Array.from({ length: SIZE }, (_, i) => Math.max(0, ...sketches.map((s) => s[i] ?? 0)));

/** Number of different hashes, within about 3 %. */
export function estimate(sketch: Sketch): number {
  const sum = sketch.reduce((total, rank) => total + 2 ** -rank, 0);
  const raw = ((0.7213 / (1 + 1.079 / SIZE)) * SIZE * SIZE) / sum;
  const empty = sketch.filter((rank) => rank === 0).length;
  return Math.round(raw <= 2.5 * SIZE && empty > 0 ? SIZE * Math.log(SIZE / empty) : raw);
}
