// A set of small integers in arena words: IRR, ISR, vCPU masks, pins.

import { noteRead, noteWrite } from './footprint.ts';
import type { Memory } from './memory.ts';
import type { Bitmap } from './view-types.ts';

/** Bitmap of `size` bits over the words at byte offset `base`. */
export class BitmapView implements Bitmap {
  readonly size: number;
  private readonly _32: Uint32Array;
  private readonly _word: number;
  private readonly _words: number;
  private readonly _m: Memory;

  constructor(m: Memory, base: number, size: number) {
    this.size = size;
    this._m = m;
    this._32 = m.u32;
    this._word = base >> 2;
    this._words = Math.ceil(size / 32);
  }

  private noteWord(index: number): void {
    const f = this._m.footprint;
    if (f !== null) noteRead(f, (this._word + index) * 4, 0, 32);
  }

  private noteMember(record: typeof noteRead, bit: number): void {
    const f = this._m.footprint;
    if (f !== null) record(f, (this._word + (bit >> 5)) * 4, bit & 31, 1);
  }

  has(bit: number): boolean {
    if (this._m.footprint !== null) this.noteMember(noteRead, bit);
    return (((this._32[this._word + (bit >> 5)] as number) >>> (bit & 31)) & 1) !== 0;
  }

  add(bit: number): void {
    if (this._m.footprint !== null) this.noteMember(noteWrite, bit);
    const i = this._word + (bit >> 5);
    this._32[i] = (this._32[i] as number) | (1 << (bit & 31));
  }

  delete(bit: number): void {
    if (this._m.footprint !== null) this.noteMember(noteWrite, bit);
    const i = this._word + (bit >> 5);
    this._32[i] = (this._32[i] as number) & ~(1 << (bit & 31));
  }

  put(bit: number, on: boolean | number): void {
    if (on) this.add(bit);
    else this.delete(bit);
  }

  clear(): void {
    for (let i = 0; i < this._words; i++) this.setWord(i, 0);
  }

  isEmpty(): boolean {
    for (let i = 0; i < this._words; i++) if (this.word(i) !== 0) return false;
    return true;
  }

  count(): number {
    let n = 0;
    for (let i = 0; i < this._words; i++) for (let w = this.word(i); w !== 0; w &= w - 1) n++;
    return n;
  }

  highest(): number {
    if (this._m.footprint === null) return this.highestPlain();
    for (let i = this._words - 1; i >= 0; i--) {
      const w = this.word(i);
      if (w !== 0) return i * 32 + 31 - Math.clz32(w);
    }
    return -1;
  }

  /** The same without the record of what was read: the hot path of every priority decision. */
  private highestPlain(): number {
    const words = this._32;
    for (let i = this._word + this._words - 1; i >= this._word; i--) {
      const w = words[i] as number;
      if (w !== 0) return (i - this._word) * 32 + 31 - Math.clz32(w);
    }
    return -1;
  }

  lowest(): number {
    return this.next(0);
  }

  next(from: number): number {
    if (from >= this.size) return -1;
    let i = from >> 5;
    let w = this.word(i) & (-1 << (from & 31));
    while (w === 0) {
      if (++i >= this._words) return -1;
      w = this.word(i);
    }
    return i * 32 + 31 - Math.clz32(w & -w);
  }

  word(index: number): number {
    if (this._m.footprint !== null) this.noteWord(index);
    return this._32[this._word + index] as number;
  }

  setWord(index: number, value: number): void {
    const f = this._m.footprint;
    if (f !== null) noteWrite(f, (this._word + index) * 4, 0, 32);
    this._32[this._word + index] = value;
  }

  list(): number[] {
    const members: number[] = [];
    for (let b = this.next(0); b >= 0; b = this.next(b + 1)) members.push(b);
    return members;
  }
}
