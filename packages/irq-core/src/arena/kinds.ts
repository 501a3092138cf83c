// The vocabulary in which a backend declares its state: every kind has a fixed size, so a machine is one flat buffer.

/** Unsigned integer of whole bytes. `be` stores the bytes most significant first, as POWER tables in guest memory are. */
export interface IntKind {
  readonly tag: 'int';
  readonly bytes: 1 | 2 | 4;
  readonly be: boolean;
}
/** Unsigned field of 1–32 bits, packed with its neighbours; never straddles a 32-bit word. */
export interface BitsKind {
  readonly tag: 'bits';
  readonly bits: number;
}
/** 64-bit register kept as two u32: `fooLo`, `fooHi` for speed, `foo` as bigint at the edge. */
export interface U64Kind {
  readonly tag: 'u64';
  readonly be: boolean;
}
/** Set of small integers 0..bits-1 (IRR, ISR, vCPU masks, free slots). */
export interface BitmapKind {
  readonly tag: 'bitmap';
  readonly bits: number;
}
/** Fixed-length array of any kind. */
export interface ArrayKind<K extends Kind = Kind> {
  readonly tag: 'array';
  readonly of: K;
  readonly length: number;
}
/** Named fields in declaration order. */
export interface StructKind<F extends Fields = Fields> {
  readonly tag: 'struct';
  readonly name: string;
  readonly fields: F;
}
/** Slots with a free list and a generation counter each: a handle kept after `free` no longer matches. */
export interface PoolKind<F extends Fields = Fields> {
  readonly tag: 'pool';
  readonly of: StructKind<F>;
  readonly length: number;
}

export type ScalarKind = IntKind | BitsKind;
export type Fields = { readonly [name: string]: Kind };
export type Kind =
  | IntKind
  | BitsKind
  | U64Kind
  | BitmapKind
  | { readonly tag: 'array'; readonly of: Kind; readonly length: number }
  | { readonly tag: 'struct'; readonly name: string; readonly fields: Fields }
  | { readonly tag: 'pool'; readonly of: StructKind; readonly length: number };

const int = (bytes: 1 | 2 | 4, be = false): IntKind => ({ tag: 'int', bytes, be });

/** 8-bit unsigned integer. */
export const u8 = int(1);
/** 16-bit unsigned integer. */
export const u16 = int(2);
/** 32-bit unsigned integer. */
export const u32 = int(4);
/** Big-endian 16-bit word. */
export const be16 = int(2, true);
/** Big-endian 32-bit word (XIVE END, EQ and NVT words). */
export const be32 = int(4, true);
/** 64-bit register: accessors `x` (bigint), `xLo`, `xHi` (u32). */
export const u64: U64Kind = { tag: 'u64', be: false };
/** Big-endian 64-bit register. */
export const be64: U64Kind = { tag: 'u64', be: true };
/** One bit. */
export const u1: BitsKind = { tag: 'bits', bits: 1 };
/** Handle of a pool slot: index + 1 in bits 9:0, generation in bits 15:10; 0 is "none". */
export const handle = u16;

/** Unsigned field of `n` bits, 1–32. */
export function bits(n: number): BitsKind {
  if (!Number.isInteger(n) || n < 1 || n > 32) throw new RangeError(`bits(${n}): a field has 1 to 32 bits`);
  return { tag: 'bits', bits: n };
}

/** Set of the integers 0..n-1. */
export function bitmap(n: number): BitmapKind {
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`bitmap(${n}): needs at least one bit`);
  return { tag: 'bitmap', bits: n };
}

/** `length` elements of one kind. */
export function array<const K extends Kind>(of: K, length: number): ArrayKind<K> {
  if (!Number.isInteger(length) || length < 0) throw new RangeError(`array(…, ${length}): length is a count`);
  return { tag: 'array', of, length };
}

/** Named fields. Names starting with `_` are reserved for the views. */
export function struct<const F extends Fields>(name: string, fields: F): StructKind<F> {
  for (const field of Object.keys(fields))
    if (!/^[A-Za-z][A-Za-z0-9]*$/.test(field)) throw new RangeError(`struct ${name}: '${field}' is no field name`);
  return { tag: 'struct', name, fields };
}

/** The most slots a pool can have: a handle keeps index + 1 in ten bits. */
export const MAX_POOL = 1023;

/** `length` slots of a struct, allocated and freed at run time. */
export function pool<const F extends Fields>(of: StructKind<F>, length: number): PoolKind<F> {
  if (!Number.isInteger(length) || length < 1 || length > MAX_POOL)
    throw new RangeError(`pool(${of.name}, ${length}): 1 to ${MAX_POOL} slots`);
  return { tag: 'pool', of, length };
}
