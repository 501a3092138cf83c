// What views share and what they do not: bytes, classes, and the one search that is written out.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { array, bitmap, bits, createArena, struct, u8, u16, u32 } from './index.ts';

const sets = struct('sets', { before: u32, vectors: bitmap(256), after: u32, pins: bitmap(24) });

describe('the highest member', () => {
  const bit = fc.integer({ min: 0, max: 255 });

  it.each([false, true])('is the last of the list, recording %s', (record) => {
    const { root } = createArena(sets, { record });
    fc.assert(
      fc.property(fc.uniqueArray(bit, { maxLength: 12 }), (members) => {
        root.vectors.clear();
        for (const b of members) root.vectors.add(b);
        expect(root.vectors.highest()).toBe(Math.max(-1, ...members));
        expect(root.vectors.list()).toEqual(members.toSorted((a, b) => a - b));
      }),
    );
  });

  it.each([...Array(8).keys()])('is found in word %i and leaves with it', (word) => {
    const { root } = createArena(sets);
    root.vectors.add(word * 32);
    root.vectors.add(word * 32 + 31);
    expect(root.vectors.highest()).toBe(word * 32 + 31);
    root.vectors.delete(word * 32 + 31);
    expect(root.vectors.highest()).toBe(word * 32);
    root.vectors.delete(word * 32);
    expect(root.vectors.highest()).toBe(-1);
  });
});

describe('bytes', () => {
  it('a member beyond the set reaches no neighbour', () => {
    const { root } = createArena(sets);
    root.vectors.add(256);
    root.pins.add(32);
    expect([root.before, root.after, root.vectors.isEmpty(), root.pins.isEmpty()]).toEqual([0, 0, true, true]);
  });

  it.each([false, true])('an index outside an array throws, recording %s', (record) => {
    const lists = struct('lists', { a: array(u8, 3), b: array(u16, 3), c: array(u32, 3), d: array(bits(3), 3) });
    const { root } = createArena(lists, { record });
    for (const list of [root.a, root.b, root.c, root.d])
      for (const index of [-1, 3, Number.NaN]) {
        expect(() => list.get(index)).toThrow(RangeError);
        expect(() => list.set(index, 1)).toThrow(RangeError);
      }
  });
});

describe('classes', () => {
  const sized = (n: number) => struct('sized', { head: u8, list: array(u16, n), tail: u32 });
  const classOf = (view: object) => Object.getPrototypeOf(view);

  it('structs declared alike share theirs, each with composites of its own', () => {
    const [a, b] = [createArena(sized(4)), createArena(sized(4))];
    expect(classOf(a.root) === classOf(b.root)).toBe(true);
    a.root.list.set(3, 7);
    b.root.tail = 9;
    expect([a.root.tail, b.root.list.get(3), a.root.list.get(3), b.root.tail]).toEqual([0, 0, 7, 9]);
  });

  it('structs placed otherwise, or recording, do not', () => {
    const { root } = createArena(sized(4));
    const others = [createArena(sized(8)), createArena(sized(4), { record: true })];
    expect(others.map((other) => classOf(other.root) === classOf(root))).toEqual([false, false]);
  });

  it('same place, other composites', () => {
    const scalars = createArena(struct('same', { head: u32, rest: array(u8, 8) })).root;
    const sparse = createArena(struct('same', { head: u32, rest: bitmap(64) })).root;
    expect([scalars.rest.length, sparse.rest.size]).toEqual([8, 64]);
  });
});
