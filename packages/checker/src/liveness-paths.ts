// Paths through a state graph: shortest ways to where a promise is open, and fair cycles.

import { type ScheduleStep, scheduleStep } from '@virq/irq-core/protocol';
import type { StateGraph } from './graph.ts';
import type { OpenStates } from './liveness-traps.ts';

const UNSEEN = -2;
const ROOT = -1;

/** States from a root to `i`. */
function chain(parent: Int32Array, i: number): number[] {
  const states: number[] = [];
  for (let at = i; at !== ROOT; at = parent[at] as number) states.push(at);
  return states.reverse();
}

/** Breadth-first tree over all states. */
export interface Tree {
  readonly order: Int32Array;
  /** Level d is `order` from `levels[d]` up to `levels[d + 1]`. */
  readonly levels: readonly number[];
  readonly parent: Int32Array;
}

/** Shortest ways from the initial state to every state. */
export function shortestPaths(graph: StateGraph): Tree {
  const parent = new Int32Array(graph.count).fill(UNSEEN);
  const order = new Int32Array(graph.count);
  const levels = [0];
  parent[0] = ROOT;
  let [head, tail] = [0, 1];
  const visit = (_pid: number, _choice: number, to: number): void => {
    if (parent[to] !== UNSEEN) return;
    parent[to] = order[head] as number;
    order[tail++] = to;
  };
  while (head < tail) {
    levels.push(tail);
    for (const end = tail; head < end; head++) graph.successors(order[head] as number, visit);
  }
  return { order: order.subarray(0, tail), levels, parent };
}

/** Where a promise is made and where it is kept. */
export interface Promised {
  /** The promise is made in state i and not kept at once. */
  isMade(i: number): boolean;
  isKept(i: number): boolean;
}

/** Open states with the way to them. */
export interface Open extends OpenStates {
  /** Shortest schedule to an open state on which the promise is made and then not kept. */
  wayTo(i: number): ScheduleStep[];
}

/** States that are reached from where the promise is made before it is kept, nearest to the initial state first. */
export function openStates(graph: StateGraph, tree: Tree, { isMade, isKept }: Promised): Open {
  const parent = new Int32Array(graph.count).fill(UNSEEN);
  const list = new Int32Array(graph.count);
  let [head, tail] = [0, 0];
  const add = (i: number, from: number): void => {
    if (parent[i] !== UNSEEN || isKept(i)) return;
    parent[i] = from;
    list[tail++] = i;
  };
  const visit = (_pid: number, _choice: number, to: number): void => add(to, list[head] as number);
  for (let d = 0; d + 1 < tree.levels.length || head < tail; d++) {
    const level = tree.order.subarray(tree.levels[d] ?? tree.order.length, tree.levels[d + 1] ?? tree.order.length);
    for (const i of level) if (isMade(i)) add(i, ROOT);
    for (const end = tail; head < end; head++) graph.successors(list[head] as number, visit);
  }

  function wayTo(i: number): ScheduleStep[] {
    const states = chain(parent, i);
    return stepsAlong(graph, [...chain(tree.parent, states[0] as number), ...states.slice(1)]);
  }
  return { list: list.subarray(0, tail), has: (i) => parent[i] !== UNSEEN, wayTo };
}

/** The first step that leads from one state to another. */
function stepBetween(graph: StateGraph, from: number, to: number): ScheduleStep {
  let step = -1;
  graph.successors(from, (pid, choice, target) => {
    if (step < 0 && target === to) step = scheduleStep(pid, choice);
  });
  return step;
}

const stepsAlong = (graph: StateGraph, states: readonly number[]): ScheduleStep[] =>
  states.slice(1).map((to, k) => stepBetween(graph, states[k] as number, to));

/** A transition inside a component. */
interface Inner {
  readonly pid: number;
  readonly choice: number;
  readonly to: number;
}

/** A walk inside one component: when to stop, and the transitions it may take. */
interface Walk {
  readonly from: number;
  inner(i: number): readonly Inner[];
  goal(i: number): boolean;
}

/** Finds states on a shortest walk from (and including) `from` to a goal, which must be in reach. */
function createWalker(count: number): (walk: Walk) => number[] {
  const parent = new Int32Array(count);
  const queue = new Int32Array(count);
  return ({ from, inner, goal }) => {
    parent.fill(UNSEEN);
    parent[from] = ROOT;
    queue[0] = from;
    for (let head = 0, tail = 1; head < tail; head++) {
      const i = queue[head] as number;
      if (goal(i)) return chain(parent, i);
      for (const { to } of inner(i)) {
        if (parent[to] !== UNSEEN) continue;
        parent[to] = i;
        queue[tail++] = to;
      }
    }
    throw new Error('a component is not connected');
  };
}

/**
 * A cycle from `entry` through its component that is weakly fair: it holds a step of each process, or a state in which the
 * process cannot move. Short by taking the nearest process first; not always the shortest.
 */
export function fairCycle(graph: StateGraph, component: Int32Array, entry: number): ScheduleStep[] {
  const steps: ScheduleStep[] = [];
  const owed = new Set<number>();
  const walk = createWalker(graph.count);
  let at = entry;

  const inner = (i: number): Inner[] => {
    const list: Inner[] = [];
    graph.successors(i, (pid, choice, to) => {
      if (component[to] === component[entry]) list.push({ pid, choice, to });
    });
    return list;
  };
  const enabledIn = (i: number): Set<number> => {
    const enabled = new Set<number>();
    graph.successors(i, (pid) => enabled.add(pid));
    return enabled;
  };
  function make({ pid, choice, to }: Inner): void {
    steps.push(scheduleStep(pid, choice));
    owed.delete(pid);
    at = to;
    const enabled = enabledIn(to);
    for (const waiting of owed) if (!enabled.has(waiting)) owed.delete(waiting);
  }
  function follow(states: readonly number[]): void {
    for (const to of states.slice(1)) make(inner(at).find((e) => e.to === to) as Inner);
  }
  const owedStep = (i: number): Inner | undefined => inner(i).find(({ pid }) => owed.has(pid));
  const frees = (i: number): boolean => {
    const enabled = enabledIn(i);
    return [...owed].some((pid) => !enabled.has(pid));
  };

  for (const pid of enabledIn(entry)) owed.add(pid);
  while (owed.size > 0) {
    follow(walk({ from: at, inner, goal: (i) => frees(i) || owedStep(i) !== undefined }));
    const step = owedStep(at);
    if (step !== undefined) make(step);
  }
  follow(walk({ from: at, inner, goal: (i) => i === entry }));
  return steps;
}
