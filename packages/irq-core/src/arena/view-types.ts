// The TypeScript type of a view, derived from the declared layout.

import type { ArrayKind, Fields, Kind, PoolKind, ScalarKind, StructKind, U64Kind } from './kinds.ts';

/** Set of small integers over a bitmap. All methods take 0 ≤ bit < size; nothing allocates but `list`. */
export interface Bitmap {
  readonly size: number;
  has(bit: number): boolean;
  add(bit: number): void;
  delete(bit: number): void;
  /** Sets or clears one bit. */
  put(bit: number, on: boolean | number): void;
  clear(): void;
  isEmpty(): boolean;
  count(): number;
  /** Highest member, -1 if empty. */
  highest(): number;
  /** Lowest member, -1 if empty. */
  lowest(): number;
  /** Lowest member ≥ from, -1 if none: `for (let b = s.next(0); b >= 0; b = s.next(b + 1))`. */
  next(from: number): number;
  /** The 32 bits starting at 32 × index. */
  word(index: number): number;
  setWord(index: number, value: number): void;
  list(): number[];
}

/** Array of scalars. */
export interface ScalarArray {
  readonly length: number;
  get(index: number): number;
  set(index: number, value: number): void;
  fill(value: number): void;
}

/** Array of structs or other composites; `at` always returns the same bound view for an index. */
export interface CompositeArray<V> {
  readonly length: number;
  at(index: number): V;
}

/** Slots with generation counters. A handle is index + 1 in bits 9:0 and the slot's generation in bits 15:10; 0 is "none". */
export interface Pool<V> {
  readonly length: number;
  /** Takes the lowest free slot, zeroed, and returns its handle; 0 when all are in use. */
  alloc(): number;
  /** Frees the slot; the generation moves on, so remaining handles turn stale. Freeing a stale handle is reported like a use. */
  free(handle: number): void;
  /** The slot behind a live handle. A stale handle is reported to the arena's stale handler, then the slot is returned as it is. */
  at(handle: number): V;
  /** True if the handle names a slot in use of the same generation. */
  isLive(handle: number): boolean;
  /** Slot by index 0..length-1, in use or not. */
  slot(index: number): V;
  /** Handle of the slot at an index if it is in use, 0 otherwise. */
  handleOf(index: number): number;
  /** Lowest index ≥ from in use, -1 if none. */
  next(from: number): number;
  count(): number;
}

/** View of a kind standing alone. */
export type ViewOf<K extends Kind> = K extends ScalarKind
  ? number
  : K extends { readonly tag: 'bitmap' }
    ? Bitmap
    : K extends ArrayKind<infer E>
      ? E extends ScalarKind
        ? ScalarArray
        : CompositeArray<ViewOf<E>>
      : K extends PoolKind<infer F>
        ? Pool<StructView<F>>
        : K extends StructKind<infer F>
          ? StructView<F>
          : never;

type Simplify<T> = { [K in keyof T]: T[K] };

/** View of a struct: scalars are read and written as properties, composites are bound views, `u64 x` is `x`, `xLo`, `xHi`. */
export type StructView<F extends Fields> = Simplify<
  { -readonly [K in keyof F as F[K] extends ScalarKind ? K : never]: number } & {
    -readonly [K in keyof F as F[K] extends U64Kind ? K : never]: bigint;
  } & { -readonly [K in keyof F & string as F[K] extends U64Kind ? `${K}Lo` | `${K}Hi` : never]: number } & {
    readonly [K in keyof F as F[K] extends ScalarKind | U64Kind ? never : K]: ViewOf<F[K]>;
  }
>;

/** View type of a declared struct: `type Pin = View<typeof Pin>`. */
export type View<K extends StructKind> = K extends StructKind<infer F> ? StructView<F> : never;
