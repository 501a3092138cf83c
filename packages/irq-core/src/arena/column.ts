// One field of all structs of an array, by index: what a hot path over many elements uses instead of a view per element.

import type { ViewBase } from './accessors.ts';
import { type Cell, load, maskOf, store } from './cell.ts';
import type { Fields, ScalarKind, StructKind, U64Kind } from './kinds.ts';
import type { Memory } from './memory.ts';
import { type Placement, place } from './placement.ts';
import type { CompositeArray, StructView } from './view-types.ts';

/** A field by the index of its struct. Indices are not checked: one beyond the array reads nothing that belongs to another field. */
export interface Column {
  get(index: number): number;
  set(index: number, value: number): void;
}

/** The scalar fields of a struct as columns; of a `u64 x` the halves `xLo` and `xHi`. */
export type Columns<F extends Fields> = {
  readonly [K in keyof F as F[K] extends ScalarKind ? K : never]: Column;
} & { readonly [K in keyof F & string as F[K] extends U64Kind ? `${K}Lo` | `${K}Hi` : never]: Column };

type Numbers = Uint8Array | Uint16Array | Uint32Array;

/** Whole, host-endian integers. One class per width, so that each sees one kind of typed array only. */
abstract class WholeColumn<N extends Numbers> implements Column {
  protected readonly _numbers: N;
  protected readonly _stride: number;

  constructor(numbers: N, stride: number) {
    this._numbers = numbers;
    this._stride = stride;
  }

  abstract get(index: number): number;
  abstract set(index: number, value: number): void;
}

class Column8 extends WholeColumn<Uint8Array> {
  get(index: number): number {
    return this._numbers[index * this._stride] as number;
  }

  set(index: number, value: number): void {
    this._numbers[index * this._stride] = value;
  }
}

class Column16 extends WholeColumn<Uint16Array> {
  get(index: number): number {
    return this._numbers[index * this._stride] as number;
  }

  set(index: number, value: number): void {
    this._numbers[index * this._stride] = value;
  }
}

class Column32 extends WholeColumn<Uint32Array> {
  get(index: number): number {
    return this._numbers[index * this._stride] as number;
  }

  set(index: number, value: number): void {
    this._numbers[index * this._stride] = value;
  }
}

/** Bits within bytes: most flags. */
class BitsColumn8 extends WholeColumn<Uint8Array> {
  private readonly _shift: number;
  private readonly _mask: number;

  constructor(numbers: Uint8Array, stride: number, { shift, width }: Placement) {
    super(numbers, stride);
    this._shift = shift;
    this._mask = maskOf(width);
  }

  get(index: number): number {
    return ((this._numbers[index * this._stride] as number) >> this._shift) & this._mask;
  }

  set(index: number, value: number): void {
    const at = index * this._stride;
    this._numbers[at] =
      ((this._numbers[at] as number) & ~(this._mask << this._shift)) | ((value & this._mask) << this._shift);
  }
}

/** Bits within half words. */
class BitsColumn16 extends WholeColumn<Uint16Array> {
  private readonly _shift: number;
  private readonly _mask: number;

  constructor(numbers: Uint16Array, stride: number, { shift, width }: Placement) {
    super(numbers, stride);
    this._shift = shift;
    this._mask = maskOf(width);
  }

  get(index: number): number {
    return ((this._numbers[index * this._stride] as number) >> this._shift) & this._mask;
  }

  set(index: number, value: number): void {
    const at = index * this._stride;
    this._numbers[at] =
      ((this._numbers[at] as number) & ~(this._mask << this._shift)) | ((value & this._mask) << this._shift);
  }
}

/** Bits within words. */
class BitsColumn32 extends WholeColumn<Uint32Array> {
  private readonly _shift: number;
  private readonly _mask: number;

  constructor(numbers: Uint32Array, stride: number, { shift, width }: Placement) {
    super(numbers, stride);
    this._shift = shift;
    this._mask = maskOf(width);
  }

  get(index: number): number {
    return (((this._numbers[index * this._stride] as number) >>> this._shift) & this._mask) >>> 0;
  }

  set(index: number, value: number): void {
    const at = index * this._stride;
    this._numbers[at] =
      ((this._numbers[at] as number) & ~(this._mask << this._shift)) | ((value & this._mask) << this._shift);
  }
}

