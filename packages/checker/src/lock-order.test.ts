// Lock order: inversions found from what ran, though no explored schedule deadlocks.

import { struct, u1, type View } from '@virq/irq-core/arena';
import {
  type AnyProtocol,
  BLOCKED,
  DONE,
  defineModel,
  insert,
  lock,
  propertiesOn,
  protocolsOn,
  reorder,
} from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { plainGraph } from './graph.ts';
import { createPcEdges, type LockUser, lockDiscipline, type PcEdges } from './lock-order.ts';
import { checkPlain } from './plain.ts';
import { BUILT_IN, isAboutLocks } from './result.ts';

const Locks = struct('locks', { a: lock, b: lock, c: lock, handed: u1 });
type Machine = { readonly s: View<typeof Locks> };
const { protocol } = protocolsOn<Machine>();

const aThenB = protocol('aThenB', {}, (p) => ({
  ...p.locked('A', (m) => m.s.a, { ...p.locked('B', (m) => m.s.b, { workUnderBoth: () => {} }) }),
  handOver(m) {
    m.s.handed = 1;
  },
}));
/** The wrong way round, but not before the other is through. */
const bThenA = protocol('bThenA', {}, (p) => ({
  await: (m) => (m.s.handed === 0 ? BLOCKED : undefined),
  ...p.locked('B', (m) => m.s.b, { ...p.locked('A', (m) => m.s.a, { workUnderBoth: () => {} }) }),
}));
const bThenC = protocol('bThenC', {}, (p) => ({
  ...p.locked('B', (m) => m.s.b, { ...p.locked('C', (m) => m.s.c, { workUnderBoth: () => {} }) }),
}));
const cThenA = protocol('cThenA', {}, (p) => ({
  ...p.locked('C', (m) => m.s.c, { ...p.locked('A', (m) => m.s.a, { workUnderBoth: () => {} }) }),
}));
const aAlone = protocol('aAlone', {}, (p) => p.locked('A', (m) => m.s.a, { work: () => {} }));
const bInTurnA = protocol('bInTurnA', {}, (p) => ({
  ...p.locked('B', (m) => m.s.b, { workUnderB: () => {} }),
  ...p.locked('A', (m) => m.s.a, { workUnderA: () => {} }),
}));
/** Leaves early, to the release. */
const early = protocol('early', {}, (p) => ({
  ...p.locked('B', (m) => m.s.b, {
    look: (m) => (m.s.handed === 0 ? 'unlock B' : undefined),
    work: () => {},
  }),
  ...p.locked('A', (m) => m.s.a, { workUnderA: () => {} }),
}));
const leaves = insert(early, { before: 'look' }, { jumpOut: () => 'lock A' });

/** The labels the steps of a model were seen to lead to. */
function observe(...protocols: readonly AnyProtocol<Machine>[]): PcEdges {
  const model = defineModel({
    name: 'locks',
    layout: { s: Locks },
    processes: protocols.length,
    protocols,
    machine: ({ s }): Machine => ({ s }),
    start: (_m, spawn) => {
      for (const p of protocols) spawn(p as never);
    },
    properties: [propertiesOn<Machine>().always('true', () => true)],
  });
  const others = checkPlain(model.create(), { deadlock: false }).violations.filter((v) => !isAboutLocks(v.property));
  expect(others).toEqual([]);
  const system = model.create();
  const { processes } = system;
  const graph = plainGraph(system);
  const edges = createPcEdges();
  for (let i = 0; i < graph.count; i++)
    graph.successors(i, (pid, _choice, to) => {
      graph.load(i);
      const p = processes.protocolOf(pid);
      const from = p.labels.indexOf(processes.labelOf(pid));
      graph.load(to);
      edges.note(p, from, processes.isAlive(pid) ? p.labels.indexOf(processes.labelOf(pid)) : -1);
    });
  return edges;
}

/** A protocol by what its steps do to locks. */
const user = (name: string, notes: LockUser['notes']): LockUser => ({
  name,
  labels: notes.map((_, i) => `step${i}`),
  notes,
});
/** Each user goes through its steps in order. */
const straight = (...users: readonly LockUser[]): PcEdges => {
  const edges = createPcEdges();
  for (const u of users) u.notes.forEach((_, i) => void edges.note(u, i, i + 1 < u.notes.length ? i + 1 : -1));
  return edges;
};
const nests = (...classes: readonly string[]): LockUser =>
  user(
    classes.join(' '),
    classes.map((acquires) => ({ acquires })),
  );

