// Register maps and their dispatch, on a small made-up controller that uses every feature.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Access,
  behave,
  bitfield,
  decodeOffset,
  describeValue,
  FAULT,
  registers,
  registersMarkdown,
} from './index.ts';

const MAP = registers(
  'TOY',
  'a made-up controller',
  {
    CTRL: {
      at: 0x00,
      access: 'RW',
      writable: 0x0f,
      fields: { EN: 0, MODE: [3, 1] },
      values: { MODE: ['off', 'edge', 'level'] },
      doc: 'control',
    },
    STATUS: { at: 0x04, access: 'W1C', fields: { ERR: [31, 0] } },
    ID: { at: 0x08, access: 'RO', reset: 0x43 },
    KICK: { at: 0x0c, access: 'WO' },
    LAST: { at: 0x10, access: 'RC' },
    NOTHING: { at: 0x14, access: 'RAZ/WI' },
    ENABLE: { at: 0x100, access: 'W1S', per: 'irq', bits: 1, count: 40 },
    PRIORITY: { at: 0x200, access: 'RW', per: 'irq', bits: 8, count: 6 },
    WORD: { at: 0x300, access: 'RO', per: 'word', bits: 32, count: 3, stride: 16 },
  },
  { sizes: [1, 4], align: 1, wrongSize: 'all-ones', hole: 'fault' },
);

type Toy = {
  ctrl: number;
  status: number;
  kicks: number[];
  last: number;
  enabled: number[];
  touched: number[];
  priority: number[];
};
const fresh = (): Toy => ({
  ctrl: 0,
  status: 0xff,
  kicks: [],
  last: 7,
  enabled: new Array(40).fill(0),
  touched: [],
  priority: new Array(6).fill(0),
});
const errors: string[] = [];
const block = behave<Toy, keyof typeof MAP.rows & string>(
  MAP,
  {
    CTRL: {
      read: (c) => c.ctrl,
      write: (c, v) => {
        c.ctrl = v;
      },
      restore: (c, v) => {
        c.ctrl = v;
      },
    },
    STATUS: {
      read: (c) => c.status,
      write: (c, v) => {
        c.status = v;
      },
    },
    ID: { read: () => 0x43 },
    KICK: { write: (c, v) => void c.kicks.push(v) },
    LAST: {
      read: (c) => c.last,
      write: (c, v) => {
        c.last = v;
      },
    },
    ENABLE: {
      read: (c, i) => c.enabled[i] as number,
      write(c, v, i) {
        c.touched.push(i);
        c.enabled[i] = v;
      },
      save: () => 0,
    },
    PRIORITY: {
      read: (c, i) => c.priority[i] as number,
      write: (c, v, i) => {
        c.priority[i] = v;
      },
    },
    WORD: { read: (_c, i) => 0x1000 + i },
  },
  (_c, e) => void errors.push(`${e.block}+${e.offset.toString(16)}: ${e.rule}`),
);