/** Everything else: odd places, and all columns of a recording arena. */
class CellColumn implements Column {
  private readonly _m: Memory;
  private readonly _cellOf: (index: number) => Cell;
  private readonly _cells: Cell[] = [];

  constructor(m: Memory, cellOf: (index: number) => Cell) {
    this._m = m;
    this._cellOf = cellOf;
  }

  get(index: number): number {
    return load(this._m, this.cell(index));
  }

  set(index: number, value: number): void {
    store(this._m, this.cell(index), value);
  }

  private cell(index: number): Cell {
    const known = this._cells[index];
    if (known !== undefined) return known;
    const made = this._cellOf(index);
    this._cells[index] = made;
    return made;
  }
}

/** The columns of an array without elements: there is nothing to ask them for. */
const NOWHERE: Column = {
  get: (index) => outside(index),
  set: (index) => outside(index),
};

function outside(index: number): never {
  throw new RangeError(`element ${index} of an array without elements`);
}

/** Where the structs lie. */
interface Rows {
  readonly m: Memory;
  readonly first: number;
  readonly stride: number;
  readonly length: number;
}

function direct({ m, first, stride, length }: Rows, p: Placement): Column | null {
  const at = first + p.offset;
  const from = at / p.bytes;
  const step = stride / p.bytes;
  if (m.footprint !== null || !Number.isInteger(from) || !Number.isInteger(step)) return null;
  const to = from + (length - 1) * step + 1;
  const whole = p.width === p.bytes * 8;
  if (p.bytes === 1) {
    const numbers = m.u8.subarray(from, to);
    return whole ? new Column8(numbers, step) : new BitsColumn8(numbers, step, p);
  }
  if (p.bytes === 2) {
    const numbers = m.u16.subarray(from, to);
    return whole ? new Column16(numbers, step) : new BitsColumn16(numbers, step, p);
  }
  const numbers = m.u32.subarray(from, to);
  return whole ? new Column32(numbers, step) : new BitsColumn32(numbers, step, p);
}

function columnOf(rows: Rows, p: Placement): Column {
  const be = p.kind.tag === 'int' && p.kind.be && p.bytes > 1;
  const cell = (i: number): Cell => ({ ...p, offset: rows.first + i * rows.stride + p.offset, be });
  return (be ? null : direct(rows, p)) ?? new CellColumn(rows.m, cell);
}

/** A property that is made when it is first asked for. */
function lazily(all: object, name: string, make: () => Column): void {
  const get = (): Column => {
    const value = make();
    Object.defineProperty(all, name, { value });
    return value;
  };
  Object.defineProperty(all, name, { get, configurable: true, enumerable: true });
}

/** The halves of a u64, low one first. */
function halvesOf(p: Placement): readonly (readonly [string, Placement])[] {
  const be = p.kind.tag === 'u64' && p.kind.be;
  const half = (offset: number): Placement => ({
    ...p,
    kind: { tag: 'int', bytes: 4, be },
    offset,
    bytes: 4,
    width: 32,
  });
  return [
    [`${p.name}Lo`, half(p.offset + (be ? 4 : 0))],
    [`${p.name}Hi`, half(p.offset + (be ? 0 : 4))],
  ];
}

/**
 * The scalar fields of the structs of an array as columns, each made when it is first asked for. `pick` names a struct within each element: a thread's OS ring. Made once, at the
 * creation of what uses them; every column is an object of its own, and the engine knows where it lies.
 */
export function columns<F extends Fields, V = StructView<F>>(
  kind: StructKind<F>,
  array: CompositeArray<V>,
  pick: (element: V) => object = (element) => element as object,
): Columns<F> {
  const at = (i: number): ViewBase => pick(array.at(i)) as ViewBase;
  const { length } = array;
  const rowsOf = (): Rows => {
    const first = at(0)._at;
    return { m: at(0)._m, first, stride: length > 1 ? at(1)._at - first : 0, length };
  };
  const rows = length === 0 ? null : rowsOf();
  const make = (p: Placement): Column => (rows === null ? NOWHERE : columnOf(rows, p));
  const all = {};
  for (const p of place(kind as StructKind).fields) {
    if (p.kind.tag === 'int' || p.kind.tag === 'bits') lazily(all, p.name, () => make(p));
    if (p.kind.tag === 'u64') for (const [name, half] of halvesOf(p)) lazily(all, name, () => make(half));
  }
  return all as Columns<F>;
}

