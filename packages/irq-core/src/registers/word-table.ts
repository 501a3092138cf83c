// Rows of a block by word: a dense table from offset / 4 to the first row there, and the accesses to all rows of one word.

import { type Behaviours, columnsOf } from './behaviour.ts';
import { geometryOf, spanOf } from './geometry.ts';
import type { RegisterMap } from './register-map.ts';
import { createRow, type Row } from './row.ts';

/** What an access of a size meets in a word. */
export const MEETS = { HOLE: 0, REFUSAL: 1, REGISTER: 2 } as const;

/** Accesses to whole words by byte offset; `lanes` are the bits of the word that count. Words and lanes are int32. */
export interface WordTable<C> {
  /** One of {@link MEETS}: no row touched, a row that does not allow the size, or rows that all do. */
  meets(offset: number, lanes: number, size: number): number;
  /** The row that owns the word at a multiple of 4 and allows accesses of 4 bytes, else null: the usual case in one look-up. */
  whole(offset: number): Row<C> | null;
  read(c: C, offset: number, lanes: number): number;
  write(c: C, offset: number, lanes: number, value: number): void;
  save(c: C, offset: number): number;
  restore(c: C, offset: number, value: number): void;
}

/** Called when an access goes against the class of a register it touches. */
export type ClassError<C> = (c: C, offset: number, lanes: number, rule: string) => void;

/** All lanes, as int32. */
export const ALL = -1;

/** Enters a row at each of its words. */
function enter(words: Int16Array, spec: Parameters<typeof geometryOf>[0], row: number): void {
  const { units, stride, unitBytes } = geometryOf(spec);
  for (let unit = 0; unit < units; unit++)
    for (let b = 0; b < unitBytes; b += 4) words[(spec.at + unit * stride + b) >> 2] = row;
}

/** Lays out the table of a map. Rows without behaviour keep their reset value. */
export function createWordTable<C>(
  map: RegisterMap,
  behaviours: Behaviours<C, string>,
  onClassError: ClassError<C>,
): WordTable<C> {
  const specs = Object.entries(map.rows);
  const end = specs.reduce((most, [, spec]) => Math.max(most, spec.at + spanOf(spec)), 0);
  const words = new Int16Array(Math.ceil(end / 4)).fill(-1);
  const rows = specs.map(([name, spec], i): Row<C> => {
    const columns = columnsOf(spec, Object.hasOwn(behaviours, name) ? behaviours[name] : undefined);
    const next = words[spec.at >> 2] as number;
    enter(words, spec, i);
    return createRow(spec, columns, map.rules, next);
  });

  const firstAt = (offset: number): number =>
    offset >= 0 && offset >> 2 < words.length ? (words[offset >> 2] as number) : -1;

  return {
    meets(offset, lanes, size) {
      let meets: number = MEETS.HOLE;
      for (let i = firstAt(offset); i >= 0; ) {
        const row = rows[i] as Row<C>;
        i = row.next;
        if ((row.lanes & lanes) === 0) continue;
        if (row.sizes[size] !== 1) return MEETS.REFUSAL;
        meets = MEETS.REGISTER;
      }
      return meets;
    },
    whole(offset) {
      const i = firstAt(offset);
      if (i < 0) return null;
      const row = rows[i] as Row<C>;
      return row.whole ? row : null;
    },
    read(c, offset, lanes) {
      let word = 0;
      for (let i = firstAt(offset); i >= 0; ) {
        const row = rows[i] as Row<C>;
        i = row.next;
        const own = row.lanes & lanes;
        if (own === 0) continue;
        const { reads, readError, clearsOnRead } = row.access;
        if (readError !== null) onClassError(c, offset, own, readError);
        if (!reads) continue;
        word |= row.read(c, offset, own);
        if (clearsOnRead) row.clear(c, offset, own);
      }
      return word;
    },
    write(c, offset, lanes, value) {
      for (let i = firstAt(offset); i >= 0; ) {
        const row = rows[i] as Row<C>;
        i = row.next;
        const own = row.lanes & lanes;
        if (own === 0) continue;
        if (row.access.writeError !== null) onClassError(c, offset, own, row.access.writeError);
        row.write(c, offset, own, value);
      }
    },
    save(c, offset) {
      let word = 0;
      for (let i = firstAt(offset); i >= 0; i = (rows[i] as Row<C>).next)
        word |= (rows[i] as Row<C>).save(c, offset, ALL);
      return word;
    },
    restore(c, offset, value) {
      for (let i = firstAt(offset); i >= 0; i = (rows[i] as Row<C>).next)
        (rows[i] as Row<C>).restore(c, offset, ALL, value);
    },
  };
}
