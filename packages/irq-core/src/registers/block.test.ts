// Dispatch: access classes, widths and alignments, element arrays, byte order, save and restore.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ctx, fresh, IRQS, RING, ring, TOY, toy } from './__fixtures__/toy-controller.ts';
import { type Access, behave, decodeOffset, FAULT, type RegisterMap, registers } from './index.ts';

type Row = [name: string, run: (c: Ctx) => unknown, expected: unknown];
const table = (rows: readonly Row[]): void => {
  for (const [name, run, expected] of rows) it(name, () => expect(run(fresh())).toEqual(expected));
};

describe('access classes', () => {
  table([
    ['RW keeps bits that cannot be written', (c) => [toy.write(c, 0, 4, 0xff), toy.read(c, 0, 4)], [0, 0x0f]],
    ['W1C clears what is one', (c) => [toy.write(c, 4, 4, 0x0f), toy.read(c, 4, 4)], [0, 0xf0]],
    ['W1C leaves the rest of the word alone', (c) => [toy.write(c, 4, 1, 0x101), toy.read(c, 4, 4)], [0, 0xfe]],
    ['RO ignores writes and reads its reset value', (c) => [toy.write(c, 8, 4, 0), toy.read(c, 8, 4)], [0, 0x43]],
    ['WO reads as zero', (c) => [toy.write(c, 0xc, 4, 9), toy.read(c, 0xc, 4), c.kicks], [0, 0, 9]],
    ['RC is cleared by reading', (c) => [toy.read(c, 0x10, 4), toy.read(c, 0x10, 4)], [7, 0]],
    [
      'RC clears only the elements read',
      (c) => {
        c.seen.fill(5);
        return [toy.read(c, 0x351, 1), toy.read(c, 0x350, 4)];
      },
      [5, 0x05050005],
    ],
    ['RAZ/WI', (c) => [toy.write(c, 0x14, 4, 1), toy.read(c, 0x14, 4)], [0, 0]],
    ['RAZ stores and reads as zero', (c) => [toy.write(c, 0x18, 4, 9), toy.read(c, 0x18, 4), c.secret], [0, 0, 9]],
    ['WI reads and ignores writes', (c) => [toy.write(c, 0x1c, 4, 9), toy.read(c, 0x1c, 4)], [0, 0xc0ffee]],
  ]);

  const errors: [Access, read: string[], write: string[]][] = [
    ['RW', [], []],
    ['RO', [], ['B+0x0/4: write to a read-only register']],
    ['WI', [], []],
    ['RC', [], ['B+0x0/4: write to a read-only register']],
    ['WO', ['B+0x0/4: read of a write-only register'], []],
    ['RAZ', [], []],
    ['RAZ/WI', [], []],
    ['W1C', [], []],
    ['W1S', [], []],
  ];
  for (const [access, onRead, onWrite] of errors)
    it(`${access}: what is reported`, () => {
      const said: string[] = [];
      const b = behave(registers('B', '', { A: { at: 0, access } }), {}, (_c: null, e) =>
        said.push(`${e.block}+0x${e.offset.toString(16)}/${e.size}: ${e.rule}`),
      );
      b.read(null, 0, 4);
      expect(said.splice(0)).toEqual(onRead);
      b.write(null, 0, 4, 1);
      expect(said).toEqual(onWrite);
    });
});

