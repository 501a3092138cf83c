// Property accessors of struct views, generated from the placement of each field. Plain ones for runs, recording ones for check.

import { maskOf, swap16, swap32 } from './cell.ts';
import { noteRead, noteWrite } from './footprint.ts';
import type { Memory } from './memory.ts';

/** What every struct view carries; the leading underscore keeps the names clear of declared fields. */
export interface ViewBase {
  readonly _8: Uint8Array;
  readonly _16: Uint16Array;
  readonly _32: Uint32Array;
  readonly _m: Memory;
  /** Byte offset of the struct. */
  readonly _at: number;
}

/** A scalar inside a struct, offsets relative to the struct. */
export interface ScalarPlace {
  readonly offset: number;
  readonly bytes: 1 | 2 | 4;
  readonly shift: number;
  readonly width: number;
  readonly be: boolean;
}

interface Accessor {
  get(this: ViewBase): number;
  set(this: ViewBase, value: number): void;
}

const WHOLE: Readonly<Record<1 | 2 | 4, (k: number) => Accessor>> = {
  1: (k) => ({
    get() {
      return this._8[k] as number;
    },
    set(v) {
      this._8[k] = v;
    },
  }),
  2: (k) => ({
    get() {
      return this._16[k] as number;
    },
    set(v) {
      this._16[k] = v;
    },
  }),
  4: (k) => ({
    get() {
      return this._32[k] as number;
    },
    set(v) {
      this._32[k] = v;
    },
  }),
};

const FIELD: Readonly<Record<1 | 2 | 4, (k: number, s: number, m: number) => Accessor>> = {
  1: (k, s, m) => ({
    get() {
      return ((this._8[k] as number) >> s) & m;
    },
    set(v) {
      this._8[k] = ((this._8[k] as number) & ~(m << s)) | ((v & m) << s);
    },
  }),
  2: (k, s, m) => ({
    get() {
      return ((this._16[k] as number) >> s) & m;
    },
    set(v) {
      this._16[k] = ((this._16[k] as number) & ~(m << s)) | ((v & m) << s);
    },
  }),
  4: (k, s, m) => ({
    get() {
      return (((this._32[k] as number) >>> s) & m) >>> 0;
    },
    set(v) {
      this._32[k] = ((this._32[k] as number) & ~(m << s)) | ((v & m) << s);
    },
  }),
};

function swapped(place: ScalarPlace): Accessor {
  const raw = WHOLE[place.bytes](place.offset / place.bytes);
  const swap = place.bytes === 4 ? swap32 : swap16;
  return {
    get() {
      return swap(raw.get.call(this));
    },
    set(v) {
      raw.set.call(this, swap(place.bytes === 4 ? v : v & 0xffff));
    },
  };
}

function plain(place: ScalarPlace): Accessor {
  if (place.be && place.bytes > 1) return swapped(place);
  if (place.width === place.bytes * 8) return WHOLE[place.bytes](place.offset / place.bytes);
  return FIELD[place.bytes](place.offset / place.bytes, place.shift, maskOf(place.width));
}

function recording(place: ScalarPlace): Accessor {
  const { get, set } = plain(place);
  const { offset, shift, width } = place;
  return {
    get() {
      const f = this._m.footprint;
      if (f !== null) noteRead(f, this._at + offset, shift, width);
      return get.call(this);
    },
    set(v) {
      const f = this._m.footprint;
      if (f !== null) noteWrite(f, this._at + offset, shift, width);
      set.call(this, v);
    },
  };
}

/** Accessor pair for one scalar field. */
export function accessor(place: ScalarPlace, record: boolean): Accessor {
  return record ? recording(place) : plain(place);
}

/** Accessor of a 64-bit register as bigint, over its two halves. */
export function wide(lo: string, hi: string): { get(): bigint; set(value: bigint): void } {
  return {
    get(this: Record<string, number>) {
      return (BigInt(this[hi] as number) << 32n) | BigInt(this[lo] as number);
    },
    set(this: Record<string, number>, v: bigint) {
      this[lo] = Number(v & 0xffffffffn);
      this[hi] = Number((v >> 32n) & 0xffffffffn);
    },
  };
}
