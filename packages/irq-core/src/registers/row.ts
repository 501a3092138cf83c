// One row made ready for dispatch: the four kinds of access to those of its elements that lie in one word.

import { ACCESS, type AccessClass } from './access-class.ts';
import type { Columns, ReadColumn, WriteColumn } from './behaviour.ts';
import { geometryOf, ones } from './geometry.ts';
import type { BlockRules, RegisterSpec } from './register-map.ts';

/**
 * A row ready for dispatch. `lanes` are the accessed bits of the word at `offset`; only elements they touch are called upon,
 * in ascending order. Words and lanes are int32, which V8 keeps unboxed; the caller makes results unsigned.
 */
export interface Row<C> {
  readonly access: AccessClass;
  /** Bits of its words that belong to this row. */
  readonly lanes: number;
  /** True if the row owns whole words and allows them to be accessed as such: no other row and no size need be looked at. */
  readonly whole: boolean;
  /** True if a guest's read gives the value and does nothing else. */
  readonly plainRead: boolean;
  /** 1 at each access size allowed, 0 elsewhere up to 8. */
  readonly sizes: Uint8Array;
  /** Next row of a shared word (registers of 8 and 16 bits), -1 if none. */
  readonly next: number;
  /** Present elements, whatever the access class. */
  read(c: C, offset: number, lanes: number): number;
  save(c: C, offset: number, lanes: number): number;
  /** Stores zero in the elements touched. */
  clear(c: C, offset: number, lanes: number): void;
  /** A guest's write: access class and writable bits apply. */
  write(c: C, offset: number, lanes: number, value: number): void;
  /** Stores every element touched as it is. */
  restore(c: C, offset: number, lanes: number, value: number): void;
}

/** Where the elements of a row lie in its words. */
interface Placement {
  /** Row's first word, bytes. */
  readonly base: number;
  readonly stride: number;
  readonly count: number;
  /** Elements in a word. */
  readonly perWord: number;
  /** Bits of an element, of a half for 64-bit ones. */
  readonly width: number;
  /** Bit position of a word's first element, and the distance to the next. */
  readonly shift: number;
  readonly step: number;
  readonly lanes: number;
  /** Which half lies at the lower address; -1: elements have no halves. */
  readonly firstHalf: number;
}

function placementOf(r: RegisterSpec, big: boolean): Placement {
  const { bits, count, unitBytes, perUnit, stride } = geometryOf(r);
  const width = Math.min(32, bits);
  const used = Math.min(32, unitBytes * 8);
  const within = (r.at & 3) * 8;
  return {
    base: r.at & ~3,
    stride,
    count,
    perWord: perUnit,
    width,
    shift: big ? 32 - within - width : within,
    step: big ? -width : width,
    lanes: ones(used) << (big ? 32 - within - used : within),
    firstHalf: bits === 64 ? Number(big) : -1,
  };
}

function sizesOf(sizes: readonly number[]): Uint8Array {
  const table = new Uint8Array(9);
  for (const size of sizes) table[size] = 1;
  return table;
}

/** Prepares a row. `next` chains the rows of a shared word. */
export function createRow<C>(
  spec: RegisterSpec,
  columns: Columns<C>,
  rules: Required<BlockRules>,
  next: number,
): Row<C> {
  const { base, stride, count, perWord, width, shift, step, lanes, firstHalf } = placementOf(
    spec,
    rules.endian === 'big',
  );
  const access = ACCESS[spec.access];
  const { oneShot, next: combine } = access;
  const { read, write } = columns;
  const all = ones(width) | 0;
  const writable = (spec.writable ?? 0xffffffff) | 0;
  const writableHigh = (spec.writableHigh ?? 0xffffffff) | 0;

  const firstOf = (offset: number): number => (count === 1 ? 0 : (((offset - base) / stride) | 0) * perWord);
  const halfOf = (offset: number): number => (firstHalf < 0 ? 0 : firstHalf ^ (((offset - base) >> 2) & 1));

  function gather(column: ReadColumn<C>, c: C, offset: number, touched: number): number {
    const first = firstOf(offset);
    const half = halfOf(offset);
    const elements = Math.min(perWord, count - first);
    let word = 0;
    for (let i = 0, at = shift; i < elements; i++, at += step)
      if (((touched >>> at) & all) !== 0) word |= (column(c, first + i, half) & all) << at;
    return word;
  }

  /** Stores elements as they are. */
  const storeTo =
    (column: WriteColumn<C> | null): Row<C>['restore'] =>
    (c, offset, touched, value) => {
      if (column === null) return;
      const first = firstOf(offset);
      const half = halfOf(offset);
      const elements = Math.min(perWord, count - first);
      for (let i = 0, at = shift; i < elements; i++, at += step)
        if (((touched >>> at) & all) !== 0) column(c, ((value >>> at) & all) >>> 0, first + i, half);
    };
  const storeRaw = storeTo(write);

  function store(c: C, offset: number, touched: number, value: number): void {
    if (write === null || combine === null) return;
    const first = firstOf(offset);
    const half = halfOf(offset);
    const elements = Math.min(perWord, count - first);
    for (let i = 0, at = shift; i < elements; i++, at += step) {
      const lane = (touched >>> at) & all;
      if (lane === 0) continue;
      const mask = lane & (half === 0 ? writable : writableHigh);
      const bits = (value >>> at) & mask;
      if (oneShot && bits === 0) continue;
      const old = oneShot || mask !== all ? read(c, first + i, half) : 0;
      write(c, (combine(old, bits, mask) & all) >>> 0, first + i, half);
    }
  }

  /** The one element of a plain word needs no loop. */
  const gatherFrom = (column: ReadColumn<C>): Row<C>['read'] =>
    count === 1 && width === 32 && firstHalf < 0
      ? (c) => column(c, 0, 0) | 0
      : (c, offset, touched) => gather(column, c, offset, touched);

  const sizes = sizesOf(spec.sizes ?? rules.sizes);
  return {
    access,
    lanes,
    whole: lanes === -1 && sizes[4] === 1,
    plainRead: access.reads && access.readError === null && !access.clearsOnRead,
    sizes,
    next,
    read: gatherFrom(read),
    save: gatherFrom(columns.save),
    clear: (c, offset, touched) => storeRaw(c, offset, touched, 0),
    write: store,
    restore: storeTo(columns.restore),
  };
}
