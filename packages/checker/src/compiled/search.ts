// Exhaustive search with the explorer: expands, judges, heeds the bounds, starts anew when a reduction was too bold.

import { type Random, type ScheduleStep, scheduleStep } from '@virq/irq-core/protocol';
import type { MakeSystem } from '../check.ts';
import { keepTransitions } from '../graph.ts';
import { type Broken, breach, builtIn, failure, unasked, waiting } from '../judge.ts';
import { createKnowledge, type Knowledge } from '../learn/knowledge.ts';
import { checkLiveness, isLiveness } from '../liveness.ts';
import { lockDiscipline } from '../lock-order.ts';
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
import { createExplorer, type Explorer } from './explorer.ts';
import { breadthFirst, depthFirst, type Order, randomDepthFirst } from './order.ts';
import type { Visited } from './state-hash.ts';

const DEFAULT_MEMORY = 2 ** 31;

/** The step that fails in a packed state. */
export function failingStep(explorer: Explorer, state: Int32Array): ScheduleStep {
  const move = explorer.movesOf(state)?.find((m) => m.leaf.ending === 'failed');
  return scheduleStep(move?.pid as number, move?.choice);
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

/** A search that goes on batch by batch. */
export interface Search {
  readonly explorer: Explorer;
  readonly order: Order;
  /** Expands some more states. False: the search is over. */
  advance(): boolean;
  /** Judges a state that is not in the log: what it breaks. */
  judgeState(state: Int32Array): Broken | null;
  /** The same for one in which nothing can move. */
  judgeEnd(state: Int32Array): Broken | null;
  /** What was found; null when the reduction rested on an assumption that proved wrong. */
  result(): CheckResult | null;
}

/** What a search that keeps hashes needs: where they are kept, and an order to go depth first in. */
export interface Hashed {
  readonly visited: Visited;
  readonly random: Random;
  /** Bytes for the stack at present. */
  maxStack(): number;
}

/** Expansions of single states between two looks at the clock. */
const LOOK = 256;

/** One search over what is known so far. */
export function createSearch(knowledge: Knowledge, options: CheckOptions, reduce: boolean, hashed?: Hashed): Search {
  const { learner, system } = knowledge;
  const { maxStates = Infinity, maxDepth = Infinity, maxTime = Infinity, now, all = false } = options;
  const { maxMemory = DEFAULT_MEMORY } = options;
  const explorer = createExplorer(knowledge, { maxMemory, reduce, visited: hashed?.visited ?? null });
  const violations: Violation[] = [];
  let cut: Bound | null = null;
  const order = orderOf();
  let expansions = 0;
  let peak = 0;
  const began = now?.() ?? 0;
  let shown = began;
  let transitions = 0;
  let terminal = 0;
  const contradicted = (): boolean => reduce && knowledge.contradicted;

  function orderOf(): Order {
    const note = (why: Bound = 'depth'): void => {
      cut = why;
    };
    if (hashed !== undefined) return randomDepthFirst(explorer, { ...hashed, maxDepth, cut: note });
    return options.search === 'dfs' ? depthFirst(explorer, maxDepth, note) : breadthFirst(explorer);
  }

  /** Notes a violation; `fails` means in the step after state `i`. True: stop. */
  function violated(broken: Broken, i: number, fails = false): boolean {
    if (isKnown(broken.property)) return false;
    if (contradicted()) return true;
    const { steps, state } = order.path(i);
    if (fails) steps.push(failingStep(explorer, state));
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

  /** Notes everything that state `i` breaks; true: stop. */
  function judgeAll(ask: () => Broken | null, i: number): boolean {
    for (;;) {
      explorer.consider(i);
      const broken = ask();
      if (broken === null) return false;
      if (violated(broken, i)) return true;
    }
  }

  /** Judges the states that the generated code could not; true: stop. */
  const judge = (suspects: readonly number[]): boolean => suspects.some((i) => judgeAll(breaks, i));

  /** Judges a state in which nothing can move; true: stop. */
  function end(i: number): boolean {
    terminal++;
    return judgeAll(breaksAtEnd, i);
  }

  /** Expands one state by observation; true: stop. */
  function observe(i: number): boolean {
    const moves = explorer.moves(i);
    for (const move of moves) {
      if (move.leaf.ending === 'failed') {
        if (violated(failure(move.leaf.error), i, true)) return true;
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
    if (explorer.found > maxStates) return 'states';
    if (order.depth >= maxDepth && order.atLevelStart()) return 'depth';
    if (!explorer.makeRoom()) return 'memory';
    if (hashed !== undefined && expansions++ % LOOK !== 0) return null;
    peak = Math.max(peak, explorer.bytes);
    if (now === undefined) return null;
    const time = now();
    if (time - began > maxTime) return 'time';
    if (time - shown < 100 || options.onProgress === undefined) return null;
    shown = time;
    const [states, depth, memory] = [explorer.found, order.depth, explorer.bytes];
    const queue = hashed === undefined ? states - head : explorer.count;
    const goOn = options.onProgress({ states, transitions, depth, queue, memory });
    return goOn === false ? 'interrupted' : null;
  }

  let bound: Bound | null = null;
  let stop = judge(explorer.takeSuspects());

  function advance(): boolean {
    const range = order.next();
    if (range === null) bound = cut;
    if (range === null || stop || contradicted()) return false;
    const [from, to] = range;
    bound = boundHit(from);
    if (bound !== null) return false;
    let reached = explorer.run(from, to);
    transitions += explorer.takeTransitions();
    if (reached < to && explorer.makeRoom()) stop = observe(reached++);
    stop = judge(explorer.takeSuspects()) || stop;
    if (!stop) order.expanded(reached);
    return true;
  }

  function result(): CheckResult | null {
    if (contradicted()) return null;
    return {
      verdict: violations.length > 0 ? 'violated' : bound !== null ? 'incomplete' : 'ok',
      violations,
      bound,
      states: explorer.found,
      transitions,
      depth: order.depth,
      terminal,
      bytesPerState: Math.max(peak, explorer.bytes) / explorer.found,
      coverage: coverage(knowledge),
      unreached: [...new Set(explorer.unwitnessed.map((q) => q.property.name)), ...unasked(system, terminal)],
    };
  }

  const judged = (ask: () => Broken | null) => (state: Int32Array) => {
    explorer.packing.unpack(state, 0, learner.state);
    return ask();
  };
  return {
    explorer,
    order,
    advance,
    result,
    judgeState: judged(breaks),
    judgeEnd: judged(breaksAtEnd),
  };
}

/** A search that stops between batches so that its caller can look around. */
export type Slices<T = CheckResult> = Generator<undefined, T>;

function* pass(knowledge: Knowledge, options: CheckOptions, reduce: boolean): Slices<CheckResult | null> {
  const started = createSearch(knowledge, options, reduce);
  while (started.advance()) yield;
  return conclude(started, knowledge, options);
}

/** Result of a search that is over, with what no single state shows. */
export function conclude(over: Search, { system, edges }: Knowledge, options: CheckOptions): CheckResult | null {
  const result = over.result();
  if (result === null || result.verdict !== 'ok') return result;
  const live = () =>
    system.properties.some(isLiveness)
      ? checkLiveness(system, keepTransitions(exploredGraph(over.explorer)), options.all)
      : [];
  const violations = pathViolations(lockDiscipline(edges), live);
  return violations.length === 0 ? result : { ...result, verdict: 'violated', violations };
}

/** States explored without reduction first, to see who touches what; most spaces are no larger. */
const SURVEY = 3000;

/** Exhaustive search, batch by batch. */
export function* searchSlices(make: MakeSystem, options: CheckOptions): Slices {
  const system = make({ record: true });
  const reductions = system.properties.some(isLiveness) ? NONE : reductionsOf(options);
  const reduce = Object.values(reductions).some((on) => on);
  const knowledge = createKnowledge(system, reductions);
  const { maxStates = Infinity } = options;
  if (!reduce) return (yield* pass(knowledge, options, false)) as CheckResult;
  const survey = Math.min(options.survey ?? SURVEY, maxStates);
  const first = (yield* pass(knowledge, { ...options, maxStates: survey }, false)) as CheckResult;
  if (first.bound !== 'states' || survey === maxStates) return first;
  for (;;) {
    knowledge.forget();
    const result = yield* pass(knowledge, options, true);
    if (result !== null) return yield* shortened(make, options, result);
  }
}

/** Exhaustive search in one go. */
export function search(make: MakeSystem, options: CheckOptions): CheckResult {
  const slices = searchSlices(make, options);
  for (;;) {
    const { done, value } = slices.next();
    if (done === true) return value;
  }
}

/** A counterexample found under reduction or depth first need not be a shortest one: looks for a shorter one in as much of the full graph as is cheap. */
export function* shortened(make: MakeSystem, options: CheckOptions, found: CheckResult): Slices {
  if (found.verdict !== 'violated' || options.all === true) return found;
  const maxStates = Math.max(100_000, found.states * 20);
  const knowledge = createKnowledge(make({ record: true }), NONE);
  const full = (yield* pass(knowledge, { ...options, maxStates }, false)) as CheckResult;
  return full.verdict === 'violated' ? { ...found, violations: full.violations } : found;
}
