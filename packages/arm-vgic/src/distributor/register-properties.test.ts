// What holds of any sequence of accesses: no access reaches an interrupt beyond its word, user space saves what guests see, and nothing throws.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AT, openRegisters, type Registers, type RegisterVm, SGI } from '../__fixtures__/registers.ts';
import type { Irq } from '../irq/layout.ts';

const NR_IRQS = 96;
const RUNS = { numRuns: 15 };

/** Registers with a part for each interrupt: bits of a part. */
const PARTS = {
  IGROUPR: 1,
  ISENABLER: 1,
  ICENABLER: 1,
  ISPENDR: 1,
  ICPENDR: 1,
  ISACTIVER: 1,
  ICACTIVER: 1,
  IPRIORITYR: 8,
  ITARGETSR: 8,
  ICFGR: 2,
  IROUTER: 64,
} as const;
type Part = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as Part[];

const SEEN = [
  'enabled',
  'pendingLatch',
  'active',
  'group',
  'config',
  'priority',
  'targets',
  'mpidr',
  'target',
  'source',
  'lineLevel',
] as const;
const state = (i: Irq): number[] => SEEN.map((key) => i[key]);

/** Words of a frame, one word of 32 INTIDs or fewer each. */
const access = fc.record({
  name: fc.constantFrom(...NAMES),
  word: fc.nat({ max: 31 }),
  value: fc.nat({ max: 0xffffffff }),
  by: fc.constantFrom('guest' as const, 'user' as const),
});
type Access = typeof access extends fc.Arbitrary<infer A> ? A : never;

/** First INTID and number of INTIDs of the word. */
const rangeOf = ({ name, word }: Access): { first: number; count: number } => {
  const count = Math.max(1, 32 / PARTS[name]);
  return name === 'IROUTER' ? { first: word >>> 1, count: 1 } : { first: word * count, count };
};

function perform(frame: Registers, { name, word, value, by }: Access, base = 0): void {
  const at = base + AT[name] + 4 * word;
  if (by === 'guest') frame.guestWrite(at, value);
  else frame.userWrite(at, value);
}

const all = (t: RegisterVm): Map<string, number[]> =>
  new Map([
    ...[0, 1].flatMap((vcpu) => Array.from({ length: 32 }, (_, n) => [`${vcpu}:${n}`, state(t.irq(n, vcpu))] as const)),
    ...Array.from({ length: NR_IRQS - 32 }, (_, n) => [`spi:${32 + n}`, state(t.irq(32 + n))] as const),
  ]);

describe('F-07 F-14 an access changes interrupts of its word alone', () => {
  it.each([2, 3])('in the distributor of a GICv%d', (gic) => {
    fc.assert(
      fc.property(fc.array(access, { minLength: 1, maxLength: 6 }), (accesses) => {
        const t = openRegisters({ vm: { gic, nr_irqs: NR_IRQS } });
        for (const one of accesses) {
          const before = all(t);
          perform(t.dist, one);
          const { first, count } = rangeOf(one);
          const after = all(t);
          for (const [key, was] of before) {
            const [owner, n] = key.split(':');
            const isIn =
              Number(n) >= first && Number(n) < first + count && (Number(n) >= 32 || (gic === 2 && owner === '0'));
            if (!isIn) expect([one, key, after.get(key)]).toEqual([one, key, was]);
          }
        }
      }),
      RUNS,
    );
  });

  it('in SGI_base, whose interrupts are those of its vCPU', () => {
    fc.assert(
      fc.property(access, (one) => {
        const t = openRegisters({ vm: { nr_irqs: NR_IRQS } });
        const before = all(t);
        perform(t.redist(1), one, SGI);
        const { first, count } = rangeOf(one);
        const after = all(t);
        const hasRow = one.name !== 'ITARGETSR' && one.name !== 'IROUTER';
        for (const [key, was] of before) {
          const n = Number(key.slice(2));
          if (!(hasRow && key.startsWith('1:') && n >= first && n < first + count))
            expect([one, key, after.get(key)]).toEqual([one, key, was]);
        }
      }),
      RUNS,
    );
  });
});

