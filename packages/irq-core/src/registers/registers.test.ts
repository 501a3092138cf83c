// Declaring maps: what is refused, and with which words.

import { describe, expect, it } from 'vitest';
import { type Access, type BlockRules, type RegisterSpec, registers } from './index.ts';

const rw: Access = 'RW';
const declare =
  (rows: Record<string, unknown>, rules: BlockRules = {}) =>
  () =>
    registers('B', '', rows as Record<string, RegisterSpec>, rules);
const one = (spec: Record<string, unknown>) => declare({ A: { at: 0, access: rw, ...spec } });

describe('refused', () => {
  const rows: [string, () => unknown, RegExp][] = [
    [
      'overlapping registers',
      declare({ A: { at: 0, access: rw, width: 64 }, C: { at: 4, access: rw } }),
      /^B\.C overlaps B\.A at 0x4$/,
    ],
    [
      'a byte inside a word',
      declare({ A: { at: 0, access: rw }, C: { at: 3, access: rw, width: 8 } }),
      /^B\.C overlaps B\.A at 0x3$/,
    ],
    [
      'arrays whose strides collide',
      declare({ A: { at: 0, access: rw, per: 'pin', bits: 32, count: 4, stride: 8 }, C: { at: 8, access: rw } }),
      /^B\.C overlaps B\.A at 0x8$/,
    ],
    ['overlapping fields', one({ fields: { x: [3, 0], y: 3 } }), /^B\.A\.y overlaps another field$/],
    ['a field beyond the register', one({ width: 8, fields: { x: 8 } }), /^B\.A\.x: bits 8:8 do not fit 8 bits$/],
    ['a field upside down', one({ fields: { x: [0, 3] } }), /^B\.A\.x: bits 0:3 do not fit/],
    ['a field of a fraction', one({ fields: { x: 1.5 } }), /^B\.A\.x: bits 1\.5/],
    [
      'a field beyond an element',
      one({ per: 'irq', bits: 8, count: 4, fields: { x: [8, 0] } }),
      /^B\.A\.x: bits 8:0 do not fit 8 bits$/,
    ],
    ['values of no field', one({ values: { x: ['a'] } }), /^B\.A\.x: values of a field that is not declared$/],
    [
      'a value beyond its field',
      one({ fields: { x: 0 }, values: { x: ['a', 'b', 'c'] } }),
      /^B\.A\.x: value 2 does not fit 1 bits$/,
    ],
    ['a misaligned register', one({ at: 2 }), /^B\.A: offset 0x2 is not aligned/],
    ['a misaligned 64-bit register', one({ at: 4, width: 64 }), /not aligned/],
    ['a misaligned 16-bit register', one({ at: 1, width: 16 }), /not aligned/],
    ['an array off its word', one({ at: 2, per: 'irq', bits: 8, count: 1 }), /not aligned/],
    ['a negative offset', one({ at: -4 }), /^B\.A: offset 0x-4/],
    ['a width no register has', one({ width: 24 }), /^B\.A: width 24$/],
    ['an array without count', one({ per: 'irq' }), /^B\.A: a register per irq needs bits and count$/],
    ['an array with a width', one({ per: 'irq', bits: 1, count: 1, width: 32 }), /has bits, not width/],
    ['elements of three bits', one({ per: 'irq', bits: 3, count: 1 }), /^B\.A: elements of 3 bits$/],
    ['no elements', one({ per: 'irq', bits: 1, count: 0 }), /^B\.A: count 0$/],
    ['a stride below the word', one({ per: 'irq', bits: 1, count: 64, stride: 2 }), /^B\.A: stride 2/],
    [
      'a stride that splits 64-bit elements',
      one({ per: 'irq', bits: 64, count: 2, stride: 12 }),
      /^B\.A: stride 12 is no multiple of 8$/,
    ],
    ['count of a plain register', one({ count: 2 }), /^B\.A: count is for array registers/],
    ['a reset value too wide', one({ width: 8, reset: 0x100 }), /^B\.A: reset 256 does not fit 8 bits$/],
    ['writable bits too wide', one({ per: 'irq', bits: 8, count: 1, writable: 0x100 }), /^B\.A: writable 256/],
    ['a high word of 32 bits', one({ resetHigh: 1 }), /^B\.A: resetHigh is for 64-bit registers$/],
    ['an access size of 3', one({ sizes: [3] }), /^B\.A: access sizes are 1, 2, 4 and 8, not 3$/],
    ['no access size', declare({}, { sizes: [] }), /^B: access sizes/],
    ['an alignment of 0', declare({}, { align: 0 }), /^B: alignment 0$/],
    ['an alignment of 12', declare({}, { align: 12 }), /^B: alignment 12$/],
  ];
  for (const [name, run, message] of rows)
    it(name, () => {
      expect(run).toThrow(RangeError);
      expect(run).toThrow(message);
    });
});

describe('accepted', () => {
  it('interleaved strides', () => {
    const pin = { access: rw, per: 'pin', bits: 32, count: 24, stride: 8 } as const;
    expect(Object.keys(registers('B', '', { LOW: { at: 0x40, ...pin }, HIGH: { at: 0x44, ...pin } }).rows)).toEqual([
      'LOW',
      'HIGH',
    ]);
  });

  it('no rows at all', () => expect(registers('B', '', {}).rows).toEqual({}));

  it('the rules have defaults', () => {
    const { rules } = registers('B', '', {});
    expect(rules).toEqual({
      sizes: [4],
      align: 4,
      endian: 'little',
      wrongSize: 'ignore',
      misaligned: 'ignore',
      hole: 'raz',
    });
    expect(registers('B', '', {}, { wrongSize: 'fault' }).rules.misaligned).toBe('fault');
  });
});
