// Lock order and sleeping under spinlocks, as lockdep sees them: which classes of locks are taken while which are held, over all protocols, whether or not a schedule deadlocks.

import { type Broken, builtIn } from './judge.ts';
import { BUILT_IN } from './result.ts';

/** What a step does to locks. A class is a name; the same name in two protocols is the same class. */
export interface LockNote {
  /** Waits until the lock is free and holds it from then on. */
  readonly acquires?: string;
  readonly releases?: string;
  /** The lock taken is a spinlock. */
  readonly spins?: boolean;
  /** The step may sleep. */
  readonly sleeps?: boolean;
  /** Holds without waiting: a read-side section of SRCU. */
  readonly enters?: string;
  readonly leaves?: string;
  /** Waits until nobody holds it, and does not hold it: synchronize_srcu. */
  readonly awaits?: string;
}

/** What lock order needs of a protocol. */
export interface LockUser {
  readonly name: string;
  readonly labels: readonly string[];
  readonly notes: readonly LockNote[];
}

/** A step that was seen to lead from one label to another; `to` is -1 where the protocol ended. */
export interface PcEdge {
  readonly protocol: LockUser;
  readonly from: number;
  readonly to: number;
}

/** Collects each edge once. */
export interface PcEdges extends Iterable<PcEdge> {
  note(protocol: LockUser, from: number, to: number): void;
}

/** Starts with no edge. */
export function createPcEdges(): PcEdges {
  const seen = new Map<LockUser, Set<number>>();
  return {
    note(protocol, from, to) {
      const edges = seen.get(protocol) ?? new Set();
      seen.set(protocol, edges);
      edges.add((from << 9) | (to + 1));
    },
    *[Symbol.iterator]() {
      for (const [protocol, edges] of seen)
        for (const e of edges) yield { protocol, from: e >> 9, to: (e & 0x1ff) - 1 };
    },
  };
}

/** Where a class was taken while another was held. */
interface Nesting {
  readonly protocol: LockUser;
  readonly pc: number;
  readonly held: string;
  readonly wanted: string;
}

/** Classes that may be held before each label: those of every path that leads there. */
function heldBefore({ notes }: LockUser, edges: readonly PcEdge[]): ReadonlyMap<number, ReadonlySet<string>> {
  const held = new Map<number, Set<string>>([[0, new Set()]]);
  const work = [0];
  for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
    const { acquires, releases, enters, leaves } = notes[pc] ?? {};
    const after = new Set(held.get(pc));
    for (const gone of [releases, leaves]) if (gone !== undefined) after.delete(gone);
    for (const taken of [acquires, enters]) if (taken !== undefined) after.add(taken);
    for (const { from, to } of edges) {
      if (from !== pc || to < 0) continue;
      const known = held.get(to);
      const merged = new Set([...(known ?? []), ...after]);
      if (known !== undefined && known.size === merged.size) continue;
      held.set(to, merged);
      work.push(to);
    }
  }
  return held;
}

/** Every wish for a lock while another is held, granted or not: a label that is reached counts. */
function nestingsOf(protocol: LockUser, edges: readonly PcEdge[]): Nesting[] {
  return [...heldBefore(protocol, edges)].flatMap(([pc, classes]) => {
    const { acquires, awaits } = protocol.notes[pc] ?? {};
    const wanted = acquires ?? awaits;
    return wanted === undefined ? [] : [...classes].map((held) => ({ protocol, pc, held, wanted }));
  });
}

function byProtocolOf(observed: Iterable<PcEdge>): ReadonlyMap<LockUser, readonly PcEdge[]> {
  const byProtocol = new Map<LockUser, PcEdge[]>();
  for (const edge of observed) {
    const edges = byProtocol.get(edge.protocol);
    if (edges === undefined) byProtocol.set(edge.protocol, [edge]);
    else edges.push(edge);
  }
  return byProtocol;
}

/** Class graph: for each held class, the classes taken under it, each with the first nesting that showed it. */
type ClassGraph = ReadonlyMap<string, ReadonlyMap<string, Nesting>>;

