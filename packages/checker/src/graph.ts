// The whole graph of a system, for questions about paths: every state, every transition, nothing reduced.

import { choiceOf, pidOf, type System, scheduleStep } from '@virq/irq-core/protocol';

/** Called for a transition: process `pid` taking alternative `choice` leads to state `to`. */
export type VisitTransition = (pid: number, choice: number, to: number) => void;

/** States by index, 0 the initial one, with all their transitions. */
export interface StateGraph {
  readonly count: number;
  /** Enabled steps of state i in order of pid and choice. */
  successors(i: number, visit: VisitTransition): void;
  /** Loads state i into the system's arena. */
  load(i: number): void;
}

/** Numbers that are only ever appended. */
interface List {
  readonly length: number;
  at(i: number): number;
  push(value: number): void;
}

function createList(): List {
  let data = new Uint32Array(1024);
  let length = 0;
  return {
    get length() {
      return length;
    },
    at: (i) => data[i] as number,
    push(value) {
      if (length === data.length) {
        const more = new Uint32Array(2 * length);
        more.set(data);
        data = more;
      }
      data[length++] = value;
    },
  };
}

/** Distinct arena contents in the order they were found. */
interface Store {
  readonly count: number;
  /** Index of what is in the arena now; kept if it is new. */
  intern(): number;
  load(i: number): void;
}

function createStore({ words, hash }: System['arena']): Store {
  const width = words.length;
  const hashes = createList();
  let data = new Uint32Array(width * 1024);
  let table = new Int32Array(4096).fill(-1);

  function isAt(i: number): boolean {
    for (let k = 0; k < width; k++) if (data[i * width + k] !== words[k]) return false;
    return true;
  }

  function double(): void {
    const [moreData, moreTable] = [new Uint32Array(data.length * 2), new Int32Array(table.length * 2).fill(-1)];
    moreData.set(data);
    for (let i = 0; i < hashes.length; i++) {
      let slot = hashes.at(i) & (moreTable.length - 1);
      while (moreTable[slot] !== -1) slot = (slot + 1) & (moreTable.length - 1);
      moreTable[slot] = i;
    }
    [data, table] = [moreData, moreTable];
  }

  return {
    get count() {
      return hashes.length;
    },
    intern() {
      if (hashes.length * width === data.length) double();
      const h = hash() >>> 0;
      let slot = h & (table.length - 1);
      for (; table[slot] !== -1; slot = (slot + 1) & (table.length - 1)) {
        const i = table[slot] as number;
        if (hashes.at(i) === h && isAt(i)) return i;
      }
      const i = hashes.length;
      table[slot] = i;
      data.set(words, i * width);
      hashes.push(h);
      return i;
    },
    load: (i) => words.set(data.subarray(i * width, (i + 1) * width)),
  };
}

/** Transitions kept state after state. */
interface Edges {
  readonly successors: StateGraph['successors'];
  /** The transitions added from here on are those of the next state. */
  next(): void;
  readonly add: VisitTransition;
}

function createEdges(): Edges {
  const [first, moves, targets] = [createList(), createList(), createList()];
  return {
    next: () => first.push(targets.length),
    add(pid, choice, to) {
      moves.push(scheduleStep(pid, choice));
      targets.push(to);
    },
    successors(i, visit) {
      const end = first.at(i + 1);
      for (let e = first.at(i); e < end; e++) visit(pidOf(moves.at(e)), choiceOf(moves.at(e)), targets.at(e));
    },
  };
}

/** The same graph with its transitions kept, at 8 bytes each, for graphs that have to work them out. */
export function keepTransitions(graph: StateGraph): StateGraph {
  const edges = createEdges();
  for (let i = 0; i < graph.count; i++) {
    edges.next();
    graph.successors(i, edges.add);
  }
  edges.next();
  return { count: graph.count, load: (i) => graph.load(i), successors: edges.successors };
}

/**
 * The graph of a system, found breadth first by running the steps themselves. The system must stand in its initial state.
 * What a step throws is passed on: ask about paths only where 'no step fails' holds.
 */
export function plainGraph({ arena, processes }: System): StateGraph {
  const store = createStore(arena);
  const edges = createEdges();

  /** Makes one step in the loaded state `from` and loads it again. */
  function tryStep(from: number, pid: number, choice: number): void {
    if (processes.step(pid, choice) === 'blocked') return;
    edges.add(pid, choice, store.intern());
    store.load(from);
  }

  store.intern();
  for (let i = 0; i < store.count; i++) {
    edges.next();
    store.load(i);
    for (let pid = processes.next(0); pid >= 0; pid = processes.next(pid + 1)) {
      const choices = processes.choicesOf(pid);
      for (let choice = 0; choice < choices; choice++) tryStep(i, pid, choice);
    }
  }
  edges.next();
  store.load(0);
  return { count: store.count, load: store.load, successors: edges.successors };
}
