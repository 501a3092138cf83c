// Slots that come and go: free list by lowest index, a generation per slot so that a use after free is seen, not guessed.

import { bindBitmap } from './bitmap.ts';
import { noteRead, noteWrite } from './footprint.ts';
import type { Memory } from './memory.ts';
import { poolHeader } from './placement.ts';
import type { Bitmap, Pool } from './view-types.ts';

const INDEX_BITS = 10;
const INDEX = (1 << INDEX_BITS) - 1;
const GENERATIONS = 64;

/** Index of the slot a handle names, -1 for the null handle. */
export const slotOf = (handle: number): number => (handle & INDEX) - 1;

/** What a pool needs to know of itself. */
export interface PoolShape<V> {
  readonly name: string;
  readonly base: number;
  readonly length: number;
  readonly slotSize: number;
  readonly bind: (offset: number) => V;
}

/** View of a pool. */
export class PoolView<V> implements Pool<V> {
  readonly length: number;
  private readonly _m: Memory;
  private readonly _shape: PoolShape<V>;
  private readonly _inUse: Bitmap;
  private readonly _slots: number;
  private readonly _views: (V | undefined)[];
  /** Generations, where nothing is recorded. */
  private readonly _generations: Uint8Array | null;

  constructor(m: Memory, shape: PoolShape<V>) {
    const header = poolHeader(shape.length);
    this.length = shape.length;
    this._m = m;
    this._shape = shape;
    this._inUse = bindBitmap(m, shape.base + header.inUse, shape.length);
    this._slots = shape.base + header.slots;
    this._generations = m.footprint === null ? m.u8.subarray(shape.base, shape.base + shape.length) : null;
    this._views = Array.from<V | undefined>({ length: shape.length });
  }

  private generation(index: number): number {
    const offset = this._shape.base + index;
    if (this._m.footprint !== null) noteRead(this._m.footprint, offset, 0, 8);
    return this._m.u8[offset] as number;
  }

  private setGeneration(index: number, value: number): void {
    const offset = this._shape.base + index;
    if (this._m.footprint !== null) noteWrite(this._m.footprint, offset, 0, 8);
    this._m.u8[offset] = value;
  }

  private zero(index: number): void {
    const start = this._slots + index * this._shape.slotSize;
    const end = start + this._shape.slotSize;
    if (this._m.footprint !== null) for (let b = start; b < end; b++) noteWrite(this._m.footprint, b, 0, 8);
    this._m.u8.fill(0, start, end);
  }

  alloc(): number {
    for (let i = 0; i < this.length; i++) {
      if (this._inUse.has(i)) continue;
      this._inUse.add(i);
      this.zero(i);
      return this.handleOf(i);
    }
    return 0;
  }

  free(handle: number): void {
    if (!this.isLive(handle)) return this._m.onStale(this._shape.name, handle);
    const index = slotOf(handle);
    this._inUse.delete(index);
    this.setGeneration(index, (this.generation(index) + 1) % GENERATIONS);
    this.zero(index);
  }

  at(handle: number): V {
    if (!this.isLive(handle)) this._m.onStale(this._shape.name, handle);
    return this.slot(slotOf(handle));
  }

  isLive(handle: number): boolean {
    const index = slotOf(handle);
    if (this._generations !== null) return this._generations[index] === handle >> INDEX_BITS && this._inUse.has(index);
    return (
      index >= 0 && index < this.length && this._inUse.has(index) && this.generation(index) === handle >> INDEX_BITS
    );
  }

  slot(index: number): V {
    const view = this._views[index];
    return view === undefined ? this.bind(index) : view;
  }

  private bind(index: number): V {
    if (!(index >= 0 && index < this.length))
      throw new RangeError(`pool ${this._shape.name}: slot ${index} is outside 0..${this.length - 1}`);
    const view = this._shape.bind(this._slots + index * this._shape.slotSize);
    this._views[index] = view;
    return view;
  }

  handleOf(index: number): number {
    return this._inUse.has(index) ? (this.generation(index) << INDEX_BITS) | (index + 1) : 0;
  }

  next(from: number): number {
    return this._inUse.next(from);
  }

  count(): number {
    return this._inUse.count();
  }
}
