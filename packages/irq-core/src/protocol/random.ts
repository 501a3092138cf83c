// Seeded randomness: xorshift-multiply generator of 32-bit numbers (mulberry32). Same seed, same sequence, on every engine.

/** Source of numbers that depends on its seed only. */
export interface Random {
  /** Uniform 32-bit unsigned integer. */
  next(): number;
  /** Uniform integer 0 ≤ n < below (below ≥ 1). */
  below(below: number): number;
}

/** Generator for a 32-bit seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return { next, below: (below) => Math.floor((next() / 0x1_0000_0000) * below) };
}