/** Whether several fields of a struct have given values, in one look. */
export interface Pattern {
  holds(index: number): boolean;
}

class WordPattern implements Pattern {
  private readonly _words: Uint32Array;
  private readonly _stride: number;
  private readonly _mask: number;
  private readonly _value: number;

  constructor(words: Uint32Array, stride: number, [mask, value]: readonly [number, number]) {
    this._words = words;
    this._stride = stride;
    this._mask = mask;
    this._value = value;
  }

  holds(index: number): boolean {
    return ((this._words[index * this._stride] as number) & this._mask) === this._value;
  }
}

/**
 * The question whether fields of the structs of an array have given values. Fields that lie in one word are asked in one look; in a
 * recording arena each is read.
 */
export function pattern<F extends Fields>(
  kind: StructKind<F>,
  array: CompositeArray<StructView<F>>,
  values: Readonly<Partial<Record<keyof Columns<F>, number>>>,
): Pattern {
  const wanted = Object.entries(values) as [string, number][];
  const all = columns(kind, array) as Readonly<Record<string, Column>>;
  const each: Pattern = { holds: (index) => wanted.every(([name, value]) => all[name]?.get(index) === value) };
  const first = array.at(0) as unknown as ViewBase;
  const places = wanted.map(([name]) => place(kind as StructKind).fields.find((p) => p.name === name) as Placement);
  const word = (p: Placement): number => (first._at + p.offset) >> 2;
  const [at] = places.map(word);
  if (at === undefined || first._m.footprint !== null || places.some((p) => word(p) !== at)) return each;
  const shift = (p: Placement): number => ((first._at + p.offset) & 3) * 8 + p.shift;
  const mask = places.reduce((bits, p) => bits | (maskOf(p.width) << shift(p)), 0);
  const value = places.reduce((bits, p, i) => bits | ((wanted[i]?.[1] ?? 0) << shift(p)), 0);
  const stride = array.length > 1 ? ((array.at(1) as unknown as ViewBase)._at - first._at) >> 2 : 0;
  return new WordPattern(first._m.u32.subarray(at, at + (array.length - 1) * stride + 1), stride, [mask, value]);
}

/** Several fields of a struct get given values, in one write. */
export interface Assignment {
  apply(index: number): void;
}

class ByteAssignment implements Assignment {
  private readonly _bytes: Uint8Array;
  private readonly _stride: number;
  private readonly _keep: number;
  private readonly _value: number;

  constructor(bytes: Uint8Array, stride: number, [mask, value]: readonly [number, number]) {
    this._bytes = bytes;
    this._stride = stride;
    this._keep = ~mask;
    this._value = value;
  }

  apply(index: number): void {
    const at = index * this._stride;
    this._bytes[at] = ((this._bytes[at] as number) & this._keep) | this._value;
  }
}

/** Sets fields of the structs of an array to values that fit. Fields within one byte are written at once; in a recording arena each is written. */
export function assignment<F extends Fields>(
  kind: StructKind<F>,
  array: CompositeArray<StructView<F>>,
  values: Readonly<Partial<Record<keyof Columns<F>, number>>>,
): Assignment {
  const wanted = Object.entries(values) as [string, number][];
  const all = columns(kind, array) as Readonly<Record<string, Column>>;
  const each: Assignment = {
    apply(index) {
      for (const [name, value] of wanted) all[name]?.set(index, value);
    },
  };
  const first = array.at(0) as unknown as ViewBase;
  const places = wanted.map(([name]) => place(kind as StructKind).fields.find((p) => p.name === name) as Placement);
  const at = places[0]?.offset;
  if (at === undefined || first._m.footprint !== null || places.some((p) => p.bytes !== 1 || p.offset !== at))
    return each;
  const mask = places.reduce((bits, p) => bits | (maskOf(p.width) << p.shift), 0);
  const value = places.reduce((bits, p, i) => bits | ((wanted[i]?.[1] ?? 0) << p.shift), 0);
  const stride = array.length > 1 ? (array.at(1) as unknown as ViewBase)._at - first._at : 0;
  return new ByteAssignment(first._m.u8.subarray(first._at + at), stride, [mask, value]);
}
