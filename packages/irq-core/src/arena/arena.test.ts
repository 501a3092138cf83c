// The arena: every kind reads back what was written, nothing overlaps, and snapshot, JSON, hash and diff agree with each other.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirqError } from '../errors.ts';
import { Node, Row, Sample } from './__fixtures__/sample.ts';
import {
  array,
  bits,
  clearFootprint,
  conflicts,
  createArena,
  createFootprint,
  layoutFingerprint,
  pool,
  struct,
  u8,
  walk,
} from './index.ts';

const make = () => createArena(Sample);

/** Every scalar of the layout as a (path, get, set, width) row, taken from the views. */
type Slot = { path: string; width: number; get: () => number; set: (v: number) => void };
function slots(s: ReturnType<typeof make>['root']): Slot[] {
  const prop = (path: string, o: object, key: string, width: number): Slot => ({
    path,
    width,
    get: () => (o as Record<string, number>)[key] as number,
    set: (v) => {
      (o as Record<string, number>)[key] = v;
    },
  });
  const row = (path: string, r: object): Slot[] =>
    (
      [
        ['vec', 8],
        ['mask', 1],
        ['mode', 3],
        ['wide', 20],
        ['dest', 16],
      ] as const
    ).map(([k, w]) => prop(`${path}.${k}`, r, k, w));
  return [
    ...(
      [
        ['a', 8],
        ['b', 16],
        ['c', 32],
        ['p', 1],
        ['q', 1],
        ['five', 5],
        ['nine', 9],
        ['thirty', 30],
        ['msgLo', 32],
        ['msgHi', 32],
        ['beHalf', 16],
        ['beWord', 32],
        ['beLongLo', 32],
        ['beLongHi', 32],
      ] as const
    ).map(([k, w]) => prop(k, s, k, w)),
    ...[0, 1, 2].map((i) => ({
      path: `bytes[${i}]`,
      width: 8,
      get: () => s.bytes.get(i),
      set: (v: number) => s.bytes.set(i, v),
    })),
    ...[0, 1].map((i) => ({
      path: `words[${i}]`,
      width: 32,
      get: () => s.words.get(i),
      set: (v: number) => s.words.set(i, v),
    })),
    ...[0, 1, 2, 3].flatMap((i) => row(`rows[${i}]`, s.rows.at(i))),
    ...row('nested', s.nested),
    ...[0, 31, 32, 255].map((b) => ({
      path: `irr${b}`,
      width: 1,
      get: () => Number(s.irr.has(b)),
      set: (v: number) => s.irr.put(b, v),
    })),
    ...[0, 4].map((b) => ({
      path: `small${b}`,
      width: 1,
      get: () => Number(s.small.has(b)),
      set: (v: number) => s.small.put(b, v),
    })),
    ...[0, 1].flatMap((i) =>
      [0, 1].map((j) => ({
        path: `grid${i}${j}`,
        width: 16,
        get: () => s.grid.at(i).get(j),
        set: (v: number) => s.grid.at(i).set(j, v),
      })),
    ),
    ...[0, 1, 2].map((i) => prop(`nodes${i}`, s.nodes.slot(i), 'gsi', 32)),
  ];
}
const top = (width: number): number => (width === 32 ? 0xffffffff : 2 ** width - 1);

describe('fields', () => {
  it('hold every value of their width, alone', () => {
    for (const slot of slots(make().root))
      for (const v of [0, 1, top(slot.width), top(slot.width) >>> 1]) {
        slot.set(v);
        expect([slot.path, slot.get()]).toEqual([slot.path, v]);
      }
  });

  it('never touch each other', () => {
    const { root } = make();
    const all = slots(root);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(all.length - 1), fc.nat(0xffffffff)), { maxLength: 60 }), (writes) => {
        for (const s of all) s.set(0);
        const model = new Map<string, number>();
        for (const [i, v] of writes) {
          const slot = all[i] as Slot;
          const value = (v & top(slot.width)) >>> 0;
          slot.set(value);
          model.set(slot.path, value);
        }
        for (const s of all) if (s.get() !== (model.get(s.path) ?? 0)) return false;
        return true;
      }),
    );
  });

  it('cut off bits beyond their width', () => {
    const { root } = make();
    root.five = 0xff;
    root.a = 0x1ff;
    expect([root.five, root.a, root.p, root.nine]).toEqual([31, 255, 0, 0]);
  });

  it('stores big-endian words most significant byte first', () => {
    const arena = make();
    arena.root.beWord = 0x01020304;
    arena.root.beLong = 0x0102030405060708n;
    expect(Buffer.from(arena.bytes).includes(Buffer.from([1, 2, 3, 4]))).toBe(true);
    expect(Buffer.from(arena.bytes).includes(Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]))).toBe(true);
    expect([arena.root.beLongHi, arena.root.beLongLo]).toEqual([0x01020304, 0x05060708]);
  });

  it('shows a 64-bit register as bigint and as halves', () => {
    const { root } = make();
    root.msg = 0xfee0_0000_0000_8051n;
    expect([root.msgHi, root.msgLo, root.msg]).toEqual([0xfee00000, 0x8051, 0xfee0_0000_0000_8051n]);
  });

  it('refuses names and sizes that cannot be', () => {
    expect(() => struct('x', { _a: u8 })).toThrow(/no field name/);
    expect(() => bits(33)).toThrow(/1 to 32/);
    expect(() => pool(Node, 1024)).toThrow(/1 to 1023/);
    expect(() => array(u8, -1)).toThrow(/count/);
    expect(() => make().root.rows.at(4)).toThrow(/outside 0\.\.3/);
  });
});