describe('arrays', () => {
  table([
    [
      'a word reaches exactly the interrupts whose bit is one',
      (c) => [toy.write(c, 0x204, 4, 0x05), c.touched, toy.read(c, 0x204, 4)],
      [0, ['set 32', 'set 34'], 5],
    ],
    [
      'a byte reaches exactly the interrupts of the byte',
      (c) => [toy.write(c, 0x281, 1, 0xff), c.touched],
      [0, [8, 9, 10, 11, 12, 13, 14, 15].map((i) => `clear ${i}`)],
    ],
    [
      'two registers over one bitmap',
      (c) => [toy.write(c, 0x100, 4, 6), toy.write(c, 0x180, 4, 2), toy.read(c, 0x100, 4)],
      [0, 0, 4],
    ],
    [
      'two bits each, low one read-only',
      (c) => [toy.write(c, 0x300, 4, 0xffff_ffff), toy.read(c, 0x300, 4), c.config.get(3)],
      [0, 0xaaaa_aaaa, 2],
    ],
    [
      'a byte access reaches its byte',
      (c) => [toy.write(c, 0x341, 1, 0xff), toy.read(c, 0x340, 4), toy.read(c, 0x341, 1)],
      [0, 0xf800, 0xf8],
    ],
    [
      'elements beyond the last one are zero',
      (c) => [toy.write(c, 0x344, 4, 0xffff_ffff), toy.read(c, 0x344, 4)],
      [0, 0xf8f8],
    ],
    [
      'a byte of a 16-bit element keeps the other',
      (c) => {
        c.group.set(1, 0x1234);
        return [toy.write(c, 0x34a, 1, 0xff), c.group.get(1)];
      },
      [0, 0x12ff],
    ],
    ['a strided array', (c) => [0x380, 0x390, 0x3a0].map((at) => toy.read(c, at, 4)), [0x1000, 0x1001, 0x1002]],
    [
      'strided 64-bit elements',
      (c) => [0x440, 0x444, 0x460, 0x464].map((at) => toy.read(c, at, 4)),
      [0, 1, 0x10, 0x11],
    ],
    ['the gap between strided elements is a hole', (c) => [toy.read(c, 0x384, 4), toy.read64(c, 0x448)], [FAULT, -1n]],
  ]);

  it('a byte stored reaches only the elements of the byte', () => {
    const stored: number[] = [];
    const map = registers(
      'B',
      '',
      { A: { at: 0, access: 'RW', per: 'irq', bits: 2, count: 32 } },
      { sizes: [1, 4], align: 1 },
    );
    const b = behave(map, { A: { write: (_c: null, _value, i) => void stored.push(i) } });
    b.write(null, 5, 1, 0xff);
    expect(stored).toEqual([20, 21, 22, 23]);
  });

  it('a read asks only for the elements it returns', () => {
    const asked: number[] = [];
    const map = registers(
      'B',
      '',
      { A: { at: 0, access: 'RO', per: 'irq', bits: 1, count: 64 } },
      { sizes: [1, 4], align: 1 },
    );
    const b = behave(map, { A: { read: (_c: null, i) => asked.push(i) & 0 } });
    b.read(null, 5, 1);
    expect(asked).toEqual([40, 41, 42, 43, 44, 45, 46, 47]);
  });
});

describe('64-bit registers', () => {
  table([
    [
      'by halves',
      (c) => [toy.write(c, 0x20, 4, 0x1fff), toy.write(c, 0x24, 4, 0xffff_ffff), toy.read64(c, 0x20)],
      [0, 0, 0x000f_ffff_0000_1000n],
    ],
    ['whole', (c) => [toy.write64(c, 0x20, 0xffff_ffff_ffff_ffffn), c.base], [0, 0x000f_ffff_ffff_f000n]],
    [
      'elements, high half first',
      (c) => [toy.write64(c, 0x408, 0x1_0000_0002n), c.touched, toy.read64(c, 0x408)],
      [0, ['write 1.1', 'write 1.0', 'read 1.0', 'read 1.1'], 0x1_0000_0002n],
    ],
    [
      'misaligned and forbidden',
      (c) => [toy.read64(c, 0x404), toy.write64(c, 0x404, 1n), c.errors],
      [0n, 0, ['TOY+0x404/8: misaligned access', 'TOY+0x404/8: misaligned access']],
    ],
    [
      'a register of words only',
      (c) => [toy.read64(c, 0x28), c.errors],
      [0xffff_ffff_ffff_ffffn, ['TOY+0x28/8: access size not allowed']],
    ],
    [
      '8 bytes do not go through read and write',
      (c) => [toy.read(c, 0x20, 8), toy.write(c, 0x20, 8, 1), c.base],
      [0xffff_ffff, 0, 0n],
    ],
  ]);

  it('reset values of both words without behaviour', () => {
    const b = behave(
      registers('B', '', { A: { at: 0, access: 'RO', width: 64, reset: 2, resetHigh: 1 } }, { sizes: [4, 8] }),
      {},
    );
    expect(b.read64(null, 0)).toBe(0x1_0000_0002n);
  });
});

