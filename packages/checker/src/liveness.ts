// Promises: `eventually` and `leadsTo` under weak fairness of each process, by components of the graph in which a promise stays open.

import { choiceOf, type Property, pidOf, type ScheduleStep, type System } from '@virq/irq-core/protocol';
import type { StateGraph } from './graph.ts';
import { breach } from './judge.ts';
import { fairCycle, openStates, type Promised, shortestPaths, type Tree } from './liveness-paths.ts';
import { findTraps } from './liveness-traps.ts';
import type { Violation } from './result.ts';

/** What the search needs of a system. */
export type Promising = Pick<System, 'machine' | 'processes' | 'properties'>;

/** Whether a property is about paths, so that the whole graph is needed. */
export const isLiveness = ({ kind }: Property<never>): boolean => kind === 'eventually' || kind === 'leadsTo';

const KEPT = 1;
const MADE = 2;

/** Asks one instance of a property in every state. */
function promised({ machine }: Promising, graph: StateGraph, asked: Asked): Promised {
  const { property, instance } = asked;
  const marks = new Uint8Array(graph.count);
  const holds = (i: number, wanted: Property<never>['holds']): boolean => {
    graph.load(i);
    return wanted(machine as never, instance);
  };
  if (property.kind === 'eventually') {
    for (let i = 0; i < graph.count; i++) if (holds(i, property.holds)) marks[i] = KEPT;
    return { isMade: (i) => i === 0, isKept: (i) => marks[i] === KEPT };
  }
  const then = property.then ?? property.holds;
  for (let i = 0; i < graph.count; i++)
    if (holds(i, then)) marks[i] = KEPT;
    else if (property.holds(machine as never, instance)) marks[i] = MADE;
  return { isMade: (i) => marks[i] === MADE, isKept: (i) => marks[i] === KEPT };
}

/** One instance of a property. */
interface Asked {
  readonly property: Property<never>;
  readonly instance: number;
}

/** The processes of the loaded state that are not in `moving`. */
function standing({ processes }: Promising, moving: ReadonlySet<number>): string[] {
  const all: string[] = [];
  for (let pid = processes.next(0); pid >= 0; pid = processes.next(pid + 1))
    if (!moving.has(pid))
      all.push(`process ${pid}, ${processes.protocolOf(pid).name}, stays at '${processes.labelOf(pid)}'`);
  return all;
}

/** Who repeats what, and who is left out. */
function describeCycle(system: Promising, graph: StateGraph, entry: number, cycle: readonly ScheduleStep[]): string {
  const names = new Map<number, string>();
  let at = entry;
  for (const step of cycle) {
    graph.load(at);
    names.set(pidOf(step), system.processes.protocolOf(pidOf(step)).name);
    at = follow(graph, at, step);
  }
  const who = [...names].sort(([a], [b]) => a - b).map(([pid, name]) => `process ${pid}, ${name}`);
  const times = cycle.length === 1 ? '1 step repeats' : `${cycle.length} steps repeat`;
  graph.load(entry);
  return [`${times} for ever: ${who.join(' and ')}`, ...standing(system, new Set(names.keys()))].join('; ');
}

/** Where a step leads. */
function follow(graph: StateGraph, from: number, step: ScheduleStep): number {
  let target = from;
  graph.successors(from, (pid, choice, to) => {
    if (pid === pidOf(step) && choice === choiceOf(step)) target = to;
  });
  return target;
}

/** Looks for a fair path on which one instance of a promise is made and never kept. */
function broken(system: Promising, graph: StateGraph, tree: Tree, asked: Asked): Violation | null {
  const open = openStates(graph, tree, promised(system, graph, asked));
  if (open.list.length === 0) return null;
  const traps = findTraps(graph, open);
  const at = open.list.find((i) => traps.isEnd(i) || traps.isFair(i));
  if (at === undefined) return null;
  const prefix = open.wayTo(at);
  const breached = breach(asked.property, asked.instance);
  const violation = (what: string, cycle: readonly ScheduleStep[]): Violation => ({
    ...breached,
    message: breached.message === '' ? what : `${breached.message}: ${what}`,
    steps: [...prefix, ...cycle],
    cycleFrom: cycle.length === 0 ? null : prefix.length,
  });
  if (traps.isFair(at)) {
    const cycle = fairCycle(graph, traps.component, at);
    return violation(describeCycle(system, graph, at, cycle), cycle);
  }
  graph.load(at);
  return violation(['nothing can move any more', ...standing(system, new Set())].join('; '), []);
}

/**
 * Judges the `eventually` and `leadsTo` properties over the whole graph. Paths are weakly fair to each process: one that can
 * move in every state from some point on does move, again and again. A process that can move only now and then may be
 * passed over for ever (that would be strong fairness), and the alternatives of one process are not fair among each other:
 * a guest may choose the same for ever. Nobody may stand still where he can move, not even at a step marked idle: a guest
 * that may do nothing for ever says so by a choice. A process is its slot of the process table. A path that ends, in
 * whatever state, keeps no promise that is still open.
 *
 * A violation is a path and, unless it ends, a cycle: `steps` from `cycleFrom` on repeat for ever. The path to the cycle is
 * a shortest one. Of a property with several instances the first broken one is reported; `all` goes on to further properties.
 * The arena is left in the initial state. No step may fail in the graph.
 */
export function checkLiveness(system: Promising, graph: StateGraph, all = false): Violation[] {
  const asked = system.properties.filter(isLiveness);
  const violations: Violation[] = [];
  if (asked.length === 0) return violations;
  const tree = shortestPaths(graph);
  for (const property of asked) {
    for (let instance = 0; instance < property.count; instance++) {
      const violation = broken(system, graph, tree, { property, instance });
      if (violation === null) continue;
      violations.push(violation);
      break;
    }
    if (violations.length > 0 && !all) break;
  }
  graph.load(0);
  return violations;
}
