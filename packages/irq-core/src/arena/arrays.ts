// Fixed-length arrays in the arena: of scalars (get/set) and of composites (views bound once, on first use).

import { type Cell, load, store } from './cell.ts';
import type { IntKind, ScalarKind } from './kinds.ts';
import type { Memory } from './memory.ts';
import type { CompositeArray, ScalarArray } from './view-types.ts';

/** The cell of a scalar standing at a byte offset of its own (array element). */
export function cellAt(kind: ScalarKind, offset: number): Cell {
  if (kind.tag === 'int') return { offset, bytes: kind.bytes, shift: 0, width: kind.bytes * 8, be: kind.be };
  const bytes = kind.bits <= 8 ? 1 : kind.bits <= 16 ? 2 : 4;
  return { offset, bytes, shift: 0, width: kind.bits, be: false };
}

function outside(index: number, length: number): never {
  throw new RangeError(`index ${index} is outside 0..${length - 1}`);
}

type Numbers = Uint8Array | Uint16Array | Uint32Array;

/** Whole, host-endian integers: the elements themselves. One class per width, so that each sees one kind of typed array only. */
abstract class DirectArray<N extends Numbers> implements ScalarArray {
  readonly length: number;
  protected readonly _numbers: N;

  constructor(numbers: N) {
    this.length = numbers.length;
    this._numbers = numbers;
  }

  abstract get(index: number): number;
  abstract set(index: number, value: number): void;

  fill(value: number): void {
    this._numbers.fill(value);
  }
}

class Array8 extends DirectArray<Uint8Array> {
  get(index: number): number {
    return this._numbers[index] ?? outside(index, this.length);
  }

  set(index: number, value: number): void {
    if (!(index >= 0 && index < this.length)) outside(index, this.length);
    this._numbers[index] = value;
  }
}

class Array16 extends DirectArray<Uint16Array> {
  get(index: number): number {
    return this._numbers[index] ?? outside(index, this.length);
  }

  set(index: number, value: number): void {
    if (!(index >= 0 && index < this.length)) outside(index, this.length);
    this._numbers[index] = value;
  }
}

class Array32 extends DirectArray<Uint32Array> {
  get(index: number): number {
    return this._numbers[index] ?? outside(index, this.length);
  }

  set(index: number, value: number): void {
    if (!(index >= 0 && index < this.length)) outside(index, this.length);
    this._numbers[index] = value;
  }
}

/** Everything else: bit fields, big-endian words, and all arrays of a recording arena. */
class CellArray implements ScalarArray {
  readonly length: number;
  private readonly _m: Memory;
  private readonly _cells: readonly Cell[];

  constructor(m: Memory, base: number, kind: ScalarKind, length: number) {
    const stride = cellAt(kind, 0).bytes;
    this.length = length;
    this._m = m;
    this._cells = Array.from({ length }, (_, i) => cellAt(kind, base + i * stride));
  }

  get(index: number): number {
    return load(this._m, this._cells[index] ?? outside(index, this.length));
  }

  set(index: number, value: number): void {
    store(this._m, this._cells[index] ?? outside(index, this.length), value);
  }

  fill(value: number): void {
    for (let i = 0; i < this.length; i++) this.set(i, value);
  }
}

const DIRECT: Readonly<Record<IntKind['bytes'], (m: Memory, base: number, length: number) => ScalarArray>> = {
  1: (m, base, length) => new Array8(m.u8.subarray(base, base + length)),
  2: (m, base, length) => new Array16(m.u16.subarray(base >> 1, (base >> 1) + length)),
  4: (m, base, length) => new Array32(m.u32.subarray(base >> 2, (base >> 2) + length)),
};

/** Binds an array of scalars. An index out of range throws. */
export function bindScalars(m: Memory, base: number, kind: ScalarKind, length: number): ScalarArray {
  const plain = m.footprint === null && kind.tag === 'int' && !(kind.be && kind.bytes > 1);
  return plain ? DIRECT[kind.bytes](m, base, length) : new CellArray(m, base, kind, length);
}

/** Array of structs, bitmaps, arrays or pools. */
export class CompositeArrayView<V> implements CompositeArray<V> {
  readonly length: number;
  private readonly _views: (V | undefined)[];
  private readonly _bind: (index: number) => V;

  constructor(length: number, bind: (index: number) => V) {
    this.length = length;
    this._bind = bind;
    this._views = Array.from<V | undefined>({ length });
  }

  at(index: number): V {
    const view = this._views[index];
    return view === undefined ? this.bind(index) : view;
  }

  private bind(index: number): V {
    if (!(index >= 0 && index < this.length)) outside(index, this.length);
    const view = this._bind(index);
    this._views[index] = view;
    return view;
  }
}
