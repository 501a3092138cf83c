// Typed fields of 32- and 64-bit values.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitfield, bitfield64, type FieldSpec } from './index.ts';

const RTE_LOW = bitfield({ vec: [7, 0], dm: [10, 8], level: 15, mask: 16, top: [31, 17] });
const ENTRY = bitfield64(
  { Valid: 63, Size: [62, 52], Address: [51, 12], Word: [11, 4], Type: [2, 0] },
  { straddle: ['Address'] },
);

describe('32 bits', () => {
  it('fields pack and unpack', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(7), fc.nat(1), fc.nat(1), fc.nat(0x7fff), (vec, dm, level, mask, top) => {
        const fields = { vec, dm, level, mask, top };
        expect(RTE_LOW.unpack(RTE_LOW.pack(fields))).toEqual(fields);
      }),
    );
  });

  it('the whole word is one field', () => {
    const all = bitfield({ all: [31, 0] });
    expect([all.set(0, 'all', 0xdead_beef), all.get(0xdead_beef, 'all')]).toEqual([0xdead_beef, 0xdead_beef]);
  });

  it('setting one field leaves the others and cuts what is too wide', () => {
    expect(RTE_LOW.set(0xffff_ffff, 'dm', 0)).toBe(0xffff_f8ff);
    expect(RTE_LOW.set(0, 'dm', 0x1f)).toBe(0x700);
  });
});

describe('64 bits', () => {
  const address = fc.tuple(fc.nat(0xf_ffff), fc.nat(0xf_ffff)).map(([high, low]) => high * 2 ** 20 + low);

  it('fields pack and unpack, across the words too', () => {
    fc.assert(
      fc.property(fc.nat(1), fc.nat(0x7ff), address, fc.nat(0xff), fc.nat(7), (Valid, Size, Address, Word, Type) => {
        const fields = { Valid, Size, Address, Word, Type };
        const { lo, hi } = ENTRY.pack(fields);
        expect(ENTRY.unpack(lo, hi)).toEqual(fields);
        const whole = (BigInt(hi) << 32n) | BigInt(lo);
        expect((whole >> 12n) & 0xff_ffff_ffffn).toBe(BigInt(Address));
      }),
    );
  });

  it('setting one field leaves the others', () => {
    expect([ENTRY.setLo(0xffff_ffff, 'Address', 0), ENTRY.setHi(0xffff_ffff, 'Address', 0)]).toEqual([
      0xfff, 0xfff0_0000,
    ]);
    expect([ENTRY.setLo(0xffff_ffff, 'Valid', 0), ENTRY.setHi(0xffff_ffff, 'Valid', 0)]).toEqual([
      0xffff_ffff, 0x7fff_ffff,
    ]);
    expect([ENTRY.setLo(0xffff_ffff, 'Type', 0), ENTRY.setHi(0xffff_ffff, 'Type', 0)]).toEqual([
      0xffff_fff8, 0xffff_ffff,
    ]);
  });

  it('a whole word each', () => {
    const words = bitfield64({ low: [31, 0], high: [63, 32] });
    expect(words.pack({ low: 0xdead_beef, high: 0xffff_ffff })).toEqual({ lo: 0xdead_beef, hi: 0xffff_ffff });
    expect(words.get(0xdead_beef, 0xffff_ffff, 'high')).toBe(0xffff_ffff);
  });
});

describe('refused', () => {
  const wide =
    (spec: Record<string, FieldSpec>, straddle: string[] = []) =>
    () =>
      bitfield64(spec, { straddle });
  const rows: [string, () => unknown, RegExp][] = [
    ['overlap', () => bitfield({ a: [3, 0], b: 2 }), /field b overlaps/],
    ['beyond 32 bits', () => bitfield({ a: 32 }), /bits 32:32 do not fit 32 bits/],
    ['overlap in 64 bits', wide({ a: [40, 33], b: 33 }), /field b overlaps/],
    ['beyond 64 bits', wide({ a: 64 }), /do not fit 64 bits/],
    ['crossing without saying so', wide({ a: [32, 31] }), /field a crosses bit 32/],
    ['saying so without crossing', wide({ a: [31, 0] }, ['a']), /field a does not cross bit 32/],
    ['wider than a number', wide({ a: [63, 0] }, ['a']), /field a: 64 bits, a number holds 53/],
    ['an unknown field', () => RTE_LOW.get(0, 'trigger' as 'vec'), /no field trigger; there are vec, dm/],
    ['an unknown field of 64 bits', () => ENTRY.get(0, 0, 'trigger' as 'Type'), /no field trigger; there are Valid/],
    ['a straddling name that is no field', wide({ a: 0 }, ['b']), /field b .*not declared/],
  ];
  for (const [name, run, message] of rows)
    it(name, () => {
      expect(run).toThrow(RangeError);
      expect(run).toThrow(message);
    });
});
