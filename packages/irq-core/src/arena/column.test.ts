// Columns agree with views, bit for bit and footprint for footprint.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { array, be32, bits, clearFootprint, columns, createArena, struct, u1, u8, u16, u32, u64 } from './index.ts';

const Inner = struct('inner', { a: u8, b: u16, c: u32 });
const Row = struct('row', {
  flag: u1,
  few: bits(3),
  byte: u8,
  wide: bits(24),
  odd: bits(12),
  half: u16,
  word: u32,
  table: be32,
  long: u64,
  inner: array(Inner, 2),
});
const Rows = struct('rows', { before: u32, rows: array(Row, 5), after: u32 });
const FIELDS = ['flag', 'few', 'byte', 'wide', 'odd', 'half', 'word', 'table', 'longLo', 'longHi'] as const;

describe.each([false, true])('columns, recording %s', (record) => {
  const step = fc.record({
    field: fc.constantFrom(...FIELDS),
    index: fc.integer({ min: 0, max: 4 }),
    value: fc.integer({ min: 0, max: 0xffffffff }),
  });

  it('write what a view writes and read what it reads', () => {
    const [a, b] = [createArena(Rows, { record }), createArena(Rows, { record })];
    const all = columns(Row, a.root.rows);
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        for (const { field, index, value } of steps) {
          all[field].set(index, value);
          b.root.rows.at(index)[field] = value;
          expect(all[field].get(index)).toBe(b.root.rows.at(index)[field]);
        }
        expect(a.bytes).toEqual(b.bytes);
        expect([a.root.before, a.root.after]).toEqual([0, 0]);
      }),
    );
  });

  it('of a struct within each element', () => {
    const { root } = createArena(Rows, { record });
    const inner = columns(Inner, root.rows, (row) => row.inner.at(1));
    for (let i = 0; i < 5; i++) inner.b.set(i, 0x1000 + i);
    expect(Array.from({ length: 5 }, (_, i) => root.rows.at(i).inner.at(1).b)).toEqual(
      [0, 1, 2, 3, 4].map((i) => 0x1000 + i),
    );
    expect(root.rows.at(3).inner.at(0).b).toBe(0);
  });
});

it('touch the bits that a view touches', () => {
  const touched = FIELDS.map((field) => {
    const arena = createArena(Rows, { record: true });
    const all = columns(Row, arena.root.rows);
    const footprints = [
      () => void all[field].set(2, all[field].get(2)),
      () => {
        const row = arena.root.rows.at(2);
        row[field] = Number(row[field]);
      },
    ].map((act) => {
      clearFootprint(arena.footprint as never);
      act();
      return JSON.stringify([arena.footprint?.order, [...(arena.footprint?.writes ?? [])]]);
    });
    return footprints[0] === footprints[1];
  });
  expect(touched).toEqual(FIELDS.map(() => true));
});

it('an array of one', () => {
  const { root } = createArena(struct('one', { rows: array(Inner, 1) }));
  columns(Inner, root.rows).c.set(0, 7);
  expect(root.rows.at(0).c).toBe(7);
});

it('an array without elements has columns, and nothing in them', () => {
  const { root } = createArena(struct('none', { rows: array(Inner, 0) }));
  const { c } = columns(Inner, root.rows);
  expect(() => c.get(0)).toThrow('element 0 of an array without elements');
  expect(() => c.set(0, 1)).toThrow(RangeError);
});
