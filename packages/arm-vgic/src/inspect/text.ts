// How numbers and flags look in the lines of `virq inspect`: hexadecimal without prefix, a letter per flag that is set.

/** A number in hexadecimal, with leading zeros. */
export const hex = (value: number, digits = 0): string => value.toString(16).padStart(digits, '0');

/** A letter for each flag that is set, `-` for the others. */
export const letters = (pairs: readonly (readonly [number | boolean, string])[]): string =>
  pairs.map(([set, letter]) => (Number(set) === 0 ? '-' : letter)).join('');

/** Names of what is set, `-` for nothing. */
export function names(pairs: readonly (readonly [number | boolean, string])[]): string {
  const set = pairs.filter(([is]) => Number(is) !== 0).map(([, name]) => name);
  return set.length === 0 ? '-' : set.join(' ');
}

/** An address of which the state has two halves. */
export const address = (hi: number, lo: number): string => `@${hi === 0 ? hex(lo, 8) : hex(hi) + hex(lo, 8)}`;

/** Affinity of a vCPU as Aff2.Aff1.Aff0. */
export const affinity = (mpidr: number): string =>
  [16, 8, 0].map((shift) => String((mpidr >>> shift) & 0xff)).join('.');
