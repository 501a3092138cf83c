// Breadth-first search with the explorer: level by level, so that the first violation has a shortest schedule.

import { type ScheduleStep, scheduleStep } from '@virq/irq-core/protocol';
import type { MakeSystem } from '../check.ts';
import { type Broken, breach, builtIn, failure, waiting } from '../judge.ts';
import { createKnowledge, type Knowledge } from '../learn/knowledge.ts';
import { checkLiveness, isLiveness } from '../liveness.ts';
import { lockOrder } from '../lock-order.ts';
import { pathViolations } from '../plain.ts';
import { NONE, reductionsOf } from '../reduce/reductions.ts';
import {
  type Bound,
  BUILT_IN,
  type CheckOptions,
  type CheckResult,
  type LabelCoverage,
  type Violation,
} from '../result.ts';
import { exploredGraph } from './explored-graph.ts';
import { createExplorer, type Explorer, type Move } from './explorer.ts';

/** States expanded between two looks at bounds and progress. */
const BATCH = 1 << 13;
const DEFAULT_MEMORY = 2 ** 31;

/** First index of each level, so that predecessors are looked for in the level before. */
type Levels = number[];

const levelOf = (levels: Levels, i: number): number => {
  let level = levels.length - 1;
  while ((levels[level] as number) > i) level--;
  return level;
};

/** Steps from the initial state to state `i`, found backwards; each with the owned steps that were made with it. */
export function pathTo(explorer: Explorer, levels: Levels, i: number): ScheduleStep[] {
  const steps: ScheduleStep[] = [];
  let target = i;
  for (let level = levelOf(levels, i); level > 0; level--) {
    const from = explorer.predecessor(target, levels[level - 1] as number, levels[level] as number);
    const move = explorer.moves(from).find((m) => explorer.leadsTo(m, target)) as Move;
    const chain = move.chain.map((pid) => scheduleStep(pid));
    steps.unshift(scheduleStep(move.pid, move.choice), ...chain);
    target = from;
  }
  return [...explorer.firstChain.map((pid) => scheduleStep(pid)), ...steps];
}

/** Labels whose step ran, over every protocol that was started. */
function coverage({ actions, system }: Knowledge): LabelCoverage[] {
  const protocols = new Map<number, Set<number>>();
  for (const a of actions) {
    const reached = protocols.get(a.protocol) ?? new Set();
    protocols.set(a.protocol, reached);
    if (a.tree.ran) reached.add(a.pc);
  }
  return [...protocols]
    .sort(([a], [b]) => a - b)
    .flatMap(([id, reached]) => {
      const protocol = system.processes.protocols[id - 1];
      return (protocol?.labels ?? []).map((label, pc) => ({
        protocol: protocol?.name ?? '',
        label,
        reached: reached.has(pc),
      }));
    });
}

/** A breadth-first search that goes on batch by batch. */
export interface Search {
  readonly explorer: Explorer;
  /** First state of each level; the last one is the level under way. */
  readonly levels: Levels;
  /** Expands some more states. False: the search is over. */
  advance(): boolean;
  /** Between two levels: everything before the last level is expanded, nothing of it is. */
  atLevelStart(): boolean;
  /** Judges a state that is not in the log: what it breaks. */
  judgeState(state: Int32Array): Broken | null;
  /** The same for one in which nothing can move. */
  judgeEnd(state: Int32Array): Broken | null;
  /** What was found; null when the reduction rested on an assumption that proved wrong. */
  result(): CheckResult | null;
}

