// Hashes instead of states: the same spaces, the same verdicts, real schedules; and what they cannot show they do not claim.

import { u1 } from '@virq/irq-core/arena';
import { DONE, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { avic } from '../__fixtures__/peers/avic.ts';
import { intx, intxWithoutLock } from '../__fixtures__/peers/intx.ts';
import { randomModel } from '../__fixtures__/random-model.ts';
import { type CheckOptions, type CheckResult, check, checkWithPauses, randomSearch, replaySteps } from '../index.ts';

type Make = Parameters<typeof check>[0];
const broken = (r: { readonly violations: CheckResult['violations'] }) => r.violations.map((v) => v.property).sort();
const intx4: Make = (o) => intx(4).create(o);
const faulty: Make = (o) => intx(3).create({ ...o, edits: intxWithoutLock });

describe('random models', () => {
  it.each(Array.from({ length: 40 }, (_, i) => 100 + i))('number %i is the same by fingerprints', (seed) => {
    const make: Make = (o) => randomModel(seed).create(o);
    const exact = check(make, { reduce: false, all: true });
    const r = randomSearch(make, { seed });
    const { states, transitions, terminal, unreached, coverage, verdict } = exact;
    expect(r).toMatchObject({ states, transitions, terminal, coverage, bound: null });
    expect([broken(r), r.unreached]).toEqual([broken(exact), unreached]);
    for (const v of r.violations.filter((v) => v.steps.length > 0))
      expect(replaySteps(make({ record: false }), v).broken).toContain(v.property);
    expect(check(make, { store: 'fingerprint', all: true }).verdict).toBe(verdict);
    expect(randomSearch(make, { seed: seed + 1 }).sketch).toEqual(r.sketch);
  });
});

describe('check', () => {
  it('proves with fingerprints, up to a probability', () => {
    const r = check(intx4, { store: 'fingerprint' });
    expect(r).toMatchObject({ verdict: 'ok', bound: null, states: 22_824, transitions: 148_760 });
    expect(r.omission).toBe(22_824 ** 2 / 2 ** 65);
    expect(r.hashFactor).toBeNull();
  });

  it('proves nothing with bits', () => {
    const r = check(intx4, { store: 'bitstate', maxMemory: 2 ** 20 });
    expect(r).toMatchObject({ verdict: 'incomplete', bound: 'bits', omission: null });
    expect(r.states).toBeGreaterThan(22_824 * 0.99);
    expect(r.hashFactor).toBeCloseTo((2 ** 20 * 7) / r.states, 5);
  });

  it('sees less with fewer bits, and other states with other seeds', () => {
    const small = (seed: number) => check(intx4, { store: 'bitstate', maxMemory: 2 ** 13, seed }).states;
    expect(small(1)).toBeLessThan(22_824 * 0.9);
    const [one, again, two] = [1, 1, 2].map(small);
    expect([again === one, two === one]).toEqual([true, false]);
  });

  it.each(['fingerprint', 'bitstate'] as const)('finds a shortest counterexample with %s', (store) => {
    const r = check(faulty, { store });
    const exact = check(faulty);
    expect(r.verdict).toBe('violated');
    expect(r.violations[0]?.steps).toHaveLength(exact.violations[0]?.steps.length ?? -1);
  });

  it('keeps the schedule of a depth-first search where shortest ones are not cheap', () => {
    const [found] = check(faulty, { store: 'fingerprint', all: true }).violations;
    expect(found && replaySteps(faulty({ record: false }), found).broken).toContain(found?.property);
  });

  it('says nothing of hashes when states are kept', () => {
    const r: CheckResult = check(intx4, { store: 'exact' });
    expect([r.omission, r.hashFactor]).toEqual([undefined, undefined]);
  });

  it('pauses and is interrupted', async () => {
    let [time, pauses] = [0, 0];
    const options: CheckOptions & { now: () => number } = {
      store: 'fingerprint',
      now: () => (time += 60),
      onProgress: ({ states }) => states < 5000,
    };
    const pause = async () => {
      pauses++;
    };
    const r = await checkWithPauses(intx4, { ...options, pause });
    expect(r).toMatchObject({ verdict: 'incomplete', bound: 'interrupted' });
    expect(pauses).toBeGreaterThan(1);
  });
});

describe('a stack that does not fit', () => {
  it('is cut, and the result says so', () => {
    const make: Make = (o) => avic(2, 2).model.create(o);
    const r = randomSearch(make, { store: 'bitstate', maxMemory: 2 ** 21 });
    expect(r.bound).toBe('memory');
    expect(r.states).toBeGreaterThan(400_000);
    expect(r.bytes).toBeLessThan(2 ** 21 * 1.5);
  });
});

describe('promises about paths', () => {
  const { protocol } = protocolsOn<{ flag: number }>();
  const { eventually } = propertiesOn<{ flag: number }>();
  const riser = protocol('riser', { on: u1 }, () => ({
    rise(m) {
      m.flag = 1;
      return DONE;
    },
  }));
  const model = defineModel({
    name: 'riser',
    layout: { flag: u1 },
    processes: 1,
    protocols: [riser],
    machine: (root) => root,
    start: (_m, spawn) => void spawn(riser),
    properties: [eventually('the flag rises', (m) => m.flag === 1)],
  });

  it('are not proved by hashes', () => {
    expect(check((o) => model.create(o)).verdict).toBe('ok');
    const r = check((o) => model.create(o), { store: 'fingerprint' });
    expect(r).toMatchObject({ verdict: 'incomplete', bound: 'promises', unreached: ['the flag rises'] });
  });
});
