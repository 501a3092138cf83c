// The values each atom was ever seen to take, numbered in order of appearance: an atom with one value needs no bits in a stored state.

/** Numbering of values, per atom. Symbol 0 is the initial value. */
export interface Symbols {
  /** Number of a value; a new one gets the next number. */
  of(atom: number, value: number): number;
  value(atom: number, symbol: number): number;
  /** Values seen, at least 1. */
  count(atom: number): number;
  /** Atoms with more than one value, in order of their second one. */
  readonly varying: readonly number[];
}

/** Starts with the initial value of every atom. */
export function createSymbols(initial: readonly number[]): Symbols {
  const values: number[][] = initial.map((v) => [v]);
  const varying: number[] = [];
  return {
    varying,
    count: (atom) => (values[atom] as number[]).length,
    value: (atom, symbol) => (values[atom] as number[])[symbol] as number,
    of(atom, value) {
      const known = values[atom] as number[];
      const symbol = known.indexOf(value);
      if (symbol >= 0) return symbol;
      if (known.length === 1) varying.push(atom);
      return known.push(value) - 1;
    },
  };
}
