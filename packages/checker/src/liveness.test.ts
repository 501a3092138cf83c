// Liveness: textbook verdicts about livelock, starvation and fair locks; random graphs against Emerson–Lei and against distances found naively.

import { array, bits, struct, u1, type View } from '@virq/irq-core/arena';
import { levelStates } from '@virq/irq-core/models';
import {
  assert,
  BLOCKED,
  choiceOf,
  DONE,
  defineModel,
  type Edits,
  insert,
  lock,
  type Model,
  omit,
  type Property,
  pidOf,
  propertiesOn,
  protocolsOn,
  type ScheduleStep,
  scheduleStep,
  seeded,
} from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { check } from './check.ts';
import { keepTransitions, plainGraph, type StateGraph } from './graph.ts';
import { checkLiveness } from './liveness.ts';
import { checkPlain } from './plain.ts';
import type { Violation } from './result.ts';

const Two = struct('two', {
  gate: lock,
  wants: array(u1, 2),
  inside: array(u1, 2),
  turn: u1,
  flag: u1,
  next: bits(2),
  serving: bits(2),
});
type Machine = { readonly s: View<typeof Two> };
const { protocol } = protocolsOn<Machine>();
const { eventually, leadsTo, never } = propertiesOn<Machine>();

const noneTogether = never('both are inside', (m) => m.s.inside.get(0) === 1 && m.s.inside.get(1) === 1);
const getsIn = leadsTo(
  'who wants in gets in',
  (m, i) => m.s.wants.get(i) === 1,
  (m, i) => m.s.inside.get(i) === 1,
  { over: 2, consequence: 'a vCPU hangs' },
);
const flagRises = eventually('the flag rises', (m) => m.s.flag === 1);

const polite = protocol('polite', { me: u1 }, () => ({
  raise: (m, f) => m.s.wants.set(f.me, 1),
  look: (m, f) => (m.s.wants.get(f.me ^ 1) === 1 ? 'giveWay' : 'goThrough'),
  goThrough(m) {
    m.s.flag = 1;
    return DONE;
  },
  giveWay(m, f) {
    m.s.wants.set(f.me, 0);
    return 'raise';
  },
}));

const peterson = protocol('peterson', { me: u1 }, (p) => ({
  rest: p.choose(2, (_m, _f, _self, choice) => (choice === 0 ? undefined : DONE)),
  want: (m, f) => m.s.wants.set(f.me, 1),
  giveWay(m, f) {
    m.s.turn = f.me ^ 1;
  },
  waitTurn(m, f) {
    if (m.s.wants.get(f.me ^ 1) === 1 && m.s.turn !== f.me) return BLOCKED;
    m.s.inside.set(f.me, 1);
    return undefined;
  },
  leave(m, f) {
    m.s.inside.set(f.me, 0);
    m.s.wants.set(f.me, 0);
    return 'rest';
  },
}));

const unfair = protocol('unfair', { me: u1 }, (p) => ({
  want: (m, f) => m.s.wants.set(f.me, 1),
  ...p.locked('gate', (m) => m.s.gate, {
    enter: (m, f) => m.s.inside.set(f.me, 1),
    leave(m, f) {
      m.s.inside.set(f.me, 0);
      m.s.wants.set(f.me, 0);
    },
  }),
  again: () => 'want',
}));

const ticket = protocol('ticket', { me: u1, mine: bits(2) }, () => ({
  take(m, f) {
    f.mine = m.s.next;
    m.s.next = (f.mine + 1) & 3;
    m.s.wants.set(f.me, 1);
  },
  waitTurn(m, f) {
    if (m.s.serving !== f.mine) return BLOCKED;
    m.s.inside.set(f.me, 1);
    return undefined;
  },
  leave(m, f) {
    m.s.inside.set(f.me, 0);
    m.s.wants.set(f.me, 0);
    m.s.serving = (f.mine + 1) & 3;
    return 'take';
  },
}));

const spinner = protocol('spinner', {}, () => ({ look: (m) => (m.s.flag === 1 ? DONE : 'look') }));
const raiser = protocol('raiser', {}, (p) => ({
  decide: p.choose(2, (_m, _f, _self, choice) => (choice === 0 ? 'decide' : undefined)),
  raise(m) {
    m.s.flag = 1;
  },
}));
const certainRaiser = omit(raiser, 'decide');
const idler = omit(raiser, 'raise');

const unfairOnce = omit(unfair, 'again');

