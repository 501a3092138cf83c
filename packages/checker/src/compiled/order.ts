// The order in which states are expanded, and how the way to a state is found again without keeping it.

import { type Random, type ScheduleStep, scheduleStep } from '@virq/irq-core/protocol';
import type { Explorer, Move } from './explorer.ts';
import { SEGMENT } from './log.ts';

/** States expanded between two looks at bounds and progress. */
const BATCH = 1 << 13;
/** Bytes that a number in an array takes. */
const NUMBER = 8;

/** Breadth first or depth first. */
export interface Order {
  /** States to expand next, [from, to); null when all are. */
  next(): readonly [from: number, to: number] | null;
  /** States up to `reached` have been expanded. */
  expanded(reached: number): void;
  /** Steps from the initial state to state `i`; depth first: a state just found. */
  path(i: number): Way;
  readonly depth: number;
  /** First state of each level, the last one being under way; depth first: of the whole. */
  readonly levels: readonly number[];
  /** Between two levels. */
  atLevelStart(): boolean;
}

/** Steps of a move with the owned steps that were made with it. */
export const stepsOf = (move: Move): ScheduleStep[] => [
  scheduleStep(move.pid, move.choice),
  ...move.chain.map((pid) => scheduleStep(pid)),
];

/** A way through the stored states: steps from the initial state, and the packed state they really reach. */
export interface Way {
  readonly steps: ScheduleStep[];
  readonly state: Int32Array;
}

/** Follows stored states from the initial one. With symmetry a stored state is an image of the one really reached. */
function follow(explorer: Explorer, indices: readonly number[]): Way {
  const steps = explorer.firstChain.map((pid) => scheduleStep(pid));
  let state = explorer.first;
  for (const i of indices.slice(1)) {
    const move = explorer.movesOf(state)?.find((m) => explorer.leadsTo(m, i)) as Move;
    steps.push(...stepsOf(move));
    state = move.reached;
  }
  return { steps, state };
}

/** Level by level: the first violation has a shortest schedule. Predecessors are looked for in the level before. */
export function breadthFirst(explorer: Explorer): Order {
  const levels = [0];
  let [head, end] = [0, 1];
  return {
    levels,
    get depth() {
      return levels.length - 1;
    },
    next: () => (head < explorer.count ? [head, Math.min(end, head + BATCH)] : null),
    expanded(reached) {
      head = reached;
      if (head !== end || explorer.count === end) return;
      levels.push(end);
      end = explorer.count;
    },
    atLevelStart: () => head === levels.at(-1),
    path(i) {
      let level = levels.length - 1;
      while ((levels[level] as number) > i) level--;
      if (i >= end) level++;
      const way = [i];
      for (; level > 0; level--)
        way.unshift(explorer.predecessor(way[0] as number, levels[level - 1] as number, levels[level] ?? end));
      return follow(explorer, way);
    },
  };
}

/** Deepest first: the way to the state under way is the stack. Steps deeper than `maxDepth` are not taken. */
export function depthFirst(explorer: Explorer, maxDepth: number, cut: () => void): Order {
  /** Per depth: the state under way and the end of its siblings. */
  const stack: { at: number; readonly to: number }[] = [{ at: 0, to: 1 }];
  let [deepest, known] = [0, 1];
  return {
    levels: [0],
    get depth() {
      return deepest;
    },
    next() {
      while (stack.length > 0) {
        const top = stack.at(-1) as { at: number; to: number };
        if (top.at < top.to && stack.length <= maxDepth) return [top.at, top.at + 1];
        if (top.at < top.to) cut();
        stack.pop();
        const below = stack.at(-1);
        if (below !== undefined) below.at++;
      }
      return null;
    },
    expanded() {
      deepest = Math.max(deepest, stack.length - 1);
      if (explorer.count > known) stack.push({ at: known, to: explorer.count });
      else (stack.at(-1) as { at: number }).at++;
      known = explorer.count;
    },
    atLevelStart: () => false,
    path(i) {
      const states = stack.map((s) => s.at);
      const way = states.at(-1) === i ? states : [...states, i];
      return follow(explorer, way);
    },
  };
}

/** What a random order needs. */
export interface RandomOrder {
  readonly random: Random;
  readonly maxDepth: number;
  /** Bytes for the stack at present; one segment of the log is free. */
  maxStack(): number;
  /** Told when steps are not taken because they lead too deep. */
  cut(bound: 'depth' | 'memory'): void;
}

/**
 * Depth first in a random order, for an explorer that keeps hashes: the log is the stack. Each state under way is the last of its
 * siblings, its successors lie behind it, and whoever is done is cut off.
 */
export function randomDepthFirst(explorer: Explorer, { random, maxDepth, maxStack, cut }: RandomOrder): Order {
  /** Where the siblings of each depth begin. */
  const starts = [0];
  let [deepest, known] = [0, explorer.count];

  function shuffle(from: number): void {
    for (let i = explorer.count - 1; i > from; i--) explorer.swap(i, from + random.below(i + 1 - from));
  }

  /** Cuts off all from `count` on, and the parents whose successors are all done. */
  function leave(count: number): void {
    let left = count;
    while (starts.length > 0 && starts.at(-1) === left) {
      starts.pop();
      left = Math.max(0, left - 1);
    }
    explorer.cut(left);
    known = left;
  }

  /** Why the states on top of the stack are not expanded. */
  function tooDeep(): 'depth' | 'memory' | null {
    if (starts.length > maxDepth) return 'depth';
    if (known <= SEGMENT) return null;
    return known * explorer.packing.width * 4 + starts.length * NUMBER > maxStack() ? 'memory' : null;
  }

  return {
    levels: [0],
    get depth() {
      return deepest;
    },
    next() {
      for (let bound = tooDeep(); bound !== null; bound = tooDeep()) {
        cut(bound);
        leave(starts.at(-1) as number);
      }
      return known > 0 ? [known - 1, known] : null;
    },
    expanded(reached) {
      if (reached < known) return;
      if (explorer.count === known) return leave(known - 1);
      shuffle(known);
      starts.push(known);
      deepest = Math.max(deepest, starts.length - 1);
      known = explorer.count;
    },
    atLevelStart: () => false,
    path(i) {
      const way = [...starts.slice(1), known].map((behind) => behind - 1);
      return follow(explorer, i === known - 1 ? way : [...way, i]);
    },
  };
}
