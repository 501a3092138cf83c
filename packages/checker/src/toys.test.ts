// Spaces that can be counted by hand, or by ten lines that know nothing of protocols: textbook counts, textbook verdicts.

import { array, struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, defineModel, type Model, propertiesOn, protocolsOn, reorder, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { BUILT_IN, type CheckOptions, check } from './index.ts';

const WAYS: readonly (readonly [string, CheckOptions])[] = [
  ['the steps themselves', { engine: 'plain', reduce: false }],
  ['generated code', { reduce: false }],
  ['generated code, depth first', { reduce: false, search: 'dfs' }],
];
const explore = (model: Model, options: CheckOptions, edits: Parameters<Model['create']>[0] = {}) =>
  check((o) => model.create({ ...o, ...edits }), options);

/** Reachable states and transitions of a transition relation, by JSON texts in a set. */
function enumerate<S>(first: S, next: (s: S) => S[]): { states: number; transitions: number; ends: number } {
  const seen = new Set([JSON.stringify(first)]);
  const queue = [first];
  let [transitions, ends] = [0, 0];
  for (let s = queue.shift(); s !== undefined; s = queue.shift()) {
    const successors = next(s);
    transitions += successors.length;
    if (successors.length === 0) ends++;
    for (const t of successors) {
      const key = JSON.stringify(t);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(t);
    }
  }
  return { states: seen.size, transitions, ends };
}

// Peterson, "Myths about the mutual exclusion problem", 1981.
const Peterson = struct('peterson', { flag: array(u1, 2), turn: u1 });
interface Two {
  readonly s: ViewOf<typeof Peterson>;
}
const two = protocolsOn<Two>();
const peterson = two.protocol('peterson', { me: u8, inside: u1 }, () => ({
  raise: (m, f) => m.s.flag.set(f.me, 1),
  yield(m, f) {
    m.s.turn = 1 - f.me;
  },
  enter(m, f) {
    if (m.s.flag.get(1 - f.me) === 1 && m.s.turn !== f.me) return BLOCKED;
    f.inside = 1;
    return undefined;
  },
  leave(m, f) {
    f.inside = 0;
    m.s.flag.set(f.me, 0);
    return 'raise';
  },
}));

describe.each(WAYS)('Peterson by %s', (_name, options) => {
  const model = defineModel({
    name: 'peterson',
    layout: { s: Peterson, inside: array(u1, 2) },
    processes: 2,
    protocols: [peterson],
    machine: ({ s }): Two => ({ s }),
    start(_m, spawn) {
      spawn(peterson, { me: 0 });
      spawn(peterson, { me: 1 });
    },
    properties: [],
  });

  it('has the states that an enumeration by hand has', () => {
    interface S {
      pc: [number, number];
      flag: [number, number];
      turn: number;
    }
    const step = ({ pc, flag, turn }: S, me: 0 | 1): S[] => {
      const other = (1 - me) as 0 | 1;
      const to = (p: number, change: Partial<S> = {}): S[] => {
        const moved: [number, number] = [...pc];
        moved[me] = p;
        return [{ pc: moved, flag, turn, ...change }];
      };
      const flagged = (v: number): [number, number] => (me === 0 ? [v, flag[1]] : [flag[0], v]);
      if (pc[me] === 0) return to(1, { flag: flagged(1) });
      if (pc[me] === 1) return to(2, { turn: other });
      if (pc[me] === 3) return to(0, { flag: flagged(0) });
      return flag[other] === 1 && turn !== me ? [] : to(3);
    };
    const first: S = { pc: [0, 0], flag: [0, 0], turn: 0 };
    const expected = enumerate(first, (s) => [...step(s, 0), ...step(s, 1)]);
    const r = explore(model, options);
    expect([r.verdict, r.states, r.transitions, r.terminal]).toEqual(['ok', expected.states, expected.transitions, 0]);
  });
});

describe('mutual exclusion', () => {
  const { never } = propertiesOn<Two & { readonly inside: { get(i: number): number } }>();
  const watched = two.protocol('peterson, watched', { me: u8 }, () => ({
    raise: (m, f) => m.s.flag.set(f.me, 1),
    yield(m, f) {
      m.s.turn = 1 - f.me;
    },
    enter(m, f) {
      if (m.s.flag.get(1 - f.me) === 1 && m.s.turn !== f.me) return BLOCKED;
      (m as unknown as { inside: { set(i: number, v: number): void } }).inside.set(f.me, 1);
      return undefined;
    },
    leave(m, f) {
      (m as unknown as { inside: { set(i: number, v: number): void } }).inside.set(f.me, 0);
      m.s.flag.set(f.me, 0);
      return 'raise';
    },
  }));
  const model = defineModel({
    name: 'mutual exclusion',
    layout: { s: Peterson, inside: array(u1, 2) },
    processes: 2,
    protocols: [watched],
    machine: (root) => root as never,
    start(_m, spawn) {
      spawn(watched, { me: 0 });
      spawn(watched, { me: 1 });
    },
    properties: [never('both are inside', (m) => m.inside.get(0) === 1 && m.inside.get(1) === 1) as never],
  });

  it.each([{}, { engine: 'plain' }, { survey: 1 }] as const)('holds in any order of search %#', (options) => {
    expect(explore(model, options).verdict).toBe('ok');
  });

  it('does not hold if the turn is given away before the flag is raised', () => {
    const swapped = [[watched, reorder(watched, 'yield', 'raise')]] as const;
    expect(explore(model, {}, { edits: swapped }).violations[0]?.property).toBe('both are inside');
  });

  it('does not hold if the turn is not given away', () => {
    const kept = [
      [
        watched,
        replace(watched, 'enter', (m, f) => {
          (m as unknown as { inside: { set(i: number, v: number): void } }).inside.set(f.me, 1);
        }),
      ],
    ] as const;
    expect(explore(model, {}, { edits: kept }).violations[0]?.property).toBe('both are inside');
  });
});

// Dijkstra's philosophers: left fork, right fork, eat, put both down.
interface Table {
  readonly forks: { readonly length: number; get(i: number): number; set(i: number, v: number): void };
}
const table = protocolsOn<Table>();
const take = (m: Table, fork: number): typeof BLOCKED | undefined => {
  const i = fork % m.forks.length;
  if (m.forks.get(i) === 1) return BLOCKED;
  m.forks.set(i, 1);
  return undefined;
};
const philosopher = table.protocol('philosopher', { seat: u8 }, () => ({
  takeLeft: (m, f) => take(m, f.seat),
  takeRight: (m, f) => take(m, f.seat + 1),
  putDown(m, f) {
    m.forks.set(f.seat, 0);
    m.forks.set((f.seat + 1) % m.forks.length, 0);
    return 'takeLeft';
  },
}));
/** The last one takes the other fork first. */
const leftHander = table.protocol('left-handed philosopher', { seat: u8 }, () => ({
  takeRight: (m, f) => take(m, f.seat + 1),
  takeLeft: (m, f) => take(m, f.seat),
  putDown(m, f) {
    m.forks.set(f.seat, 0);
    m.forks.set((f.seat + 1) % m.forks.length, 0);
    return 'takeRight';
  },
}));

const dinner = (n: number, ordered: boolean): Model =>
  defineModel({
    name: 'dinner',
    layout: { forks: array(u1, n) },
    processes: n,
    protocols: [philosopher, leftHander],
    machine: ({ forks }): Table => ({ forks }),
    start(_m, spawn) {
      for (let seat = 0; seat < n; seat++) spawn(ordered && seat === n - 1 ? leftHander : philosopher, { seat });
    },
    properties: [],
  });

describe.each([2, 3, 4, 5])('%i philosophers', (n) => {
  /** pc of each: 0 hungry, 1 one fork, 2 both; which forks are taken follows. */
  function expected(ordered: boolean) {
    const first = new Array<number>(n).fill(0);
    const [left, right] = [(i: number) => i, (i: number) => (i + 1) % n];
    const order = (i: number) => (ordered && i === n - 1 ? [right(i), left(i)] : [left(i), right(i)]);
    const taken = (pcs: number[], fork: number) => pcs.some((pc, i) => order(i).slice(0, pc).includes(fork));
    return enumerate(first, (pcs) =>
      pcs.flatMap((pc, i) => {
        const to = pc === 2 ? 0 : pc + 1;
        if (pc < 2 && taken(pcs, order(i)[pc] as number)) return [];
        return [pcs.map((p, j) => (j === i ? to : p))];
      }),
    );
  }

  it.each(WAYS)('who all take the left fork first: one state in which nobody can go on, by %s', (_name, options) => {
    const r = explore(dinner(n, false), { ...options, all: true });
    const { states, transitions, ends } = expected(false);
    expect([r.states, r.transitions, r.terminal]).toEqual([states, transitions, ends]);
    expect([ends, r.violations.map((v) => v.property)]).toEqual([1, [BUILT_IN.deadlock]]);
  });

  it('the shortest way there has one step each', () => {
    expect(explore(dinner(n, false), {}).violations[0]?.steps).toHaveLength(n);
  });

  it.each(WAYS)('one of whom is left-handed: never stuck, by %s', (_name, options) => {
    const r = explore(dinner(n, true), options);
    const { states, transitions, ends } = expected(true);
    expect([r.verdict, r.states, r.transitions, r.terminal, ends]).toEqual(['ok', states, transitions, 0, 0]);
  });
});

// The alternating bit protocol (Bartlett, Scantlebury, Wilkinson, 1969) over channels that hold one message and may lose it.
const Link = struct('link', { full: u1, bit: u1, data: u8 });
const Abp = struct('abp', { sent: u8, got: u8, wrong: u1 });
interface Abp {
  readonly forth: ViewOf<typeof Link>;
  readonly back: ViewOf<typeof Link>;
  readonly abp: ViewOf<typeof Abp>;
}
const abp = protocolsOn<Abp>();
const sender = abp.protocol('sender', { bit: u1, left: u8 }, (p) => ({
  send(m, f) {
    if (m.forth.full === 0) Object.assign(m.forth, { full: 1, bit: f.bit, data: m.abp.sent });
  },
  wait: p.choose(2, (m, _f, _self, choice) => {
    if (choice === 1) return 'send';
    return m.back.full === 1 ? undefined : BLOCKED;
  }),
  acknowledged(m, f) {
    m.back.full = 0;
    if (m.back.bit !== f.bit) return 'send';
    f.bit = 1 - f.bit;
    m.abp.sent = (m.abp.sent + 1) & 3;
    return 'send';
  },
}));
const receiver = abp.protocol('receiver', { bit: u1 }, () => ({
  receive: (m) => (m.forth.full === 0 ? BLOCKED : undefined),
  accept(m, f) {
    m.forth.full = 0;
    if (m.forth.bit !== f.bit) return undefined;
    if (m.forth.data !== m.abp.got) m.abp.wrong = 1;
    m.abp.got = (m.abp.got + 1) & 3;
    f.bit = 1 - f.bit;
    return undefined;
  },
  acknowledge(m, f) {
    if (m.back.full === 0) Object.assign(m.back, { full: 1, bit: 1 - f.bit });
    return 'receive';
  },
}));
const loser = abp.protocol('lossy channels', {}, (p) => ({
  lose: p.choose(2, (m, _f, _self, choice) => {
    const link = choice === 0 ? m.forth : m.back;
    if (link.full === 0) return BLOCKED;
    link.full = 0;
    return 'lose';
  }),
}));

describe.each([...WAYS, ['reduced', { survey: 1 }] as const])(
  'the alternating bit protocol by %s',
  (_name, options) => {
    const { never, sometimes } = propertiesOn<Abp>();
    const model = defineModel({
      name: 'abp',
      layout: { forth: Link, back: Link, abp: Abp },
      processes: 3,
      protocols: [sender, receiver, loser],
      machine: (root): Abp => root,
      start(_m, spawn) {
        spawn(sender);
        spawn(receiver);
        spawn(loser);
      },
      properties: [
        never('a message is lost, doubled or out of order', (m) => m.abp.wrong === 1),
        sometimes('the third message arrives', (m) => m.abp.got === 3),
      ],
    });

    it('delivers every message once and in order, whatever is lost', () => {
      expect(explore(model, options)).toMatchObject({ verdict: 'ok', unreached: [] });
    });

    it('does not if the receiver does not look at the bit', () => {
      const careless = replace(receiver, 'accept', (m, f) => {
        m.forth.full = 0;
        if (m.forth.data !== m.abp.got) m.abp.wrong = 1;
        m.abp.got = (m.abp.got + 1) & 3;
        f.bit = 1 - f.bit;
      });
      const { violations } = explore(model, options, { edits: [[receiver, careless]] });
      expect(violations[0]?.property).toBe('a message is lost, doubled or out of order');
    });
  },
);
