// A state as 64 bits: the sum, in two lanes, of a random number for every atom that differs from the initial state. The same in every process that explores the same model.

import type { Learner } from '../learn/learner.ts';

/** splitmix-style finaliser. */
function mix(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Writes the two lanes of the state under consideration to `out`. */
export type StateHash = (out: Uint32Array) => void;

/** Hash of a learner's states. */
export function createStateHash({ symbols, state }: Learner): StateHash {
  /** Random numbers by atom and symbol, two each. */
  const lanes: number[][] = [];

  function lanesOf(atom: number, symbol: number): number[] {
    lanes[atom] ??= [];
    const known = lanes[atom];
    while (known.length <= symbol * 2) {
      const value = symbols.value(atom, known.length >> 1);
      const low = mix(mix(atom + 1) ^ value);
      known.push(low, mix(low ^ Math.imul(value + 1, 0x9e3779b1) ^ (atom << 16)));
    }
    return known;
  }

  return (out) => {
    let [low, high] = [0, 0];
    for (const atom of symbols.varying) {
      const symbol = state[atom] as number;
      if (symbol === 0) continue;
      const known = lanesOf(atom, symbol);
      low = (low + (known[symbol * 2] as number)) | 0;
      high = (high + (known[symbol * 2 + 1] as number)) | 0;
    }
    out[0] = low;
    out[1] = high;
  };
}