const model = (start: (spawn: (p: unknown, args?: object) => void) => void, property: Property<Machine>): Model =>
  defineModel({
    name: 'two',
    layout: { s: Two },
    processes: 2,
    protocols: [polite, peterson, unfair, unfairOnce, ticket, spinner, raiser, certainRaiser, idler],
    machine: ({ s }): Machine => ({ s }),
    start: (_m, spawn) => start(spawn as never),
    properties: [noneTogether, property],
  });
/** Two processes of one protocol. */
const pair = (p: unknown, property: Property<Machine>): Model =>
  model((spawn) => {
    spawn(p, { me: 0 });
    spawn(p, { me: 1 });
  }, property);
const both = (a: unknown, b: unknown): Model =>
  model((spawn) => {
    spawn(a);
    spawn(b);
  }, flagRises);

const edited = (m: Model, edit: Edits[number]): Model => ({ ...m, create: (o) => m.create({ ...o, edits: [edit] }) });

function liveness(m: Model): Violation[] {
  const system = m.create();
  return checkLiveness(system, plainGraph(system));
}

/** Replays a violation: ends where it says, or comes back to where its cycle begins. */
function replays(m: Model, { steps, cycleFrom }: Violation): void {
  const { arena, processes } = m.create();
  const seen = [arena.bytes.slice()];
  for (const step of steps) {
    expect(processes.step(pidOf(step), choiceOf(step))).not.toBe('blocked');
    seen.push(arena.bytes.slice());
  }
  if (cycleFrom !== null) expect(seen.at(-1)).toEqual(seen[cycleFrom]);
}

describe('the plain graph', () => {
  it.each([1, 2])('has the states and transitions of the plain engine (%i raising)', (raising) => {
    const m = levelStates.build({ raising });
    const graph = plainGraph(m.create());
    let transitions = 0;
    for (let i = 0; i < graph.count; i++) graph.successors(i, () => transitions++);
    const r = checkPlain(m.create());
    expect([graph.count, transitions]).toEqual([r.states, r.transitions]);
    const listed = (g: StateGraph) =>
      Array.from({ length: g.count }, (_, i) => {
        const list: number[][] = [];
        g.successors(i, (...transition) => list.push(transition));
        return list;
      });
    expect(listed(keepTransitions(graph))).toEqual(listed(graph));
  });
});

describe('the plain graph of more states than fit at first', () => {
  const counter = protocol('counter', { n: bits(6) }, () => ({
    count(_m, f) {
      if (f.n === 49) return DONE;
      f.n++;
      return 'count';
    },
  }));

  it('keeps each once', () => {
    const m = defineModel({
      name: 'counters',
      layout: { s: Two },
      processes: 2,
      protocols: [counter],
      machine: ({ s }): Machine => ({ s }),
      start(_m, spawn) {
        spawn(counter);
        spawn(counter);
      },
      properties: [flagRises],
    });
    expect(plainGraph(m.create()).count).toBe(51 * 51);
    expect(liveness(m)[0]?.steps).toHaveLength(100);
  });
});

describe('textbook verdicts', () => {
  it('two polite processes give way to each other for ever, and both move all the time', () => {
    const m = pair(polite, flagRises);
    const [v] = liveness(m);
    expect([v?.property, v?.cycleFrom, v?.message]).toEqual([
      'the flag rises',
      0,
      '6 steps repeat for ever: process 0, polite and process 1, polite',
    ]);
    replays(m, v as Violation);
  });

  it("Peterson's algorithm lets in whoever wants in", () => {
    const m = pair(peterson, getsIn);
    expect(checkPlain(m.create()).verdict).toBe('ok');
    expect(liveness(m)).toEqual([]);
  });

  it('a ticket lock lets in whoever took a ticket', () => {
    expect(liveness(pair(ticket, getsIn))).toEqual([]);
  });

  it('an unfair lock starves: its waiter can move now and then, which weak fairness does not ask for', () => {
    const m = pair(unfair, getsIn);
    const [v] = liveness(m);
    expect([v?.kind, v?.instance, v?.consequence, v?.message]).toEqual([
      'leadsTo',
      0,
      'a vCPU hangs',
      "instance 0: 6 steps repeat for ever: process 1, unfair; process 0, unfair, stays at 'lock gate'",
    ]);
    replays(m, v as Violation);
  });

  it('an unfair lock does not starve those who compete a bounded number of times', () => {
    expect(liveness(pair(unfairOnce, getsIn))).toEqual([]);
  });
});

