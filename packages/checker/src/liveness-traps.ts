// Where a promise can stay open for ever: ends, and strongly connected components that are fair to every process.

import type { StateGraph } from './graph.ts';

/** Most processes of a system. */
const PIDS = 256;

/** States in which a promise is open, closed under all transitions that do not keep it. */
export interface OpenStates {
  /** In order of distance from the initial state. */
  readonly list: Int32Array;
  has(i: number): boolean;
}

/** States in which a promise can stay open. */
export interface Traps {
  /** Nothing can move. */
  isEnd(i: number): boolean;
  /** In a component in which a weakly fair path can stay. */
  isFair(i: number): boolean;
  /** Number of the component of an open state, from 1; 0 for all other states. */
  readonly component: Int32Array;
}

const END = 1;
const FAIR = 2;
const SELF_LOOP = 4;

/**
 * Whether a path that stays among `members`, the states of component `id`, can be weakly fair: each process makes a step
 * inside, or cannot move in some state of it. One such component is enough, and none of its parts need be looked at: what
 * a smaller cycle does for a process, a tour of the whole component does as well.
 */
function createFairness(graph: StateGraph, component: Int32Array) {
  const enabled = new Int32Array(PIDS);
  const seenAt = new Int32Array(PIDS);
  const steps = new Uint8Array(PIDS);
  let [id, state] = [0, 0];
  const visit = (pid: number, _choice: number, to: number): void => {
    if (seenAt[pid] !== state + 1) enabled[pid] = (enabled[pid] as number) + 1;
    seenAt[pid] = state + 1;
    if (component[to] === id) steps[pid] = 1;
  };
  return (members: Int32Array): boolean => {
    enabled.fill(0);
    seenAt.fill(0);
    steps.fill(0);
    id = component[members[0] as number] as number;
    for (state of members) graph.successors(state, visit);
    return enabled.every((n, pid) => n < members.length || steps[pid] === 1);
  };
}

/** Tarjan's algorithm on typed arrays, without recursion, over the open states. */
export function findTraps(graph: StateGraph, open: OpenStates): Traps {
  const { count } = graph;
  const component = new Int32Array(count);
  const marks = new Uint8Array(count);
  const found = new Int32Array(count); // order of discovery, from 1; 0: not yet seen
  const low = new Int32Array(count);
  const stack = new Int32Array(open.list.length); // seen states without a component
  const path = new Int32Array(open.list.length); // states of the depth-first path …
  const base = new Uint32Array(open.list.length); // … and where their untried successors begin
  const isFairComponent = createFairness(graph, component);
  let untried = new Int32Array(1024);
  let [top, depth, tried, order, components, entered] = [0, 0, 0, 0, 0, 0];
  let isEnd = true;

  const offer = (_pid: number, _choice: number, to: number): void => {
    isEnd = false;
    if (to === entered) marks[to] = SELF_LOOP;
    else if (open.has(to) && component[to] === 0) {
      if (tried === untried.length) {
        const more = new Int32Array(2 * tried);
        more.set(untried);
        untried = more;
      }
      untried[tried++] = to;
    }
  };

  function enter(v: number): void {
    found[v] = low[v] = ++order;
    stack[top++] = v;
    path[depth] = v;
    base[depth++] = tried;
    [entered, isEnd] = [v, true];
    graph.successors(v, offer);
    if (isEnd) marks[v] = END;
  }

  /** Takes the component whose first state is v off the stack. */
  function close(v: number): void {
    const end = top;
    components++;
    do component[stack[--top] as number] = components;
    while (stack[top] !== v);
    if (end - top === 1 && marks[v] !== SELF_LOOP) return;
    const members = stack.subarray(top, end);
    if (isFairComponent(members)) for (const m of members) marks[m] = FAIR;
  }

  const lower = (v: number, to: number): void => {
    if (to < (low[v] as number)) low[v] = to;
  };

  for (const root of open.list) {
    if (found[root] === 0) enter(root);
    while (depth > 0) {
      const v = path[depth - 1] as number;
      if (tried > (base[depth - 1] as number)) {
        const w = untried[--tried] as number;
        if (found[w] === 0) enter(w);
        else lower(v, found[w] as number); // without effect if w has its component by now: then it was found after v
      } else {
        depth--;
        if (depth > 0) lower(path[depth - 1] as number, low[v] as number);
        if (low[v] === found[v]) close(v);
      }
    }
  }
  return { isEnd: (i) => marks[i] === END, isFair: (i) => marks[i] === FAIR, component };
}