describe('lock order', () => {
  it('an inversion is found although the hand-over keeps the two apart', () => {
    expect(lockDiscipline(observe(aThenB, bThenA))).toEqual({
      property: 'locks are taken in one order',
      kind: 'built-in',
      instance: 0,
      message: "aThenB takes 'B' at 'lock B' while it holds 'A'; bThenA takes 'A' at 'lock A' while it holds 'B'",
      consequence: null,
    });
  });

  it('locks nested in one order pass', () => {
    expect(lockDiscipline(observe(aThenB, aThenB, bThenC, aAlone))).toBeNull();
  });

  it('a circle over three protocols is found', () => {
    expect(lockDiscipline(observe(aThenB, bThenC, cThenA))?.message.split('; ')).toHaveLength(3);
  });

  it('what never ran does not count', () => {
    const never = insert(bThenA, { after: 'await' }, { giveUp: () => DONE });
    expect(lockDiscipline(observe(aThenB, never))).toBeNull();
  });

  it('a lock is held where a jump left its region without releasing it', () => {
    expect(lockDiscipline(observe(early, aThenB))).toBeNull();
    expect(lockDiscipline(observe(leaves, aThenB))?.message).toContain(
      "early~insert(jumpOut) takes 'A' at 'lock A' while it holds 'B'",
    );
  });

  it('a lock released late by an edit is held until then', () => {
    expect(lockDiscipline(observe(bInTurnA, aThenB))).toBeNull();
    const late = reorder(bInTurnA, 'lock A', 'unlock B');
    expect(lockDiscipline(observe(late, aThenB))?.message).toContain("takes 'A' at 'lock A' while it holds 'B'");
  });

  it('a class taken while it is held is a circle of one, though the process never gets it', () => {
    const again = insert(aAlone, { after: 'work' }, { retry: () => 'lock A' });
    expect(lockDiscipline(observe(again))?.message).toBe(
      "aAlone~insert(retry) takes 'A' at 'lock A' while it holds 'A'",
    );
  });
});

describe('the class graph', () => {
  it.each([
    [1, 3],
    [3, 1],
  ])('holds what any path holds, in whatever order the paths were seen', (first, second) => {
    const mayHoldA = user('mayHoldA', [{}, { acquires: 'A' }, { acquires: 'B' }, {}]);
    const edges = straight(nests('B', 'A'));
    for (const way of [first, second]) {
      edges.note(mayHoldA, 0, way);
      edges.note(mayHoldA, way, 2);
    }
    expect(lockDiscipline(edges)?.message).toContain("mayHoldA takes 'B' at 'step2' while it holds 'A'");
  });

  it('reports a shortest circle, each side by the first protocol that showed it', () => {
    const long = [nests('P', 'Q'), nests('Q', 'R'), nests('R', 'P')];
    const edges = straight(...long, nests('A', 'B'), nests('B', 'C'), nests('C', 'A'), nests('B', 'A'));
    edges.note({ ...nests('A', 'B'), name: 'later' }, 0, 1);
    expect(lockDiscipline(edges)?.message).toBe(
      "A B takes 'B' at 'step1' while it holds 'A'; B A takes 'A' at 'step1' while it holds 'B'",
    );
  });

  it('a circle that does not lead back to where the search began is found from within', () => {
    expect(lockDiscipline(straight(nests('X', 'A'), nests('A', 'B'), nests('B', 'A')))?.message).toContain('A B takes');
  });
});

describe('read-side sections', () => {
  it('waiting for the readers of a domain while reading it is a circle of one', () => {
    const self = user('self', [{ enters: 'irq_srcu' }, { awaits: 'irq_srcu' }, { leaves: 'irq_srcu' }]);
    expect(lockDiscipline(straight(self))?.message).toBe(
      "self waits for the readers of 'irq_srcu' at 'step1' while it holds 'irq_srcu'",
    );
  });

  it('a reader that takes a lock under which another waits for the readers is a circle', () => {
    const reader = user('reader', [{ enters: 'S' }, { acquires: 'L' }, { releases: 'L' }, { leaves: 'S' }]);
    const writer = user('writer', [{ acquires: 'L' }, { awaits: 'S' }, { releases: 'L' }]);
    expect(lockDiscipline(straight(reader, writer))?.message).toContain("reader takes 'L'");
    expect(lockDiscipline(straight(writer))).toBeNull();
  });

  it('reading under a lock under which nobody waits, and reading twice, pass', () => {
    const outer = user('outer', [
      { acquires: 'L' },
      { enters: 'S' },
      { enters: 'S' },
      { leaves: 'S' },
      { releases: 'L' },
    ]);
    const reader = user('reader', [{ enters: 'S' }, { acquires: 'L' }, { releases: 'L' }, { leaves: 'S' }]);
    expect(lockDiscipline(straight(outer, reader))).toBeNull();
  });
});

describe('under a spinlock', () => {
  const allocate = protocol('allocate', {}, (p) => ({
    ...p.spinlocked('A', (m) => m.s.a, { allocate: p.sleeps(() => {}) }),
  }));
  const mutexInside = protocol('mutexInside', {}, (p) => ({
    ...p.spinlocked('A', (m) => m.s.a, { ...p.locked('B', (m) => m.s.b, { work: () => {} }) }),
  }));
  const mutexOutside = protocol('mutexOutside', {}, (p) => ({
    ...p.locked('B', (m) => m.s.b, {
      allocate: p.sleeps(() => {}),
      ...p.spinlocked('A', (m) => m.s.a, { ...p.spinlocked('C', (m) => m.s.c, { work: () => {} }) }),
      allocateAgain: p.sleeps(() => {}),
    }),
  }));

  it.each([
    [allocate, "allocate may sleep at 'allocate' while it holds the spinlock 'A'"],
    [mutexInside, "mutexInside may sleep at 'lock B' while it holds the spinlock 'A'"],
  ] as const)('no step sleeps', (faulty, message) => {
    expect(lockDiscipline(observe(faulty as AnyProtocol<Machine>))).toMatchObject({
      property: BUILT_IN.atomic,
      message,
    });
  });

  it('a spinlock may be taken, and outside of it everything may sleep', () => {
    expect(lockDiscipline(observe(mutexOutside))).toBeNull();
  });
});
