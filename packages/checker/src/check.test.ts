// The ways to search agree with the reference engine: breadth first, depth first, reduced, by several threads.

import { bits, u1, u8 } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineModel, lock, omit, propertiesOn, protocolsOn, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { BUILT_IN, type CheckOptions, check, checkWithPauses } from './index.ts';
import { checkInParallel } from './workers/index.ts';

interface Counter {
  readonly s: { value: number; turn: number; readonly guard: { holder: number } };
}
const { protocol } = protocolsOn<Counter>();
const { always, quiescent, sometimes } = propertiesOn<Counter>();

const increment = protocol('increment', { seen: u8, left: bits(2) }, (p) => ({
  ...p.locked('guard', (m) => m.s.guard, {
    load: (m, f) => {
      f.seen = m.s.value;
    },
    store: (m, f) => {
      m.s.value = f.seen + 1;
    },
  }),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock guard';
  },
}));

const counter = (times: number, workers: number) =>
  defineModel({
    name: 'counter',
    layout: { value: u8, turn: u1, guard: lock },
    processes: workers,
    protocols: [increment],
    machine: (s): Counter => ({ s }),
    start(_m, spawn) {
      for (let i = 0; i < workers; i++) spawn(increment, { left: times - 1 });
    },
    properties: [
      quiescent('no increment is lost', (m) => m.s.value === times * workers),
      always('the counter stays in range', (m) => m.s.value <= times * workers),
      sometimes('the counter is one', (m) => m.s.value === 1),
    ],
  });

const racy = [[increment, omit(increment, 'lock guard', 'unlock guard')]] as const;
const WAYS: readonly (readonly [string, CheckOptions])[] = [
  ['plain', { engine: 'plain' }],
  ['breadth first', { reduce: false }],
  ['depth first', { reduce: false, search: 'dfs' }],
  ['reduced', { survey: 1 }],
  ['reduced, depth first', { survey: 1, search: 'dfs' }],
];

describe.each(WAYS)('%s', (name, options) => {
  const reduced = name.startsWith('reduced');

  it('proves the locked counter', () => {
    const r = check((o) => counter(2, 3).create(o), options);
    expect([r.verdict, r.violations, r.unreached, r.terminal]).toEqual(['ok', [], [], 1]);
    expect(r.coverage.filter((l) => !l.reached)).toEqual([]);
    if (reduced) expect(r.states).toBeLessThan(260);
    else expect([r.states, r.transitions]).toEqual([2600, 5628]);
  });

  it('finds the lost update, and the schedule shows it on the straight runner', () => {
    const r = check((o) => counter(1, 2).create({ ...o, edits: racy }), options);
    const [v] = r.violations;
    expect([r.verdict, v?.property]).toEqual(['violated', 'no increment is lost']);
    if (name !== 'depth first') expect(v?.steps.length).toBe(6);
    const { processes, machine } = counter(1, 2).create({ edits: racy });
    for (const step of v?.steps ?? []) processes.step(step & 0xff, step >> 8);
    expect((machine as Counter).s.value).toBe(1);
  });

  it('refuses a step that blocks and leaves a trace', () => {
    const dirty = replace(increment, 'again', (_m, f) => {
      f.seen = 9;
      return BLOCKED;
    });
    const [v] = check((o) => counter(1, 2).create({ ...o, edits: [[increment, dirty]] }), options).violations;
    expect(v).toMatchObject({
      property: BUILT_IN.fault,
      message: 'a step changed the state and then answered BLOCKED',
    });
  });

  it('finds a process that nothing can wake', () => {
    const stuck = replace(increment, 'again', () => BLOCKED);
    const r = check((o) => counter(1, 2).create({ ...o, edits: [[increment, stuck]] }), options);
    expect(r.violations[0]).toMatchObject({
      property: BUILT_IN.deadlock,
      message: expect.stringContaining("at 'again'"),
    });
  });

  it('finds a step that fails', () => {
    const failing = replace(increment, 'store', () => {
      throw new RangeError('too much');
    });
    const r = check((o) => counter(1, 2).create({ ...o, edits: [[increment, failing]] }), options);
    expect(r.violations[0]).toMatchObject({ property: BUILT_IN.fault, message: 'too much' });
  });
});

describe('bounds', () => {
  const run = (options: CheckOptions) => check((o) => counter(3, 4).create(o), { reduce: false, ...options });

  it.each([
    ['states', { maxStates: 500 }],
    ['depth', { maxDepth: 5 }],
    ['depth', { maxDepth: 5, search: 'dfs' }],
    ['time', { maxTime: 1, now: ticking() }],
    ['interrupted', { now: ticking(), onProgress: () => false }],
  ] as const)('%s makes the answer incomplete', (bound, options) => {
    expect(run(options)).toMatchObject({ verdict: 'incomplete', bound });
  });

  it('memory is never exceeded by more than the first segment', () => {
    const r = run({ maxMemory: 1 << 20 });
    expect([r.verdict, r.bound]).toEqual(['incomplete', 'memory']);
  });
});

/** A clock on which every look costs 200 ms. */
function ticking(): () => number {
  let now = 0;
  return () => {
    now += 200;
    return now;
  };
}

describe('threads', () => {
  it('count what one thread counts', async () => {
    const make = (o: { record: boolean }) => counter(2, 4).create(o);
    const one = check(make, { reduce: false });
    const two = await checkInParallel(make, { reduce: false, workers: 2, prefix: 500 });
    const { states, transitions, terminal, depth, verdict } = one;
    expect(two).toMatchObject({ states, transitions, terminal, depth, verdict });
  });

  it('find the same shortest violation', async () => {
    const make = (o: { record: boolean }) => counter(2, 3).create({ ...o, edits: racy });
    const one = check(make, { reduce: false });
    const two = await checkInParallel(make, { reduce: false, workers: 3, prefix: 100 });
    expect(two.violations[0]?.steps.length).toBe(one.violations[0]?.steps.length);
  });
});

describe('with pauses', () => {
  const make = (o: { readonly record: boolean }) => counter(2, 3).create(o);
  let clock = 0;
  const now = () => (clock += 30);

  it('answers the same and gives others their turn', async () => {
    let turns = 0;
    const pause = async () => void turns++;
    const { states, verdict } = await checkWithPauses(make, { now, pause, reduce: false });
    expect([states, verdict]).toEqual([2600, 'ok']);
    expect(turns).toBeGreaterThan(0);
  });

  it('stops with what is known', async () => {
    const r = await checkWithPauses(make, {
      now,
      pause: async () => undefined,
      reduce: false,
      onProgress: () => false,
    });
    expect([r.verdict, r.bound]).toEqual(['incomplete', 'interrupted']);
    expect(r.states).toBeLessThan(2600);
  });
});
