// List registers against the words of the sheet's examples.

import { describe, expect, it } from 'vitest';
import { decodeV2, decodeV3, encodeV2, encodeV3, type ListRegister, LR_STATE } from './format.ts';

const { PENDING, ACTIVE } = LR_STATE;
const lr = (l: Partial<ListRegister>): ListRegister => ({
  ...{ intid: 0, state: 0, priority: 0, group: 0, hw: 0, pintid: 0, eoi: 0, source: 0 },
  ...l,
});

const spi = { intid: 40, priority: 0xa0, group: 1 };

describe('F26 GICv3', () => {
  it.each([
    ['level SPI, pending', lr({ ...spi, state: PENDING, eoi: 1 }), 0x50a0020000000028n],
    ['edge SPI, pending', lr({ ...spi, state: PENDING }), 0x50a0000000000028n],
    ['level SPI, active', lr({ ...spi, state: ACTIVE, eoi: 1 }), 0x90a0020000000028n],
    ['hardware PPI 27, pending', lr({ ...spi, intid: 27, state: PENDING, hw: 1, pintid: 27 }), 0x70a0001b0000001bn],
  ] as const)('%s', (_name, fields, word) => {
    const { lo, hi } = encodeV3(fields);
    expect((BigInt(hi) << 32n) | BigInt(lo)).toBe(word);
    expect(decodeV3({ lo, hi })).toEqual(fields);
  });
});

describe('F26 GICv2', () => {
  it.each([
    ['level SPI, pending', lr({ intid: 40, priority: 0xa0, state: PENDING, eoi: 1 }), 0x1a080028],
    [
      'SGI 1 from CPU 2, another waits',
      lr({ intid: 1, priority: 0xa0, state: PENDING, eoi: 1, source: 2 }),
      0x1a080801,
    ],
    ['hardware PPI 27', lr({ intid: 27, priority: 0xa0, state: PENDING, hw: 1, pintid: 27 }), 0x9a006c1b],
  ] as const)('%s', (_name, fields, word) => {
    expect(encodeV2(fields)).toBe(word);
    expect(decodeV2(word)).toEqual(fields);
  });
});