describe('fairness', () => {
  it('a process that can move all the time does move, whatever another one spins on', () => {
    expect(liveness(both(spinner, certainRaiser))).toEqual([]);
  });

  it('the alternatives of one process are not fair: it may choose the same for ever', () => {
    const m = both(spinner, raiser);
    const [v] = liveness(m);
    expect([v?.cycleFrom, v?.steps]).toEqual([0, [scheduleStep(0), scheduleStep(1, 0)]]);
    replays(m, v as Violation);
  });

  it('a path that ends keeps no promise', () => {
    const m = model((spawn) => spawn(unfairOnce, { me: 0 }), flagRises);
    const [v] = liveness(m);
    expect([v?.message, v?.steps.length, v?.cycleFrom]).toEqual(['nothing can move any more', 5, null]);
    replays(m, v as Violation);
  });

  it('names those who stand where a path ends', () => {
    const stuck = insert(certainRaiser, { before: 'raise' }, { sleep: () => BLOCKED });
    const [v] = liveness(edited(both(certainRaiser, certainRaiser), [certainRaiser, stuck]));
    expect(v?.message).toMatch(/^nothing can move any more; process 0, .* stays at 'sleep'; process 1, .* at 'sleep'$/);
  });

  it('a step that fails is passed on, not taken for an end', () => {
    const failing = insert(certainRaiser, { before: 'raise' }, { fail: () => assert(false, 'never here') });
    const m = edited(both(spinner, certainRaiser), [certainRaiser, failing]);
    expect(() => liveness(m)).toThrow('never here');
  });
});

describe.each(['plain', 'compiled'] as const)('check with the %s engine', (engine) => {
  it.each([
    ['livelock', pair(polite, flagRises)],
    ['Peterson', pair(peterson, getsIn)],
    ['tickets', pair(ticket, getsIn)],
    ['starvation', pair(unfair, getsIn)],
    ['bounded competition', pair(unfairOnce, getsIn)],
    ['choice', both(spinner, raiser)],
    ['fair spinning', both(spinner, certainRaiser)],
  ])('gives the verdict and the lengths of the graph: %s', (_name, m) => {
    const lengths = (list: readonly Violation[]) => list.map((v) => [v.property, v.steps.length, v.cycleFrom]);
    const r = check(m.create, { engine });
    expect(lengths(r.violations)).toEqual(lengths(liveness(m)));
    for (const v of r.violations) replays(m, v);
  });

  it('a failed step is reported, and promises are not looked at', () => {
    const failing = insert(certainRaiser, { before: 'raise' }, { fail: () => assert(false, 'never here') });
    const m = edited(both(spinner, certainRaiser), [certainRaiser, failing]);
    expect(check(m.create, { engine, all: true }).violations.map((v) => v.property)).toEqual(['no step fails']);
  });
});

interface Edge {
  readonly pid: number;
  readonly choice: number;
  readonly to: number;
}

/** A made-up graph; the machine is the number of the loaded state. */
interface Toy {
  readonly edges: readonly (readonly Edge[])[];
  readonly p: readonly boolean[];
  readonly q: readonly boolean[];
}
const PIDS = 3;
type Now = { now: number };

function toyGraph({ edges }: Pick<Toy, 'edges'>, machine: Now): StateGraph {
  return {
    count: edges.length,
    load: (i) => {
      machine.now = i;
    },
    successors: (i, visit) => {
      for (const e of edges[i]!) visit(e.pid, e.choice, e.to);
    },
  };
}

const noProcesses = { next: () => -1, protocolOf: () => ({ name: 'toy' }), labelOf: () => '' };

function judgeToy(toy: Toy, kind: 'eventually' | 'leadsTo'): Violation | undefined {
  const machine: Now = { now: 0 };
  const on = propertiesOn<Now>();
  const property =
    kind === 'eventually'
      ? on.eventually('q', (m) => toy.q[m.now]!)
      : on.leadsTo(
          'p then q',
          (m) => toy.p[m.now]!,
          (m) => toy.q[m.now]!,
        );
  const system = { machine, processes: noProcesses, properties: [property] };
  return checkLiveness(system as never, toyGraph(toy, machine))[0];
}

function randomToy(seed: number): Toy {
  const r = seeded(seed);
  const count = 2 + r.below(6);
  const density = 1 + r.below(4);
  const edges = Array.from({ length: count }, () =>
    Array.from({ length: PIDS }, (_, pid) =>
      Array.from({ length: r.below(4) < density ? r.below(3) : 0 }, (_, choice) => ({
        pid,
        choice,
        to: r.below(count),
      })),
    ).flat(),
  );
  const rare = 2 + r.below(5);
  return {
    edges,
    p: edges.map(() => r.below(2) === 0),
    q: edges.map(() => r.below(rare) === 0),
  };
}

