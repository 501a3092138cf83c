// A set of small integers in arena words: IRR, ISR, vCPU masks, pins. Shift counts are taken modulo 32, as the language does.

import { noteRead, noteWrite } from './footprint.ts';
import type { Memory } from './memory.ts';
import type { Bitmap } from './view-types.ts';

/** Bitmap of `size` bits over the words at byte offset `base`. */
export class BitmapView implements Bitmap {
  readonly size: number;
  protected readonly _words: Uint32Array;

  constructor(m: Memory, base: number, size: number) {
    this.size = size;
    this._words = m.u32.subarray(base >> 2, (base >> 2) + Math.ceil(size / 32));
  }

  has(bit: number): boolean {
    return (((this._words[bit >> 5] as number) >>> bit) & 1) !== 0;
  }

  add(bit: number): void {
    (this._words[bit >> 5] as number) |= 1 << bit;
  }

  delete(bit: number): void {
    (this._words[bit >> 5] as number) &= ~(1 << bit);
  }

  put(bit: number, on: boolean | number): void {
    if (on) this.add(bit);
    else this.delete(bit);
  }

  clear(): void {
    for (let i = 0; i < this._words.length; i++) this.setWord(i, 0);
  }

  isEmpty(): boolean {
    for (let i = 0; i < this._words.length; i++) if (this.word(i) !== 0) return false;
    return true;
  }

  count(): number {
    let n = 0;
    for (let i = 0; i < this._words.length; i++) for (let w = this.word(i); w !== 0; w &= w - 1) n++;
    return n;
  }

  highest(): number {
    for (let i = this._words.length - 1; i >= 0; i--) {
      const w = this.word(i);
      if (w !== 0) return i * 32 + 31 - Math.clz32(w);
    }
    return -1;
  }

  lowest(): number {
    return this.next(0);
  }

  next(from: number): number {
    if (from >= this.size) return -1;
    let i = from >> 5;
    let w = this.word(i) & (-1 << from);
    while (w === 0) {
      if (++i >= this._words.length) return -1;
      w = this.word(i);
    }
    return i * 32 + 31 - Math.clz32(w & -w);
  }

  word(index: number): number {
    return this._words[index] as number;
  }

  setWord(index: number, value: number): void {
    this._words[index] = value;
  }

  list(): number[] {
    const members: number[] = [];
    for (let b = this.next(0); b >= 0; b = this.next(b + 1)) members.push(b);
    return members;
  }
}

/** A set of 256 vectors: priority decisions ask for its highest member all the time. */
class VectorSetView extends BitmapView {
  override highest(): number {
    const w = this._words;
    const high = w[7] !== 0 ? 7 : w[6] !== 0 ? 6 : w[5] !== 0 ? 5 : 4;
    const low = w[3] !== 0 ? 3 : w[2] !== 0 ? 2 : w[1] !== 0 ? 1 : 0;
    const i = w[high] !== 0 ? high : low;
    const bits = w[i] as number;
    return bits === 0 ? -1 : i * 32 + 31 - Math.clz32(bits);
  }
}

/** The same, noting every bit and word that is touched. */
class RecordingBitmapView extends BitmapView {
  private readonly _m: Memory;
  private readonly _word: number;

  constructor(m: Memory, base: number, size: number) {
    super(m, base, size);
    this._m = m;
    this._word = base >> 2;
  }

  private note(record: typeof noteRead, index: number, shift: number, width: number): void {
    if (this._m.footprint !== null) record(this._m.footprint, (this._word + index) * 4, shift, width);
  }

  override has(bit: number): boolean {
    this.note(noteRead, bit >> 5, bit & 31, 1);
    return super.has(bit);
  }

  override add(bit: number): void {
    this.note(noteWrite, bit >> 5, bit & 31, 1);
    super.add(bit);
  }

  override delete(bit: number): void {
    this.note(noteWrite, bit >> 5, bit & 31, 1);
    super.delete(bit);
  }

  override word(index: number): number {
    this.note(noteRead, index, 0, 32);
    return super.word(index);
  }

  override setWord(index: number, value: number): void {
    this.note(noteWrite, index, 0, 32);
    super.setWord(index, value);
  }
}

/** The view that a memory asks for: recording ones only where something records. */
export function bindBitmap(m: Memory, base: number, size: number): BitmapView {
  if (m.footprint !== null) return new RecordingBitmapView(m, base, size);
  return size === 256 ? new VectorSetView(m, base, size) : new BitmapView(m, base, size);
}