describe('registers that share a word', () => {
  table([
    [
      'each keeps to itself',
      (c) => [toy.write(c, 0x2a, 1, 0x5a), toy.write(c, 0x28, 2, 0xffff), toy.read(c, 0x28, 2), toy.read(c, 0x2a, 1)],
      [0, 0, 0x7fff, 0x5a],
    ],
    [
      'a word reaches all, each by its class',
      (c) => {
        c.high = 0xff;
        return [toy.write(c, 0x28, 4, 0x0f22_8001), toy.read(c, 0x28, 4)];
      },
      [0, 0xf022_0001],
    ],
    [
      'save and restore reach all, raw',
      (c) => [toy.restore(c, 0x28, 0x0f22_8001), toy.save(c, 0x28)],
      [0, 0x0f22_8001],
    ],
  ]);
});

describe('big-endian', () => {
  const set = (c: Ctx): Ctx => Object.assign(c, { nsr: 0x80, cppr: 0x07, ipb: 0x20, word2: 0x1234_5678 });
  table([
    [
      'the lowest byte is the most significant',
      (c) => [ring.read(set(c), 0, 4), ring.read(c, 0, 2), ring.read(c, 1, 1)],
      [0x8007_2000, 0x8007, 0x07],
    ],
    ['a byte store reaches its register', (c) => [ring.write(set(c), 1, 1, 0xff), c.nsr, c.cppr], [0, 0x80, 0xff]],
    [
      'narrow access to a word',
      (c) => [ring.read(set(c), 8, 1), ring.read(c, 0xa, 2), ring.write(c, 0xb, 1, 0xff), c.word2],
      [0x12, 0x5678, 0, 0x1234_56ff],
    ],
    [
      '8 bytes over narrower registers',
      (c) => [ring.read64(set(c), 0), ring.read64(c, 8)],
      [0x8007_2000_0000_0000n, 0x1234_5678_0000_0000n],
    ],
    [
      'a 64-bit register',
      (c) => [ring.write64(c, 0x10, 0x1_0000_0002n), c.cookie, ring.read(c, 0x10, 4), ring.read64(c, 0x10)],
      [0, 0x1_0000_0002n, 1, 0x1_0000_0002n],
    ],
    [
      'element 0 lies in the most significant byte',
      (c) => [
        ring.write(c, 0x20, 4, 0x0102_0304),
        c.priority.get(0),
        ring.read(c, 0x23, 1),
        ring.write(c, 0x24, 4, 0x0506_0708),
        c.priority.get(5),
      ],
      [0, 1, 4, 0, 6],
    ],
    [
      'a byte between registers is a hole',
      (c) => [ring.read(c, 3, 1), ring.read(c, 4, 4), ring.write(c, 4, 4, 1)],
      [0xff, 0xffff_ffff, 0],
    ],
  ]);
});