describe('bitmap', () => {
  it('behaves as a set of small integers', () => {
    const { root } = make();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(255), fc.boolean()), { maxLength: 80 }), fc.nat(255), (ops, from) => {
        root.irr.clear();
        const set = new Set<number>();
        for (const [bit, on] of ops) {
          root.irr.put(bit, on);
          if (on) set.add(bit);
          else set.delete(bit);
        }
        const sorted = [...set].sort((a, b) => a - b);
        expect(root.irr.list()).toEqual(sorted);
        expect(root.irr.count()).toBe(set.size);
        expect(root.irr.isEmpty()).toBe(set.size === 0);
        expect(root.irr.highest()).toBe(sorted.at(-1) ?? -1);
        expect(root.irr.lowest()).toBe(sorted[0] ?? -1);
        expect(root.irr.next(from)).toBe(sorted.find((b) => b >= from) ?? -1);
      }),
    );
  });
});

describe('pool', () => {
  it('gives out the lowest free slot, zeroed, and 0 when full', () => {
    const { nodes } = make().root;
    const [a, b, c] = [nodes.alloc(), nodes.alloc(), nodes.alloc()] as [number, number, number];
    expect([a, b, c, nodes.alloc()]).toEqual([1, 2, 3, 0]);
    nodes.at(b).gsi = 7;
    nodes.free(b);
    const again = nodes.alloc();
    expect(nodes.at(again).gsi).toBe(0);
    expect([again & 1023, again >> 10, nodes.count()]).toEqual([2, 1, 3]);
  });

  it('sees the use of a freed slot, also after reuse', () => {
    const arena = make();
    const { nodes } = arena.root;
    const h = nodes.alloc();
    nodes.free(h);
    expect(() => nodes.at(h)).toThrow(/sample\.nodes: handle 1 of slot 0 is stale/);
    nodes.alloc();
    expect(nodes.isLive(h)).toBe(false);
    expect(() => nodes.at(h)).toThrow(/stale/);
    expect(() => nodes.free(h)).toThrow(/stale/);
    const seen: string[] = [];
    arena.onStale((name, handle) => seen.push(`${name}:${handle}`));
    nodes.at(h);
    expect(seen).toEqual(['sample.nodes:1']);
  });
});

const anyState = fc.array(fc.tuple(fc.nat(1000), fc.nat(0xffffffff)), { maxLength: 40 });
function scramble(arena: ReturnType<typeof make>, writes: readonly (readonly [number, number])[]): void {
  arena.bytes.fill(0);
  const all = slots(arena.root);
  for (const [i, v] of writes) {
    const s = all[i % all.length] as Slot;
    s.set((v & top(s.width)) >>> 0);
  }
  if (writes.length % 3 === 1) arena.root.nodes.alloc();
}

