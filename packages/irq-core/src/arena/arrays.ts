// Fixed-length arrays in the arena: of scalars (get/set) and of composites (views bound once, on first use).

import { type Cell, load, store } from './cell.ts';
import type { ScalarKind } from './kinds.ts';
import type { Memory } from './memory.ts';
import type { CompositeArray, ScalarArray } from './view-types.ts';

/** The cell of a scalar standing at a byte offset of its own (array element). */
export function cellAt(kind: ScalarKind, offset: number): Cell {
  if (kind.tag === 'int') return { offset, bytes: kind.bytes, shift: 0, width: kind.bytes * 8, be: kind.be };
  const bytes = kind.bits <= 8 ? 1 : kind.bits <= 16 ? 2 : 4;
  return { offset, bytes, shift: 0, width: kind.bits, be: false };
}

type Numbers = Uint8Array | Uint16Array | Uint32Array;

/** The typed array through which whole, host-endian integers can be reached directly; null when a cell is needed. */
function direct(m: Memory, kind: ScalarKind): Numbers | null {
  if (m.footprint !== null || kind.tag !== 'int' || (kind.be && kind.bytes > 1)) return null;
  return kind.bytes === 1 ? m.u8 : kind.bytes === 2 ? m.u16 : m.u32;
}

/** Array of scalars. An index out of range throws. */
export class ScalarArrayView implements ScalarArray {
  readonly length: number;
  private readonly _m: Memory;
  private readonly _numbers: Numbers | null;
  private readonly _first: number;
  private readonly _cells: readonly Cell[];

  constructor(m: Memory, base: number, kind: ScalarKind, length: number) {
    this.length = length;
    this._m = m;
    const stride = cellAt(kind, 0).bytes;
    this._numbers = direct(m, kind);
    this._first = base / stride;
    this._cells = this._numbers === null ? Array.from({ length }, (_, i) => cellAt(kind, base + i * stride)) : [];
  }

  private check(index: number): void {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`index ${index} is outside 0..${this.length - 1}`);
  }

  get(index: number): number {
    this.check(index);
    if (this._numbers !== null) return this._numbers[this._first + index] as number;
    return load(this._m, this._cells[index] as Cell);
  }

  set(index: number, value: number): void {
    this.check(index);
    if (this._numbers !== null) this._numbers[this._first + index] = value;
    else store(this._m, this._cells[index] as Cell, value);
  }

  fill(value: number): void {
    for (let i = 0; i < this.length; i++) this.set(i, value);
  }
}

/** Array of structs, bitmaps, arrays or pools. */
export class CompositeArrayView<V> implements CompositeArray<V> {
  readonly length: number;
  private readonly _views: (V | undefined)[];
  private readonly _bind: (index: number) => V;

  constructor(length: number, bind: (index: number) => V) {
    this.length = length;
    this._bind = bind;
    this._views = new Array<V | undefined>(length).fill(undefined);
  }

  at(index: number): V {
    const known = this._views[index];
    if (known !== undefined) return known;
    if (!(index >= 0 && index < this.length)) throw new RangeError(`index ${index} is outside 0..${this.length - 1}`);
    const view = this._bind(index);
    this._views[index] = view;
    return view;
  }
}