describe('dispatch', () => {
  const rows: [string, (c: Toy) => unknown, unknown][] = [
    ['RW keeps bits that cannot be written', (c) => [block.write(c, 0, 4, 0xff), block.read(c, 0, 4)], [0, 0x0f]],
    ['W1C clears what is one', (c) => [block.write(c, 4, 4, 0x0f), block.read(c, 4, 4)], [0, 0xf0]],
    ['RO ignores writes', (c) => [block.write(c, 8, 4, 0), block.read(c, 8, 4)], [0, 0x43]],
    ['WO reads as zero', (c) => [block.write(c, 0xc, 4, 9), block.read(c, 0xc, 4), c.kicks], [0, 0, [9]]],
    ['RC is cleared by reading', (c) => [block.read(c, 0x10, 4), block.read(c, 0x10, 4)], [7, 0]],
    ['RAZ/WI', (c) => [block.write(c, 0x14, 4, 1), block.read(c, 0x14, 4)], [0, 0]],
    [
      'W1S touches only the interrupts whose bit is one',
      (c) => [block.write(c, 0x104, 4, 0x05), c.touched, block.read(c, 0x104, 4)],
      [0, [32, 34], 5],
    ],
    [
      'a byte access reaches its byte',
      (c) => [block.write(c, 0x201, 1, 0x80), c.priority, block.read(c, 0x200, 4)],
      [0, [0, 0x80, 0, 0, 0, 0], 0x8000],
    ],
    [
      'elements beyond the last one are zero',
      (c) => [block.write(c, 0x204, 4, 0xffffffff), block.read(c, 0x204, 4)],
      [0, 0xffff],
    ],
    [
      'a strided array',
      (c) => [block.read(c, 0x300, 4), block.read(c, 0x310, 4), block.read(c, 0x320, 4)],
      [0x1000, 0x1001, 0x1002],
    ],
    ['a wrong size', (c) => [block.read(c, 0, 2), block.write(c, 0, 2, 1)], [0xffff, 0xffff]],
    [
      'a hole',
      (c) => [block.read(c, 0x18, 4), block.write(c, 0x304, 4, 0), block.read(c, 0x9000, 4)],
      [FAULT, FAULT, FAULT],
    ],
    [
      'save and restore have columns of their own',
      (c) => [block.save(c, 0x100), block.restore(c, 0, 0xff), block.save(c, 0)],
      [0, 0, 0xff],
    ],
  ];
  for (const [name, run, expected] of rows) it(name, () => expect(run(fresh())).toEqual(expected));

  it('guest errors are events', () => expect(errors).toContain('TOY+18: no register here'));

  it('save, restore, save is a fixed point', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 4, 0x200, 0x204), fc.nat(0xffffffff), (offset, value) => {
        const c = fresh();
        block.restore(c, offset, value);
        const saved = block.save(c, offset);
        block.restore(c, offset, saved);
        expect(block.save(c, offset)).toBe(saved);
      }),
    );
  });

  it('every offset of the map decodes to its row, holes to null', () => {
    for (const [name, r] of Object.entries(MAP.rows)) expect(decodeOffset(MAP, r.at)?.register).toBe(name);
    expect([decodeOffset(MAP, 0x310), decodeOffset(MAP, 0x304), decodeOffset(MAP, 0x18)]).toEqual([
      { register: 'WORD', index: 1 },
      null,
      null,
    ]);
  });
});

describe('declaration', () => {
  const rw: Access = 'RW';
  const rows: [string, () => unknown, RegExp][] = [
    [
      'overlapping registers',
      () => registers('B', '', { A: { at: 0, access: rw, width: 64 }, C: { at: 4, access: rw } }),
      /B\.C overlaps B\.A at 0x4/,
    ],
    [
      'overlapping fields',
      () => registers('B', '', { A: { at: 0, access: rw, fields: { x: [3, 0], y: 3 } } }),
      /B\.A\.y overlaps/,
    ],
    [
      'a field beyond the register',
      () => registers('B', '', { A: { at: 0, access: rw, width: 8, fields: { x: 8 } } }),
      /B\.A\.x: bits 8:8 do not fit 8 bits/,
    ],
    ['a misaligned register', () => registers('B', '', { A: { at: 2, access: rw } }), /not aligned/],
    [
      'an array without count',
      () => registers('B', '', { A: { at: 0, access: rw, per: 'irq' } }),
      /needs bits and count/,
    ],
    ['overlapping bitfields', () => bitfield({ a: [3, 0], b: 2 }), /field b overlaps/],
    ['a bitfield beyond 32 bits', () => bitfield({ a: 32 }), /do not fit/],
  ];
  for (const [name, run, message] of rows) it(`${name} is refused`, () => expect(run).toThrow(message));

  it('a behaviour for a row that does not exist does not compile', () => {
    behave(MAP, {
      // @ts-expect-error no such register
      CTRLL: {},
    });
    expect(MAP.rows.CTRL.at).toBe(0);
  });
});

describe('values in words', () => {
  it('by field and value name, reserved bits shown', () => {
    expect(describeValue(MAP, 'CTRL', 0x25)).toBe('0x25 = MODE level, EN 1, reserved 0x20');
    expect(describeValue(MAP, 'ID', 0x43)).toBe('0x43');
    expect(() => describeValue(MAP, 'NONE', 0)).toThrow(/TOY has no register NONE; it has CTRL/);
  });

  it('bitfields pack and unpack', () => {
    const rte = bitfield({ vec: [7, 0], dm: [10, 8], level: 15, mask: 16 });
    fc.assert(
      fc.property(fc.nat(255), fc.nat(7), fc.nat(1), fc.nat(1), (vec, dm, level, mask) => {
        expect(rte.unpack(rte.pack({ vec, dm, level, mask }))).toEqual({ vec, dm, level, mask });
      }),
    );
    expect(rte.set(0xffffffff, 'dm', 0)).toBe(0xfffff8ff);
  });

  it('Markdown', () => {
    expect(registersMarkdown(MAP)).toContain('| 0x100 | ENABLE | 1 × 40 per irq | W1S | 0x0 |  |  |');
    expect(registersMarkdown(MAP)).toContain('| 3:1 | MODE | 0 off, 1 edge, 2 level |');
  });
});