describe('forbidden accesses', () => {
  const cases: [string, (c: Ctx) => unknown, unknown, string[]][] = [
    [
      'a size that no machine has',
      (c) => [toy.read(c, 0, 3), toy.write(c, 0, 3, 1)],
      [0xff_ffff, 0],
      ['TOY+0x0/3: access size not allowed', 'TOY+0x0/3: access size not allowed'],
    ],
    [
      'a size the register refuses',
      (c) => [toy.read(c, 0x2c, 2), toy.read(c, 0x2c, 4)],
      [0xffff, 0],
      ['TOY+0x2c/2: access size not allowed'],
    ],
    [
      'misaligned',
      (c) => [toy.read(c, 1, 2), toy.write(c, 2, 4, 9), c.ctrl],
      [0, 0, 0],
      ['TOY+0x1/2: misaligned access', 'TOY+0x2/4: misaligned access'],
    ],
    [
      'a hole',
      (c) => [toy.read(c, 0x30, 4), toy.write(c, 0x384, 4, 0)],
      [FAULT, FAULT],
      ['TOY+0x30/4: no register here', 'TOY+0x384/4: no register here'],
    ],
    [
      'outside the block',
      (c) => [toy.read(c, 0x9000, 4), toy.read(c, -4, 4)],
      [FAULT, FAULT],
      ['TOY+0x9000/4: no register here', 'TOY+0x-4/4: no register here'],
    ],
  ];
  for (const [name, run, expected, errors] of cases)
    it(name, () => {
      const c = fresh();
      expect(run(c)).toEqual(expected);
      expect(c.errors).toEqual(errors);
    });

  it('an access that would cross a word is misaligned even where bytes may lie anywhere', () => {
    const map = registers(
      'B',
      '',
      { A: { at: 0, access: 'RO', reset: 0x4433_2211 } },
      { sizes: [1, 2, 4], align: 1, misaligned: 'all-ones' },
    );
    const b = behave(map, {});
    expect([1, 2, 3].map((at) => b.read(null, at, 2))).toEqual([0x3322, 0x4433, 0xffff]);
  });

  it('a wrong size at a hole is a wrong size, whatever the alignment', () => {
    const map = registers(
      'B',
      '',
      { A: { at: 0, access: 'RO' } },
      { wrongSize: 'all-ones', misaligned: 'fault', hole: 'raz', align: 2 },
    );
    const b = behave(map, {});
    expect([b.read(null, 8, 2), b.read(null, 9, 2), b.read(null, 9, 4), b.read(null, 8, 4)]).toEqual([
      0xffff,
      0xffff,
      FAULT,
      0,
    ]);
  });

  it('a register of 8 bytes only refuses words', () => {
    const map = registers(
      'B',
      '',
      { A: { at: 0, access: 'RW', width: 64, reset: 5, sizes: [8] } },
      { wrongSize: 'fault' },
    );
    const b = behave(map, {});
    expect([b.read(null, 0, 4), b.write(null, 0, 4, 1), b.read64(null, 0)]).toEqual([FAULT, FAULT, 5n]);
  });

  it('words at a wider alignment than their own', () => {
    const map = registers(
      'B',
      '',
      { A: { at: 0, access: 'RO', reset: 1 }, C: { at: 8, access: 'RW', reset: 2 } },
      { align: 16, misaligned: 'all-ones' },
    );
    const b = behave(map, {});
    expect([b.read(null, 0, 4), b.read(null, 8, 4), b.write(null, 8, 4, 0)]).toEqual([1, 0xffff_ffff, 0]);
  });

  it('the default block takes aligned words only', () => {
    const b = behave(registers('B', '', { A: { at: 0, access: 'RO', reset: 5 } }), {});
    expect([b.read(null, 0, 4), b.read(null, 0, 1), b.read(null, 4, 4), b.read64(null, 0)]).toEqual([5, 0, 0, 0n]);
  });
});

