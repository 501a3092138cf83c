// Arguments of recorded operations: numbers as numbers or "0x…" strings, with the defaults of the vocabulary.

import type { Json } from '@virq/irq-core/machine';
import type { Op } from './oracle.ts';

/** An integer argument up to 2^53. */
export function num(op: Readonly<Record<string, Json>>, key: string, otherwise = 0): number {
  const value = op[key];
  return value === undefined || value === null ? otherwise : Number(value);
}

/** A 64-bit argument. */
export const u64 = (value: Json | undefined): bigint =>
  typeof value === 'string' || typeof value === 'number' ? BigInt(value) : 0n;

/** A yes or no. */
export const flag = (op: Readonly<Record<string, Json>>, key: string, otherwise: boolean): boolean => {
  const value = op[key];
  return value === undefined ? otherwise : value === true || value === 1;
};

/** A list of integers; undefined when it is not given. */
export const numbers = (op: Op, key: string): number[] | undefined => {
  const value = op[key];
  return Array.isArray(value) ? value.map(Number) : undefined;
};

/** A list of objects. */
export const objects = (op: Op, key: string): Readonly<Record<string, Json>>[] =>
  (op[key] ?? []) as unknown as Readonly<Record<string, Json>>[];

/** As the recordings print numbers. */
export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** A redirection entry: the 64-bit value, or its named fields. */
export function redirection(value: Json | undefined): bigint {
  if (typeof value !== 'object' || value === null) return u64(value);
  const f = value as Readonly<Record<string, Json>>;
  const at = (key: string, shift: number): number => num(f, key) * 2 ** shift;
  const low = at('vec', 0) + at('dm', 8) + at('logical', 11) + at('pol', 13) + at('level', 15) + at('mask', 16);
  return (BigInt(num(f, 'dest')) << 56n) | BigInt(low);
}