describe('snapshot, JSON, hash, diff', () => {
  it('round-trip every state', () => {
    const [a, b] = [make(), make()];
    const out = [new Uint32Array(2), new Uint32Array(2)] as const;
    fc.assert(
      fc.property(anyState, (writes) => {
        scramble(a, writes);
        b.restore(a.snapshot());
        expect(b.diff(a.bytes)).toEqual([]);
        b.bytes.fill(0);
        b.loadJSON(JSON.parse(JSON.stringify(a.toJSON())));
        expect(Buffer.compare(a.bytes, b.bytes)).toBe(0);
        a.hash64(out[0]);
        b.hash64(out[1]);
        expect([a.hash(), ...out[0]]).toEqual([b.hash(), ...out[1]]);
      }),
    );
  });

  it('name exactly the fields that changed', () => {
    const arena = make();
    const before = arena.bytes.slice();
    arena.root.rows.at(2).mode = 5;
    arena.root.irr.add(0x51);
    arena.root.msg = 0xfee01000n;
    const h = arena.root.nodes.alloc();
    arena.root.nodes.at(h).gsi = 9;
    expect(arena.diff(before)).toEqual([
      { path: 'msg', before: '0x0', after: '0xfee01000' },
      { path: 'irr', before: [], after: [0x51] },
      { path: 'rows[2].mode', before: 0, after: 5 },
      { path: 'nodes.inUse', before: [], after: [0] },
      { path: 'nodes[0].gsi', before: 0, after: 9 },
    ]);
    expect(arena.hash()).not.toBe(make().hash());
  });

  it('a hash sees every single bit', () => {
    const arena = make();
    const seen = new Set([arena.hash()]);
    for (let bit = 0; bit < arena.bytes.length * 8; bit++) {
      arena.bytes.fill(0);
      arena.bytes[bit >> 3] = 1 << (bit & 7);
      seen.add(arena.hash());
    }
    expect(seen.size).toBe(arena.bytes.length * 8 + 1);
  });

  it('refuses a snapshot of another layout, version or length', () => {
    const arena = make();
    const other = createArena(struct('sample', { a: u8 }));
    const good = arena.snapshot();
    const old = good.slice();
    old[4] = 9;
    const rows: [string, () => void, RegExp][] = [
      ['layout', () => arena.restore(other.snapshot()), /taken of layout/],
      ['magic', () => arena.restore(new Uint8Array(40)), /magic/],
      ['version', () => arena.restore(old), /format version 9/],
      ['cut', () => arena.restore(good.subarray(0, good.length - 1)), /expected/],
      ['empty', () => arena.restore(new Uint8Array(0)), /magic/],
    ];
    for (const [, run, message] of rows) expect(run).toThrow(message);
    try {
      arena.restore(other.snapshot());
    } catch (e) {
      expect(VirqError.isInstance(e) && [e.code, e.hint !== undefined]).toEqual(['VIRQ-A002', true]);
    }
  });

  it('refuses JSON that does not fit and leaves the state alone', () => {
    const arena = make();
    arena.root.a = 3;
    const rows: [unknown, RegExp][] = [
      [{ nothing: 1 }, /nothing is no field of sample/],
      [{ a: 256 }, /a is 256, expected an integer of 8 bits/],
      [{ a: -1 }, /expected an integer/],
      [{ rows: { 4: {} } }, /index '4', expected 0\.\.3/],
      [{ rows: { 0: { mode: 8 } } }, /rows\[0\]\.mode is 8/],
      [{ irr: [256] }, /member 256/],
      [{ irr: 1 }, /not a list/],
      [{ msg: 12 }, /hex string/],
      [[], /not an object/],
      [null, /not an object/],
    ];
    for (const [json, message] of rows) expect(() => arena.loadJSON(json)).toThrow(message);
    expect(arena.root.a).toBe(3);
  });

  it('the fingerprint names the declaration', () => {
    expect(layoutFingerprint(Sample)).toBe(layoutFingerprint(Sample));
    expect(layoutFingerprint(Row)).not.toBe(layoutFingerprint(Node));
    expect(layoutFingerprint(struct('x', { a: bits(3) }))).not.toBe(layoutFingerprint(struct('x', { a: bits(4) })));
  });
});

describe('footprint', () => {
  const arena = createArena(Sample, { record: true });
  const f = arena.footprint as NonNullable<typeof arena.footprint>;

  it('records exactly the bits touched, and reads change nothing', () => {
    let bitsSeen = 0;
    for (const slot of slots(arena.root)) {
      clearFootprint(f);
      slot.get();
      const ones = [...f.reads].reduce((n, w) => n + w.toString(2).replaceAll('0', '').length, 0);
      expect([slot.path, ones]).toEqual([slot.path, slot.width]);
      expect(f.writes.every((w) => w === 0)).toBe(true);
      const reads = f.reads.slice();
      clearFootprint(f);
      slot.set(1);
      expect([...f.writes]).toEqual([...reads]);
      bitsSeen += ones;
    }
    expect(bitsSeen).toBeGreaterThan(500);
  });

  it('plain and recording views give the same results', () => {
    const plain = make();
    fc.assert(
      fc.property(anyState, (writes) => {
        scramble(plain, writes);
        scramble(arena, writes);
        return Buffer.compare(plain.bytes, arena.bytes) === 0;
      }),
    );
  });

  it('two steps conflict when one writes what the other touches', () => {
    const touch = (run: () => void) => {
      clearFootprint(f);
      run();
      const g = createFootprint(f.reads.length);
      g.reads.set(f.reads);
      g.writes.set(f.writes);
      return g;
    };
    const { root } = arena;
    const writeP = touch(() => {
      root.p = 1;
    });
    const writeQ = touch(() => {
      root.q = 1;
    });
    const readP = touch(() => root.p);
    expect([
      conflicts(writeP, writeQ),
      conflicts(writeP, readP),
      conflicts(readP, readP),
      conflicts(writeP, writeP),
    ]).toEqual([false, true, false, true]);
  });
});

it('walk visits every byte of the layout that a view can reach, in order', () => {
  const paths: string[] = [];
  walk(Sample, '', 0, { scalar: (p) => paths.push(p), u64: (p) => paths.push(p), bitmap: (p) => paths.push(p) });
  expect(paths.slice(0, 4)).toEqual(['a', 'b', 'c', 'p']);
  expect(paths).toContain('rows[3].dest');
  expect(paths).toContain('nodes[2].next');
  expect(new Set(paths).size).toBe(paths.length);
});
