// The order in which states are expanded, and how the way to a state is found again without keeping it.

import { type ScheduleStep, scheduleStep } from '@virq/irq-core/protocol';
import type { Explorer, Move } from './explorer.ts';

/** States expanded between two looks at bounds and progress. */
const BATCH = 1 << 13;

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
