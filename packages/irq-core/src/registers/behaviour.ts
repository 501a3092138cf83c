// What a block does, keyed by its map: guest columns (read, write) apart from save and restore, because KVM's differ.

import { geometryOf } from './geometry.ts';
import type { RegisterSpec } from './register-map.ts';

/** Reads a register word. `half` is 1 for the high word of a 64-bit register, else 0. The result is taken as an unsigned word. */
export type ReadColumn<C> = (c: C, index: number, half: number) => number;
/** Stores a register word. */
export type WriteColumn<C> = (c: C, value: number, index: number, half: number) => void;

/** What a `field` can name: a number, a `u64` (as `xLo`, `xHi`), an array (`get`, `set`) or, for one-bit elements, a bitmap (`has`, `put`). */
type Bindable =
  | number
  | bigint
  | { get(index: number): number; set(index: number, value: number): void }
  | { has(index: number): boolean; put(index: number, on: boolean | number): void };

/** Properties of a context that a row can be bound to. */
export type FieldOf<C> = { [K in keyof C & string]: C[K] extends Bindable ? K : never }[keyof C & string];

/** Behaviour of one row over a context `C`. `index` is the element of an array register, 0 otherwise. Values are unsigned words. */
export interface RowBehaviour<C> {
  /** Where the value is kept in the context; default for both `read` and `write`. */
  readonly field?: FieldOf<C>;
  /** Present value. Without it and `field`: the map's reset value. */
  readonly read?: ReadColumn<C>;
  /** Stores a whole new value; access class and writable mask have been applied. Without it and `field`: writes ignored. */
  readonly write?: WriteColumn<C>;
  /** Userspace save; default the value `read` gives, whatever the access class. */
  readonly save?: ReadColumn<C>;
  /** Userspace restore; default: the value goes to `write` without masking. */
  readonly restore?: WriteColumn<C>;
}

/** Behaviours by row name; a name that is no row does not compile. */
export type Behaviours<C, R extends string> = { readonly [K in R]?: RowBehaviour<C> };

/** The four columns of a row with every default filled in. A null column ignores what is stored. */
export interface Columns<C> {
  readonly read: ReadColumn<C>;
  readonly write: WriteColumn<C> | null;
  readonly save: ReadColumn<C>;
  readonly restore: WriteColumn<C> | null;
}

type Accessors = { readonly read: ReadColumn<unknown>; readonly write: WriteColumn<unknown> };
type Words = Record<string, number>;
type Arrays = Record<string, { get(i: number): number; set(i: number, value: number): void }>;
type Bitmaps = Record<string, { has(i: number): boolean; put(i: number, on: number): void }>;

/** Accessors of a bound property; the row's shape says which of the four kinds it is. The only place where the context is untyped. */
function bind(field: string, r: RegisterSpec): Accessors {
  const { bits } = geometryOf(r);
  if (r.per !== undefined && bits === 64)
    throw new RangeError(`${field}: arrays of 64-bit elements take read and write`);
  if (r.per !== undefined && bits === 1)
    return {
      read: (c, i) => Number((c as Bitmaps)[field]?.has(i)),
      write: (c, value, i) => (c as Bitmaps)[field]?.put(i, value),
    };
  if (r.per !== undefined)
    return {
      read: (c, i) => (c as Arrays)[field]?.get(i) as number,
      write: (c, value, i) => (c as Arrays)[field]?.set(i, value),
    };
  const low = bits === 64 ? `${field}Lo` : field;
  return {
    read: (c, _i, half) => (c as Words)[half === 0 ? low : `${field}Hi`] as number,
    write(c, value, _i, half) {
      (c as Words)[half === 0 ? low : `${field}Hi`] = value;
    },
  };
}

/** Fills in the defaults of a row. Throws RangeError when the row cannot be bound to the field. */
export function columnsOf<C>(r: RegisterSpec, behaviour: RowBehaviour<C> = {}): Columns<C> {
  const bound = behaviour.field === undefined ? null : bind(behaviour.field, r);
  const reset = r.reset ?? 0;
  const resetHigh = r.resetHigh ?? 0;
  const read = behaviour.read ?? bound?.read ?? ((_c, _i, half) => (half === 0 ? reset : resetHigh));
  const write = behaviour.write ?? bound?.write ?? null;
  return { read, write, save: behaviour.save ?? read, restore: behaviour.restore ?? write };
}
