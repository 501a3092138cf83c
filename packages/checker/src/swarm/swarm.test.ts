// Random searches see what the exact ones see, where they can; shards differ, and their union is what they say.

import { bypassRoute, resample, vfioTrigger } from '@virq/irq-core/models';
import { omit, parseSchedule, seeded } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { check, exploreShard, mergeShards, parseShard, randomSearch, replaySteps } from '../index.ts';
import { createCounter, estimate, union } from './sketch.ts';
import { bitstate, fingerprints } from './visited.ts';

const route = bypassRoute.bypassRoute.build({ updates: 2, loads: 3 });
const make = (o: { readonly record: boolean }) => route.create(o);
const exact = check(make, { reduce: false });
const origin = { kind: 'model', name: 'bypass-route', variant: null, scope: { updates: 2, loads: 3 } } as const;
const faulty = (o: { readonly record: boolean }) =>
  vfioTrigger.vfioTrigger.build().create({
    ...o,
    edits: [[vfioTrigger.dropTrigger, omit(vfioTrigger.dropTrigger, 'flushWorker')]],
  });

describe('a random search', () => {
  it.each([1, 2, 3])('with fingerprints sees the states and transitions of the exact one (seed %i)', (seed) => {
    const r = randomSearch(make, { seed });
    expect(r).toMatchObject({ bound: null, states: exact.states, transitions: exact.transitions, violations: [] });
    expect([r.terminal, r.unreached, r.coverage]).toEqual([exact.terminal, [], exact.coverage]);
    expect(r.omission).toBeLessThan(1e-12);
  });

  it('with bits sees at most as many, and gives no probability', () => {
    const r = randomSearch(make, { store: 'bitstate', maxMemory: 2 ** 16 });
    expect(r.states).toBeLessThanOrEqual(exact.states);
    expect(r.states).toBeGreaterThan(exact.states * 0.95);
    expect(r.omission).toBeNull();
  });

  it('is the same for the same seed and another for another', () => {
    const deep = (seed: number) => randomSearch(make, { seed, maxStates: 200 }).sketch;
    expect(deep(1)).toEqual(deep(1));
    expect(deep(1)).not.toEqual(deep(2));
  });

  it('finds what is wrong, with a schedule that shows it', () => {
    const [violation] = randomSearch(faulty, { seed: 5 }).violations;
    expect(violation?.property).toBe('no freed slot is touched');
    expect(violation && replaySteps(faulty({ record: false }), violation).broken).toContain('no freed slot is touched');
  });

  it('finds an end that breaks something', () => {
    const { guest, resample: family } = resample;
    const model = family.build();
    const edits = [[guest, omit(guest, 'signal')]] as const;
    const found = randomSearch((o) => model.create({ ...o, edits })).violations;
    expect(found.map((v) => v.property)).toContain('no device asserts while its line is masked');
  });

  it.each([
    ['states', { maxStates: 50 }],
    ['depth', { maxDepth: 3 }],
    ['memory', { maxMemory: 2 ** 13 }],
    [
      'time',
      {
        maxTime: 5,
        now: (() => {
          let t = 0;
          return () => (t += 3);
        })(),
      },
    ],
  ] as const)('stops at the bound on %s and says so', (bound, options) => {
    expect(randomSearch(make, options)).toMatchObject({ bound });
  });
});

describe('a swarm', () => {
  const shard = (i: number, o = {}) => exploreShard(make, { shard: i, of: 3, origin, ...o });

  it('proves nothing unless a shard saw everything', () => {
    const small = [1, 2].map((i) => shard(i, { maxStates: 300 }));
    const merged = mergeShards(small);
    expect(merged).toMatchObject({ verdict: 'incomplete', missing: [3], violations: [] });
    expect(merged.states).toBeGreaterThan(300);
    expect(mergeShards([...small, shard(3)])).toMatchObject({ verdict: 'ok', missing: [], states: exact.states });
  });

  it('keeps the shortest schedule of every property', () => {
    const shards = [1, 2, 3, 4].map((i) => exploreShard(faulty, { shard: i, of: 4, origin }));
    const { verdict, violations } = mergeShards(shards);
    expect([verdict, violations.map((v) => v.property)]).toEqual(['violated', ['no freed slot is touched']]);
    const lengths = shards.flatMap((s) => s.violations.map((v) => parseSchedule(v.schedule).length));
    expect(parseSchedule(violations[0]?.schedule ?? 's1')).toHaveLength(Math.min(...lengths));
  });

  it('is carried as text', () => {
    const one = shard(1, { maxStates: 50 });
    expect(parseShard(JSON.stringify(one))).toEqual(one);
    for (const bad of ['', '[]', '{"virq":"counterexample/1"}', '{"virq":"shard/1"}'])
      expect(() => parseShard(bad)).toThrow(expect.objectContaining({ code: 'VIRQ-K002' }));
  });

  it.each([0, 4, 1.5])('has no shard %d of 3', (i) => {
    expect(() => shard(i)).toThrow(expect.objectContaining({ code: 'VIRQ-K005' }));
  });

  it('refuses shards of another swarm, a shard twice, and nothing at all', () => {
    const other = exploreShard(make, { shard: 2, of: 4, origin, maxStates: 10 });
    const one = shard(1, { maxStates: 10 });
    const elsewhere = { ...one, shard: 2, origin: { ...origin, scope: { updates: 2, loads: 4 } } };
    for (const list of [[one, other], [one, elsewhere], [one, one], []])
      expect(() => mergeShards(list)).toThrow(expect.objectContaining({ code: 'VIRQ-K005' }));
  });
});

describe('hashes', () => {
  const random = seeded(7);
  const hashes = Array.from({ length: 20_000 }, () => [random.next(), random.next()] as const);

  it('fingerprints tell all of them apart, and know them again', () => {
    const visited = fingerprints(2 ** 22);
    expect([hashes.every(([l, h]) => visited.add(l, h)), hashes.some(([l, h]) => visited.add(l, h))]).toEqual([
      true,
      false,
    ]);
    expect([visited.add(0, 0), visited.add(0, 0)]).toEqual([true, false]);
  });

  it('bits forget none of those they know', () => {
    const visited = bitstate(2 ** 20, 3);
    const fresh = hashes.filter(([l, h]) => visited.add(l, h)).length;
    expect(fresh).toBeGreaterThan(19_900);
    expect(hashes.some(([l, h]) => visited.add(l, h))).toBe(false);
  });

  it.each([10, 1000, 20_000])('%i different ones are estimated within 10 %%, however they are split', (n) => {
    const [a, b] = [createCounter(), createCounter()];
    hashes.slice(0, n).forEach(([l, h], i) => {
      a.add(l, h);
      if (i % 2 === 0) b.add(l, h);
    });
    const both = estimate(union([a.sketch(), b.sketch()]));
    expect(Math.abs(both - n) / n).toBeLessThan(0.1);
  });
});
