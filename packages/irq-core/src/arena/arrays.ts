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

/** Array of scalars. An index out of range is a model error and throws. */
export class ScalarArrayView implements ScalarArray {
  readonly length: number;
  private readonly _m: Memory;
  private readonly _cells: readonly Cell[];

  constructor(m: Memory, base: number, kind: ScalarKind, length: number) {
    this.length = length;
    this._m = m;
    const stride = cellAt(kind, 0).bytes;
    this._cells = Array.from({ length }, (_, i) => cellAt(kind, base + i * stride));
  }

  get(index: number): number {
    return load(this._m, this._cells[index] as Cell);
  }

  set(index: number, value: number): void {
    store(this._m, this._cells[index] as Cell, value);
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