const enabled = (toy: Toy, i: number, pid: number): boolean => toy.edges[i]!.some((e) => e.pid === pid);

/** Where the promise is made: reachable states (or the first one). */
function madeIn(toy: Toy, kind: 'eventually' | 'leadsTo'): number[] {
  if (kind === 'eventually') return toy.q[0] ? [] : [0];
  const reached = new Set([0]);
  for (const i of reached) for (const e of toy.edges[i]!) reached.add(e.to);
  return [...reached].filter((i) => toy.p[i] && !toy.q[i]);
}

/** States without q from which a fair path without q starts: the greatest fixpoint of Emerson and Lei over (state, who moved last). */
function emersonLei(toy: Toy): Set<number> {
  const nodes = toy.edges.flatMap((_, i) => (toy.q[i] ? [] : Array.from({ length: PIDS + 1 }, (_, k) => i * 8 + k)));
  const next = (n: number): number[] => toy.edges[n >> 3]!.filter((e) => !toy.q[e.to]).map((e) => e.to * 8 + e.pid);
  const just = (n: number, pid: number): boolean => (n & 7) === pid || !enabled(toy, n >> 3, pid);
  let z = new Set(nodes);
  for (let before = -1; before !== z.size; ) {
    before = z.size;
    for (let pid = 0; pid < PIDS; pid++) {
      const until = new Set([...z].filter((n) => just(n, pid)));
      for (let size = -1; size !== until.size; ) {
        size = until.size;
        for (const n of z) if (next(n).some((t) => until.has(t))) until.add(n);
      }
      z = new Set([...z].filter((n) => next(n).some((t) => until.has(t))));
    }
  }
  return new Set([...z].filter((n) => (n & 7) === PIDS).map((n) => n >> 3));
}

/** States without q from which a path without q leads to an end. */
function mayEnd(toy: Toy): Set<number> {
  const ends = new Set(toy.edges.flatMap((out, i) => (out.length === 0 && !toy.q[i] ? [i] : [])));
  for (let size = -1; size !== ends.size; ) {
    size = ends.size;
    toy.edges.forEach((out, i) => {
      if (!toy.q[i] && out.some((e) => ends.has(e.to))) ends.add(i);
    });
  }
  return ends;
}

/** Fewest steps to an end or into a fair component with the promise open, by closure and levels. */
function fewestSteps(toy: Toy, kind: 'eventually' | 'leadsTo'): number {
  const all = toy.edges.map((_, i) => i);
  const reach = all.map((i) => {
    const set = new Set<number>();
    const more = (j: number): void => {
      for (const { to } of toy.edges[j]!)
        if (!toy.q[to] && !set.has(to)) {
          set.add(to);
          more(to);
        }
    };
    if (!toy.q[i]) more(i);
    return set;
  });
  const trap = all.map((i) => {
    if (toy.edges[i]!.length === 0) return true;
    if (!reach[i]!.has(i)) return false;
    const members = all.filter((j) => reach[i]!.has(j) && reach[j]!.has(i));
    return [0, 1, 2].every((pid) =>
      members.some((j) => !enabled(toy, j, pid) || toy.edges[j]!.some((e) => e.pid === pid && members.includes(e.to))),
    );
  });
  const open = (i: number): boolean => !toy.q[i] && (kind === 'leadsTo' ? toy.p[i]! : false);
  let level = new Set<string>(kind === 'eventually' && !toy.q[0] ? ['0!'] : ['0']);
  for (let steps = 0; steps <= 2 * all.length; steps++) {
    for (const s of level) if (!s.endsWith('!') && open(Number(s))) level.add(`${s}!`);
    if ([...level].some((s) => s.endsWith('!') && trap[Number.parseInt(s, 10)])) return steps;
    level = new Set(
      [...level].flatMap((s) =>
        toy.edges[Number.parseInt(s, 10)]!.filter((e) => !s.endsWith('!') || !toy.q[e.to]).map(
          (e) => `${e.to}${s.endsWith('!') ? '!' : ''}`,
        ),
      ),
    );
  }
  return -1;
}