/** One breadth-first search over what is known so far. */
export function createSearch(knowledge: Knowledge, options: CheckOptions, reduce: boolean): Search {
  const { learner, system } = knowledge;
  const { maxStates = Infinity, maxDepth = Infinity, maxTime = Infinity, now, all = false } = options;
  const explorer = createExplorer(knowledge, options.maxMemory ?? DEFAULT_MEMORY, reduce);
  const violations: Violation[] = [];
  const levels: Levels = [0];
  const began = now?.() ?? 0;
  let shown = began;
  let transitions = 0;
  let terminal = 0;
  const contradicted = (): boolean => reduce && knowledge.contradicted;

  /** Notes a violation; true: stop. */
  function violated(broken: Broken, i: number, last: readonly ScheduleStep[] = []): boolean {
    if (isKnown(broken.property)) return false;
    if (contradicted()) return true;
    const steps = [...pathTo(explorer, levels, i), ...last];
    violations.push({ ...broken, steps, cycleFrom: null });
    return !all;
  }

  /** What the state under consideration breaks that is not yet known to be broken. */
  function breaks(): Broken | null {
    for (const q of explorer.unwitnessed) if (knowledge.answer(q)) explorer.witnessed(q);
    for (const q of knowledge.invariants)
      if (knowledge.answer(q) === (q.property.kind === 'never') && !isKnown(q.property.name))
        return breach(q.property, q.instance);
    return null;
  }

  /** The same for a state in which nothing can move. */
  function breaksAtEnd(): Broken | null {
    for (const q of knowledge.quiescents)
      if (!knowledge.answer(q) && !isKnown(q.property.name)) return breach(q.property, q.instance);
    if (options.deadlock === false || isKnown(BUILT_IN.deadlock)) return null;
    learner.load();
    const stuck = waiting(system);
    return stuck === null ? null : builtIn(BUILT_IN.deadlock, stuck);
  }

  const isKnown = (property: string): boolean => violations.some((v) => v.property === property);

  /** Judges the states that the generated code could not; true: stop. */
  function judge(suspects: readonly number[]): boolean {
    for (const i of suspects) {
      explorer.consider(i);
      for (let broken = breaks(); broken !== null; broken = breaks()) {
        if (violated(broken, i)) return true;
        explorer.consider(i);
      }
    }
    return false;
  }

  /** Judges a state in which nothing can move; true: stop. */
  function end(i: number): boolean {
    terminal++;
    explorer.consider(i);
    const broken = breaksAtEnd();
    return broken !== null && violated(broken, i);
  }

  /** Expands one state by observation; true: stop. */
  function observe(i: number): boolean {
    const moves = explorer.moves(i);
    for (const move of moves) {
      if (move.leaf.ending === 'failed') {
        if (violated(failure(move.leaf.error), i, [scheduleStep(move.pid, move.choice)])) return true;
        continue;
      }
      transitions++;
      explorer.follow(move);
    }
    if (moves.length === 0) return end(i);
    explorer.missed();
    return false;
  }

  function boundHit(head: number): Bound | null {
    if (explorer.count > maxStates) return 'states';
    if (levels.length - 1 >= maxDepth && head === levels.at(-1)) return 'depth';
    if (!explorer.makeRoom()) return 'memory';
    if (now === undefined) return null;
    const time = now();
    if (time - began > maxTime) return 'time';
    if (time - shown < 100 || options.onProgress === undefined) return null;
    shown = time;
    const [states, depth, memory] = [explorer.count, levels.length - 1, explorer.bytes];
    const goOn = options.onProgress({ states, transitions, depth, queue: states - head, memory });
    return goOn === false ? 'interrupted' : null;
  }

  let bound: Bound | null = null;
  let stop = judge(explorer.takeSuspects());
  let [head, level] = [0, 1];

  function advance(): boolean {
    if (head >= explorer.count || stop || contradicted()) return false;
    bound = boundHit(head);
    if (bound !== null) return false;
    const to = Math.min(level, head + BATCH);
    const reached = explorer.run(head, to);
    transitions += explorer.takeTransitions();
    if (reached < to && explorer.makeRoom()) {
      stop = observe(reached);
      head = reached + 1;
    } else head = reached;
    stop = judge(explorer.takeSuspects()) || stop;
    if (head === level && explorer.count > level) {
      levels.push(level);
      level = explorer.count;
    }
    return true;
  }

  function result(): CheckResult | null {
    if (contradicted()) return null;
    return {
      verdict: violations.length > 0 ? 'violated' : bound !== null ? 'incomplete' : 'ok',
      violations,
      bound,
      states: explorer.count,
      transitions,
      depth: levels.length - 1,
      terminal,
      bytesPerState: explorer.bytes / explorer.count,
      coverage: coverage(knowledge),
      unreached: [...new Set(explorer.unwitnessed.map((q) => q.property.name))],
    };
  }

  const judged = (ask: () => Broken | null) => (state: Int32Array) => {
    explorer.packing.unpack(state, 0, learner.state);
    return ask();
  };
  return {
    explorer,
    levels,
    advance,
    result,
    atLevelStart: () => head === levels.at(-1),
    judgeState: judged(breaks),
    judgeEnd: judged(breaksAtEnd),
  };
}

function pass(knowledge: Knowledge, options: CheckOptions, reduce: boolean): CheckResult | null {
  const search = createSearch(knowledge, options, reduce);
  while (search.advance());
  const result = search.result();
  if (result === null || result.verdict !== 'ok') return result;
  const { system, edges } = knowledge;
  const live = () => checkLiveness(system, exploredGraph(search.explorer), options.all);
  const violations = pathViolations(lockOrder(edges), live);
  return violations.length === 0 ? result : { ...result, verdict: 'violated', violations };
}

/** States explored without reduction first, to see who touches what; most spaces are no larger. */
const SURVEY = 3000;

/** Exhaustive breadth-first search. */
export function searchBreadthFirst(make: MakeSystem, options: CheckOptions): CheckResult {
  const system = make({ record: true });
  const reductions = system.properties.some(isLiveness) ? NONE : reductionsOf(options);
  const reduce = reductions.partialOrder || reductions.deadLocals;
  const knowledge = createKnowledge(system, reductions);
  const { maxStates = Infinity } = options;
  if (!reduce) return pass(knowledge, options, false) as CheckResult;
  const survey = Math.min(options.survey ?? SURVEY, maxStates);
  const first = pass(knowledge, { ...options, maxStates: survey }, false) as CheckResult;
  if (first.bound !== 'states' || survey === maxStates) return first;
  for (;;) {
    knowledge.forget();
    const result = pass(knowledge, options, true);
    if (result !== null) return shortened(make, options, result);
  }
}

/** A counterexample found under reduction need not be a shortest one: looks for a shorter one in as much of the full graph as is cheap. */
function shortened(make: MakeSystem, options: CheckOptions, found: CheckResult): CheckResult {
  if (found.verdict !== 'violated' || options.all === true) return found;
  const maxStates = Math.max(100_000, found.states * 20);
  const full = pass(createKnowledge(make({ record: true }), NONE), { ...options, maxStates }, false) as CheckResult;
  return full.verdict === 'violated' ? { ...found, violations: full.violations } : found;
}