describe('every width at every alignment', () => {
  /** Bytes of a little- or big-endian block whose only register reads 0x44332211. */
  const expected = (at: number, size: number, big: boolean): number => {
    const bytes = big ? [0x44, 0x33, 0x22, 0x11] : [0x11, 0x22, 0x33, 0x44];
    const read = bytes.slice(at, at + size);
    return (big ? read : read.reverse()).reduce((value, byte) => value * 256 + byte, 0);
  };
  for (const endian of ['little', 'big'] as const)
    for (const align of [1, 2, 4, 'natural'] as const)
      for (const size of [1, 2, 4])
        for (const at of [0, 1, 2, 3])
          it(`${endian}, align ${align}: ${size} at ${at}`, () => {
            const rules = { sizes: [1, 2, 4], align, endian, misaligned: 'fault' } as const;
            const map = registers('B', '', { A: { at: 0, access: 'RW', reset: 0 } }, rules);
            const c = { a: 0x4433_2211 };
            const b = behave<typeof c, 'A'>(map, { A: { field: 'a' } });
            const fine = at % (align === 'natural' ? size : align) === 0 && at + size <= 4;
            expect(b.read(c, at, size)).toBe(fine ? expected(at, size, endian === 'big') : FAULT);
            expect(b.write(c, at, size, 0xffff_ffff)).toBe(fine ? 0 : FAULT);
            const touched = fine ? size : 0;
            const ones = c.a
              .toString(16)
              .padStart(8, '0')
              .match(/../g)
              ?.filter((byte) => byte === 'ff').length;
            expect(ones).toBe(touched);
          });
});

describe('save and restore', () => {
  table([
    [
      'columns of their own: the latch, not the line',
      (c) => {
        c.line.add(3);
        c.latch.add(4);
        return [toy.read(c, 0x200, 4), toy.save(c, 0x200), toy.save(c, 0x280)];
      },
      [0x18, 0x10, 0],
    ],
    [
      'restore clears as well as sets',
      (c) => {
        c.latch.add(4);
        return [toy.restore(c, 0x200, 1), c.latch.list(), c.touched];
      },
      [0, [0], []],
    ],
    [
      'a column that ignores',
      (c) => {
        c.latch.add(4);
        return [toy.restore(c, 0x280, 0xff), c.latch.list()];
      },
      [0, [4]],
    ],
    ['no writable mask', (c) => [toy.restore(c, 0, 0xff), toy.save(c, 0)], [0, 0xff]],
    [
      'neither access class',
      (c) => [toy.restore(c, 4, 0x123), toy.save(c, 4), toy.restore(c, 0x18, 5), toy.save(c, 0x18)],
      [0, 0x123, 0, 5],
    ],
    ['saving does not clear', (c) => [toy.save(c, 0x10), toy.save(c, 0x10)], [7, 7]],
    [
      'holes and odd offsets',
      (c) => [toy.save(c, 0x30), toy.restore(c, 0x30, 1), toy.save(c, 2), toy.restore(c, 0x9000, 1), c.errors],
      [FAULT, FAULT, FAULT, FAULT, []],
    ],
  ]);

  const words = (map: RegisterMap): number[] =>
    Array.from({ length: 0x120 }, (_, i) => i * 4).filter((at) => decodeOffset(map, at) !== null);
  for (const [block, map] of [
    [toy, TOY],
    [ring, RING],
  ] as const)
    it(`${map.name}: save, restore, save is a fixed point`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.constantFrom(...words(map)), fc.nat(0xffff_ffff)), { maxLength: 20 }),
          (writes) => {
            const c = fresh();
            for (const [at, value] of writes) block.write(c, at, 4, value);
            const saved = words(map).map((at) => block.save(c, at));
            const copy = fresh();
            words(map).forEach((at, i) => void block.restore(copy, at, saved[i] as number));
            expect(words(map).map((at) => block.save(copy, at))).toEqual(saved);
          },
        ),
      );
    });
});