function classGraph(observed: Iterable<PcEdge>): ClassGraph {
  const graph = new Map<string, Map<string, Nesting>>();
  for (const [protocol, edges] of byProtocolOf(observed))
    for (const nesting of nestingsOf(protocol, edges)) {
      const under = graph.get(nesting.held) ?? new Map<string, Nesting>();
      graph.set(nesting.held, under);
      if (!under.has(nesting.wanted)) under.set(nesting.wanted, nesting);
    }
  return graph;
}

/** Nestings along a shortest cycle through a class, null if there is none. */
function cycleThrough(graph: ClassGraph, start: string): Nesting[] | null {
  const cameBy = new Map<string, Nesting>();
  const queue = [start];
  for (const at of queue)
    for (const [wanted, nesting] of graph.get(at) ?? []) {
      if (wanted === start) {
        const cycle = [nesting];
        for (let held = at; held !== start; held = (cycle[0] as Nesting).held)
          cycle.unshift(cameBy.get(held) as Nesting);
        return cycle;
      }
      if (cameBy.has(wanted)) continue;
      cameBy.set(wanted, nesting);
      queue.push(wanted);
    }
  return null;
}

function sentence({ protocol, pc, held, wanted }: Nesting): string {
  const does = protocol.notes[pc]?.awaits === undefined ? `takes '${wanted}'` : `waits for the readers of '${wanted}'`;
  return `${protocol.name} ${does} at '${protocol.labels[pc]}' while it holds '${held}'`;
}

/**
 * Finds classes of locks that are taken in a circle, by what the explored steps were seen to do: a shortest circle, with a
 * protocol and label for each of its sides. A class taken while it is already held is a circle of one.
 *
 * As with lockdep, it does not matter whether the processes could ever meet: an outer lock or a hand-over that keeps them
 * apart is not seen. What is held at a label is the union over all paths to it, so a lock that is taken and released under
 * one and the same condition counts as held in between on both sides.
 * Abstraction: classes only. Two instances of one class taken in a declared order (lockdep's nest_lock and subclasses) are
 * reported as recursion; give the inner one a name of its own. SRCU sections of one domain do not count their depth.
 */
function lockOrder(observed: Iterable<PcEdge>): Broken | null {
  const graph = classGraph(observed);
  let shortest: Nesting[] | null = null;
  for (const start of graph.keys()) {
    const cycle = cycleThrough(graph, start);
    if (cycle !== null && (shortest === null || cycle.length < shortest.length)) shortest = cycle;
  }
  return shortest === null ? null : builtIn(BUILT_IN.lockOrder, shortest.map(sentence).join('; '));
}

/** Whether a step may give its CPU away: it says so, takes a mutex, or waits for a grace period. */
const maySleep = ({ sleeps, acquires, spins, awaits }: LockNote): boolean =>
  sleeps === true || awaits !== undefined || (acquires !== undefined && spins !== true);

/** Finds a step that may sleep at a label where a spinlock is held on some path that was seen. */
function sleepsUnderSpinlock(observed: Iterable<PcEdge>): Broken | null {
  for (const [protocol, edges] of byProtocolOf(observed)) {
    const spinlocks = new Set(protocol.notes.flatMap((n) => (n.spins === true ? [n.acquires] : [])));
    for (const [pc, held] of heldBefore(protocol, edges)) {
      const spinlock = [...held].find((name) => spinlocks.has(name));
      if (spinlock === undefined || !maySleep(protocol.notes[pc] ?? {})) continue;
      const where = `${protocol.name} may sleep at '${protocol.labels[pc]}' while it holds the spinlock '${spinlock}'`;
      return builtIn(BUILT_IN.atomic, where);
    }
  }
  return null;
}

/** What the explored steps do to locks that they may not. */
export const lockDiscipline = (observed: Iterable<PcEdge>): Broken | null =>
  lockOrder(observed) ?? sleepsUnderSpinlock(observed);