/** What a VMM saves of interrupts, in an order in which it can be restored; the pairs are cleared first. */
const SAVED: readonly (readonly [Part, Part?])[] = [
  ['IGROUPR'],
  ['IPRIORITYR'],
  ['ICFGR'],
  ['ISENABLER', 'ICENABLER'],
  ['ISPENDR', 'ICPENDR'],
  ['ISACTIVER', 'ICACTIVER'],
];
/** Those of the model that say where SPIs go. */
const ROUTES: Readonly<Record<number, Part>> = { 2: 'ITARGETSR', 3: 'IROUTER' };

function transfer(from: Registers, to: Registers, base: number, intids: readonly [number, number]): void {
  const each = (part: Part, visit: (at: number) => void): void => {
    for (let n = intids[0]; n < intids[1]; n += Math.max(1, 32 / PARTS[part]))
      visit(base + AT[part] + (n * PARTS[part]) / 8);
  };
  for (const [part, clear] of SAVED) {
    if (clear !== undefined) each(clear, (at) => void to.userWrite(at, 0xffffffff));
    each(part, (at) => void to.userWrite(at, from.user(at)));
  }
}

/** What a guest reads of all of them. */
const view = (r: Registers, base: number, intids: readonly [number, number]): number[] =>
  SAVED.flatMap(([part]) => {
    const words: number[] = [];
    for (let n = intids[0]; n < intids[1]; n += 32 / PARTS[part])
      words.push(r.guest(base + AT[part] + (n * PARTS[part]) / 8));
    return words;
  });

describe('F-64 user space saves and restores what guests see', () => {
  it.each([2, 3])('of a GICv%d', (gic) => {
    fc.assert(
      fc.property(fc.array(access, { minLength: 1, maxLength: 12 }), (accesses) => {
        const [a, b] = [0, 1].map(() => openRegisters({ vm: { gic, nr_irqs: NR_IRQS } })) as [RegisterVm, RegisterVm];
        for (const [i, one] of accesses.entries()) {
          if (gic === 3 && i % 2 === 1) perform(a.redist(1), one, SGI);
          else perform(a.dist, one);
        }
        const intids = [gic === 2 ? 0 : 32, NR_IRQS] as const;
        b.dist.userWrite(AT.IIDR, a.dist.user(AT.IIDR));
        const route = ROUTES[gic] as Part;
        for (let n = 32; n < NR_IRQS; n += Math.max(1, 32 / PARTS[route]))
          b.dist.userWrite(AT[route] + (n * PARTS[route]) / 8, a.dist.user(AT[route] + (n * PARTS[route]) / 8));
        transfer(a.dist, b.dist, 0, intids);
        if (gic === 3) transfer(a.redist(1), b.redist(1), SGI, [0, 32]);
        const views = [a, b].map((t) => [view(t.dist, 0, intids), gic === 3 ? view(t.redist(1), SGI, [0, 32]) : []]);
        expect(views[1]).toEqual(views[0]);
        expect([...Array(NR_IRQS - 32).keys()].map((n) => b.irq(32 + n).target)).toEqual(
          [...Array(NR_IRQS - 32).keys()].map((n) => a.irq(32 + n).target),
        );
      }),
      RUNS,
    );
  });
});

it('any access of a guest is answered: reads fit their size, and nothing throws', () => {
  const guestAccess = fc.record({
    at: fc.nat({ max: 0x1ffff }),
    size: fc.constantFrom(1, 2, 4, 8),
    value: fc.nat({ max: 0xffffffff }),
    cpu: fc.nat({ max: 1 }),
  });
  for (const gic of [2, 3]) {
    const t = openRegisters({ vm: { gic, nr_irqs: NR_IRQS, its: gic === 3, frames: 512 } });
    const { frames } = t.chip.registers;
    fc.assert(
      fc.property(guestAccess, ({ at, size, value, cpu }) => {
        for (const frame of gic === 3
          ? [frames.distributor(cpu), frames.redistributor(1)]
          : [frames.distributor(cpu)]) {
          if (size === 8) {
            frame.write64(cpu, at, BigInt(value));
            expect(frame.read64(cpu, at)).toBeLessThan(2n ** 64n);
          } else {
            frame.write(cpu, at, size, value);
            expect(frame.read(cpu, at, size)).toBeLessThan(2 ** (8 * size));
          }
        }
      }),
      { numRuns: 400 },
    );
  }
});