describe('laws', () => {
  const word = fc.nat(0xffff_ffff);
  it('W1C: new = old & ~written, and writing twice is writing once', () => {
    fc.assert(
      fc.property(word, word, (old, written) => {
        const c = Object.assign(fresh(), { status: old });
        toy.write(c, 4, 4, written);
        expect(c.status).toBe((old & ~written) >>> 0);
        toy.write(c, 4, 4, written);
        expect(c.status).toBe((old & ~written) >>> 0);
      }),
    );
  });

  it('W1S then W1C of the same bits over one bitmap leaves the others', () => {
    fc.assert(
      fc.property(word, word, (before, written) => {
        const c = fresh();
        c.enabled.setWord(0, before);
        toy.write(c, 0x100, 4, written);
        expect(toy.read(c, 0x100, 4)).toBe((before | written) >>> 0);
        toy.write(c, 0x180, 4, written);
        expect(toy.read(c, 0x180, 4)).toBe((before & ~written) >>> 0);
      }),
    );
  });

  it('a word is the sum of its bytes, written either way', () => {
    fc.assert(
      fc.property(
        word,
        fc.constantFrom(0, 0x28, 0x300, 0x340, 0x348),
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        (value, at, order) => {
          const [whole, bytewise] = [fresh(), fresh()];
          toy.write(whole, at, 4, value);
          for (const b of order) toy.write(bytewise, at + b, 1, (value >>> (b * 8)) & 0xff);
          expect(toy.read(bytewise, at, 4)).toBe(toy.read(whole, at, 4));
          expect([0, 1, 2, 3].reduce((sum, b) => sum + toy.read(whole, at + b, 1) * 256 ** b, 0)).toBe(
            toy.read(whole, at, 4),
          );
        },
      ),
    );
  });
});

describe('offsets', () => {
  for (const [block, map] of [
    [toy, TOY],
    [ring, RING],
  ] as const) {
    it(`${map.name}: a byte is answered exactly where the map has a register`, () => {
      const reached = new Set<string>();
      for (let at = 0; at < 0x480; at++) {
        const decoded = decodeOffset(map as RegisterMap, at);
        if (decoded !== null) reached.add(decoded.register);
        const c = fresh();
        const allowed = map.rows[decoded?.register as never] as { sizes?: number[] } | undefined;
        if (allowed?.sizes !== undefined) continue;
        block.read(c, at, 1);
        expect(
          c.errors.some((e) => e.endsWith('no register here')),
          `0x${at.toString(16)}`,
        ).toBe(decoded === null);
      }
      expect([...reached].sort()).toEqual(Object.keys(map.rows).sort());
    });
  }

  const decoded: [number, ReturnType<typeof decodeOffset<keyof typeof TOY.rows & string>>][] = [
    [0x24, { register: 'BASE', index: 0 }],
    [0x29, { register: 'HALF', index: 0 }],
    [0x2b, { register: 'HIGH', index: 0 }],
    [0x104, { register: 'ISENABLER', index: 32 }],
    [0x301, { register: 'ICFGR', index: 4 }],
    [0x342, { register: 'PRIORITY', index: 2 }],
    [0x390, { register: 'BANK', index: 1 }],
    [0x40c, { register: 'ROUTER', index: 1 }],
    [0x460, { register: 'SPARSE', index: 1 }],
    [0x384, null],
    [0x448, null],
    [0x30, null],
    [-4, null],
  ];
  for (const [at, expected] of decoded)
    it(`0x${at.toString(16)} is ${expected === null ? 'a hole' : `${expected.register} ${expected.index}`}`, () =>
      expect(decodeOffset(TOY, at)).toEqual(expected));

  it('the whole bitmap is reachable', () => {
    const c = fresh();
    for (let at = 0x100; at < 0x108; at += 4) toy.write(c, at, 4, 0xffff_ffff);
    expect(c.enabled.count()).toBe(IRQS);
  });
});

describe('behaviours', () => {
  it('a behaviour for a row that does not exist does not compile', () => {
    behave(TOY, {
      // @ts-expect-error no such register
      CTRLL: {},
    });
    expect(TOY.rows.CTRL.at).toBe(0);
  });

  it('a field that the context does not have, or that is no register state, does not compile', () => {
    behave<Ctx, 'CTRL' | 'KICK'>(TOY, {
      // @ts-expect-error no such property
      CTRL: { field: 'control' },
      // @ts-expect-error a list of strings
      KICK: { field: 'touched' },
    });
    expect(TOY.rows.KICK.access).toBe('WO');
  });

  it('an array of 64-bit elements cannot be bound to a field', () => {
    expect(() => behave<Ctx, 'ROUTER'>(TOY, { ROUTER: { field: 'routeLo' } })).toThrow(
      /64-bit elements take read and write/,
    );
  });
});
