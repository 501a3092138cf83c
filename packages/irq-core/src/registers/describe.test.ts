// Values in words, and maps as Markdown.

import { expect, describe as group, it } from 'vitest';
import { RING, TOY } from './__fixtures__/toy-controller.ts';
import { describe, describeValue, registers, registersMarkdown } from './index.ts';

group('values in words', () => {
  const rows: [string, register: string, value: number | bigint, expected: string][] = [
    ['by field and value name, reserved bits shown', 'CTRL', 0x25, '0x25 = MODE level, EN 1, reserved 0x20'],
    ['a zero that has a name', 'CTRL', 0, '0x0 = MODE off'],
    ['a value without a name', 'CTRL', 0x6, '0x6 = MODE 3'],
    ['no fields', 'ID', 0x43, '0x43'],
    ['a word that bit operations made negative', 'STATUS', 1 << 31, '0x80000000 = ERR 0x80000000'],
    [
      'a 64-bit value',
      'BASE',
      0x8000_0000_1234_5004n,
      '0x8000000012345004 = Valid 1, Address 0x12345, Type collection',
    ],
    [
      'reserved bits of a 64-bit value',
      'BASE',
      1n << 62n,
      '0x4000000000000000 = Type none, reserved 0x4000000000000000',
    ],
  ];
  for (const [name, register, value, expected] of rows)
    it(name, () => expect(describeValue(TOY, register, value)).toBe(expected));

  it('as a list, high bits first', () => {
    expect(describe(TOY, 'CTRL', 0x25)).toEqual([
      { field: 'MODE', value: 2, name: 'level' },
      { field: 'EN', value: 1, name: null },
      { field: 'reserved', value: 0x20, name: null },
    ]);
  });

  it('a field that no number holds stays exact', () => {
    const map = registers('B', '', { A: { at: 0, access: 'RO', width: 64, fields: { all: [63, 0] } } });
    expect(describe(map, 'A', 0xffff_ffff_ffff_ffffn)[0]?.value).toBe(0xffff_ffff_ffff_ffffn);
  });

  for (const unknown of ['NONE', 'toString', '__proto__'])
    it(`${unknown} is no register`, () =>
      expect(() => describeValue(TOY, unknown, 0)).toThrow(
        new RegExp(`TOY has no register ${unknown}; it has CTRL, STATUS`),
      ));
});

group('Markdown', () => {
  const lines = [
    'Accesses of 1, 2, 4, 8 bytes, aligned to their size, little-endian; another size: all-ones; misaligned: ignore; no register: fault.',
    '| 0x0 | CTRL | 32 | RW | 0x0 | control | 1.1 |',
    '| 0x20 | BASE | 64 | RW | 0x1907000000000600 |  |  |',
    '| 0x2c | WHOLE | 32 | RW | 0x0 | words \\| only |  |',
    '| 0x100 | ISENABLER | 1 × 40 per irq | W1S | 0x0 |  |  |',
    '| 0x380 | BANK | 32 × 3 per bank, every 0x10 | RO | 0x0 |  |  |',
    '| 3:1 | MODE | 0 off, 1 edge, 2 level |',
    '| 2:0 | Type | 0 none, 4 collection |',
    '| 63 | Valid |  |',
  ];
  for (const line of lines) it(line, () => expect(registersMarkdown(TOY).split('\n')).toContain(line));

  it('the order of declaration does not show', () => {
    const reversed = { ...RING, rows: Object.fromEntries(Object.entries(RING.rows).reverse()) };
    const tables = (text: string): string => text.slice(0, text.indexOf('\n###'));
    expect(tables(registersMarkdown(reversed))).toBe(tables(registersMarkdown(RING)));
  });
});