/** Holds a violation against the definition, step by step. */
function isCounterexample(toy: Toy, kind: 'eventually' | 'leadsTo', { steps, cycleFrom }: Violation): boolean {
  const path = [0];
  for (const step of steps) {
    const edge = toy.edges[path.at(-1)!]!.find((e) => scheduleStep(e.pid, e.choice) === step);
    if (edge === undefined) return false;
    path.push(edge.to);
  }
  const lastKept = path.findLastIndex((i) => toy.q[i]);
  const made = kind === 'eventually' ? (lastKept < 0 ? 0 : -1) : path.findIndex((i, k) => k > lastKept && toy.p[i]);
  if (made < 0 || made > (cycleFrom ?? steps.length)) return false;
  if (cycleFrom === null) return toy.edges[path.at(-1)!]!.length === 0;
  const cycle = path.slice(cycleFrom);
  const moved = new Set(steps.slice(cycleFrom).map((s: ScheduleStep) => pidOf(s)));
  const fair = [0, 1, 2].every((pid) => moved.has(pid) || cycle.some((i) => !enabled(toy, i, pid)));
  return fair && cycle.length > 1 && cycle[0] === cycle.at(-1);
}

describe.each(['eventually', 'leadsTo'] as const)('%s on random graphs', (kind) => {
  it('agrees with Emerson and Lei; each counterexample is one, with a shortest way to its cycle', () => {
    const verdicts = { kept: 0, ends: 0, cycles: 0 };
    for (let seed = 1; seed <= 1500; seed++) {
      const toy = randomToy(seed);
      const [fairly, ends] = [emersonLei(toy), mayEnd(toy)];
      const violated = madeIn(toy, kind).some((i) => fairly.has(i) || ends.has(i));
      const v = judgeToy(toy, kind);
      expect([seed, v !== undefined]).toEqual([seed, violated]);
      expect([seed, v === undefined ? -1 : (v.cycleFrom ?? v.steps.length)]).toEqual([seed, fewestSteps(toy, kind)]);
      if (v !== undefined) expect([seed, isCounterexample(toy, kind, v)]).toEqual([seed, true]);
      verdicts[v === undefined ? 'kept' : v.cycleFrom === null ? 'ends' : 'cycles']++;
    }
    for (const n of Object.values(verdicts)) expect(n).toBeGreaterThan(100);
  });
});

describe('several properties', () => {
  const on = propertiesOn<Now>();
  const kept = on.eventually('kept', () => true);
  const first = on.eventually('first', (m, i) => i === 0 || m.now === 9, { over: 3 });
  const second = on.leadsTo(
    'second',
    () => true,
    () => false,
  );
  const judge = (all?: boolean): { found: (string | number)[][]; now: number } => {
    const machine: Now = { now: 5 };
    const graph = toyGraph({ edges: [[{ pid: 0, choice: 0, to: 1 }], []] }, machine);
    const system = {
      machine,
      processes: noProcesses,
      properties: [on.never('state', () => true), kept, first, second],
    };
    const found = checkLiveness(system as never, graph, all).map((v) => [v.property, v.instance, v.steps.length]);
    return { found, now: machine.now };
  };

  it('stops at the first broken one, or goes on to the first broken instance of each; the initial state is loaded', () => {
    expect(judge()).toEqual({ found: [['first', 1, 1]], now: 0 });
    expect(judge(true)).toEqual({
      found: [
        ['first', 1, 1],
        ['second', 0, 1],
      ],
      now: 0,
    });
  });
});

describe('large graphs', () => {
  const count = 1_000_000;
  /** A ring: one process goes round, one spins in place, one leads out of the ring from everywhere (or from nearly everywhere). */
  const ring = (leavesFrom: (i: number) => boolean): StateGraph => ({
    count: count + 1,
    load: () => {},
    successors(i, visit) {
      if (i === count) return;
      visit(0, 0, (i + 1) % count);
      visit(1, 0, i);
      if (leavesFrom(i)) visit(2, 0, count);
    },
  });
  const judge = (graph: StateGraph): Violation[] => {
    const machine: Now = { now: 0 };
    const property = propertiesOn<Now>().eventually('the ring is left', (m) => m.now === count);
    const loaded = { ...graph, load: (i: number) => void Object.assign(machine, { now: i }) };
    return checkLiveness({ machine, processes: noProcesses, properties: [property] } as never, loaded);
  };

  it('a component of a million states and three million transitions is left, by fairness', () => {
    expect(judge(ring(() => true))).toEqual([]);
  });

  it('one state in a million where the way out is shut is enough to stay', () => {
    const [v] = judge(ring((i) => i !== 7));
    expect([v?.cycleFrom, v?.steps.length]).toEqual([0, count + 1]);
  });
});
