// Breadth-first search by several threads: each owns the states whose hash falls to it, and hands the others theirs round by round.

import type { MakeSystem } from '../check.ts';
import { slotWords } from '../compiled/codegen.ts';
import type { Move } from '../compiled/explorer.ts';
import { stepsOf, type Way } from '../compiled/order.ts';
import { conclude, createSearch, failingStep, type Search, search } from '../compiled/search.ts';
import { type Broken, failure, unasked } from '../judge.ts';
import { createKnowledge, type Knowledge } from '../learn/knowledge.ts';
import { isLiveness } from '../liveness.ts';
import { lockDiscipline } from '../lock-order.ts';
import { reductionsOf } from '../reduce/reductions.ts';
import type { Bound, CheckOptions, CheckResult, Violation } from '../result.ts';
import { createWorkerPool, type WorkerPool } from './pool.ts';
import type { Answer } from './worker-main.ts';

/** Options of {@link checkInParallel}. */
export interface ParallelOptions extends CheckOptions {
  /** Threads, at least 2. */
  readonly workers: number;
  /** States explored by one thread first, so that the steps are known before the others start; default 30,000. */
  readonly prefix?: number;
}

const PREFIX = 30_000;
/** States each thread expands between two exchanges: few while much is unknown, then more and more. */
const [FIRST_ROUND, LAST_ROUND] = [500, 200_000];
/** Misses after which the threads get new code. */
const RENEW = 200;

type Outcome = CheckResult | 'restart';

/** A step that was made by observation. */
interface Observed {
  readonly level: number;
  readonly state: Int32Array;
  readonly next: Int32Array;
}

/** State of one parallel search. */
interface Run {
  readonly search: Search;
  readonly pool: WorkerPool;
  readonly options: ParallelOptions;
  readonly knowledge: Knowledge;
  /** Steps that only observation knew. */
  readonly observed: Observed[];
  level: number;
  transitions: number;
  terminal: number;
  states: number;
  bytes: number;
  queue: number;
}

const same = (a: Int32Array, b: Int32Array): boolean => a.every((w, i) => w === b[i]);

/** Steps to a state of a level: backwards through the threads' levels, then through the prefix. */
async function path(run: Run, state: Int32Array, level: number): Promise<Way> {
  const { explorer, order } = run.search;
  const stored: Int32Array[] = [state];
  for (let l = level - 1; l >= 0; l--) {
    const goal = stored[0] as Int32Array;
    const answers = await run.pool.all(() => ({ ask: 'find', target: goal, level: l }));
    const noted = run.observed.filter((o) => o.level === l && same(o.next, goal)).map((o) => o.state);
    const leads = (c: Int32Array): boolean => explorer.movesOf(c)?.some((m) => same(m.next, goal)) === true;
    stored.unshift([...answers.flatMap((a) => a.found), ...noted].find(leads) as Int32Array);
  }
  const width = explorer.packing.width;
  const from = order.levels.at(-1) as number;
  const frontier = explorer.states(from, explorer.count);
  let i = from;
  while (!same(stored[0] as Int32Array, frontier.subarray((i - from) * width, (i - from + 1) * width))) i++;
  let { steps, state: reached } = order.path(i);
  for (const goal of stored.slice(1)) {
    const move = explorer.movesOf(reached)?.find((m) => same(m.next, goal)) as Move;
    steps = [...steps, ...stepsOf(move)];
    reached = move.reached;
  }
  return { steps, state: reached };
}

/** Expands by observation what the threads could not. Returns the states found, or what is broken. */
function expandMissed(
  run: Run,
  missed: readonly Int32Array[],
): { found: Int32Array[]; broken: [Broken, Int32Array, boolean] | null } | null {
  const { explorer } = run.search;
  const found: Int32Array[] = [];
  for (const state of missed) {
    const moves = explorer.movesOf(state);
    if (moves === null || run.knowledge.contradicted) return null;
    if (moves.length === 0) {
      run.terminal++;
      const broken = run.search.judgeEnd(state);
      if (broken !== null) return { found, broken: [broken, state, false] };
    }
    for (const move of moves) {
      if (move.leaf.ending === 'failed') return { found, broken: [failure(move.leaf.error), state, true] };
      run.transitions++;
      found.push(move.next);
      run.observed.push({ level: run.level, state, next: move.next });
    }
  }
  return { found, broken: null };
}

function flat(states: readonly Int32Array[], width: number): Int32Array {
  const out = new Int32Array(states.length * width);
  states.forEach((s, i) => {
    out.set(s, i * width);
  });
  return out;
}

function total(run: Run, answers: readonly Answer[]): void {
  for (const a of answers) run.transitions += a.transitions;
  run.states = answers.reduce((n, a) => n + a.count, 0);
  run.bytes = answers.reduce((n, a) => n + a.bytes, 0);
  run.queue = answers.reduce((n, a) => n + a.left, 0);
}

function resultOf(run: Run, violation: Violation | null, bound: Bound | null): CheckResult {
  const base = run.search.result() as CheckResult;
  const terminal = base.terminal + run.terminal;
  const quiescents = unasked(run.knowledge.system, 0);
  return {
    ...base,
    verdict: violation !== null ? 'violated' : bound !== null ? 'incomplete' : 'ok',
    violations: violation === null ? [] : [violation],
    bound,
    states: run.states,
    transitions: base.transitions + run.transitions,
    depth: base.depth + Math.max(0, run.level - 1),
    terminal,
    unreached: terminal === 0 ? base.unreached : base.unreached.filter((name) => !quiescents.includes(name)),
    bytesPerState: run.bytes / run.states,
  };
}

function boundHit(run: Run, began: number, answers: readonly Answer[]): Bound | null {
  const { maxStates = Infinity, maxTime = Infinity, now, onProgress } = run.options;
  if (answers.some((a) => a.full)) return 'memory';
  if (run.states > maxStates) return 'states';
  if (now === undefined) return null;
  if (now() - began > maxTime) return 'time';
  const { states, transitions, bytes: memory, queue } = run;
  return onProgress?.({ states, transitions, depth: run.level, queue, memory }) === false ? 'interrupted' : null;
}

/** How many states the threads' code could not judge. */
const doubtful = (answers: readonly Answer[]): number => answers.reduce((n, a) => n + a.suspects.length, 0);

/** First suspect that breaks a property. */
function firstBroken(run: Run, answers: readonly Answer[]): [Broken, Int32Array] | null {
  for (const state of answers.flatMap((a) => a.suspects)) {
    const broken = run.search.judgeState(state);
    if (broken !== null) return [broken, state];
  }
  return null;
}

/** Goes on from a prefix with the threads, level by level. */
async function goOn(run: Run): Promise<Outcome> {
  const { search, pool, options, knowledge } = run;
  const { explorer, order } = search;
  const { width } = explorer.packing;
  const began = options.now?.() ?? 0;
  const maxBytes = (options.maxMemory ?? 2 ** 31) / pool.size;
  let [misses, most] = [0, FIRST_ROUND];
  const code = () => {
    const source = explorer.source(pool.size);
    return pool.all((me) => ({
      ask: 'code',
      source,
      me,
      width,
      slotWords: slotWords(width),
      tables: explorer.tables(),
      maxBytes,
    }));
  };
  const violation = async (broken: Broken, state: Int32Array, level: number, fails: boolean): Promise<Outcome> => {
    if (knowledge.contradicted) return 'restart';
    const way = await path(run, state, level);
    if (fails) way.steps.push(failingStep(explorer, way.state));
    return resultOf(run, { ...broken, steps: way.steps, cycleFrom: null }, null);
  };
  await code();
  const frontier = order.levels.at(-1) as number;
  await pool.all(() => ({ ask: 'offer', states: explorer.states(0, frontier) }));
  await pool.all(() => ({ ask: 'level', expanded: true }));
  await pool.all(() => ({ ask: 'offer', states: explorer.states(frontier, explorer.count) }));
  let answers = await pool.all(() => ({ ask: 'level', expanded: false }));
  total(run, answers);
  for (run.level = 0; run.queue > 0; run.level++) {
    while (run.queue > 0) {
      const expanded = await pool.all(() => ({ ask: 'expand', most }));
      const missed = expanded.flatMap((a) => a.missed);
      if (missed.length * 50 < most) most = Math.min(most * 2, LAST_ROUND);
      const observedNow = expandMissed(run, missed);
      if (observedNow === null) return 'restart';
      if (observedNow.broken !== null)
        return violation(observedNow.broken[0], observedNow.broken[1], run.level, observedNow.broken[2]);
      const taken = await pool.all((me) => ({ ask: 'take', boxes: expanded.flatMap((a) => a.boxes[me] ?? []) }));
      const states = flat(observedNow.found, width);
      answers = states.length > 0 ? await pool.all(() => ({ ask: 'offer', states })) : taken;
      total(run, expanded);
      total(run, answers);
      const broken = firstBroken(run, [...expanded, ...taken, ...answers]);
      if (broken !== null) return violation(broken[0], broken[1], run.level + 1, false);
      const bound = boundHit(run, began, [...expanded, ...taken, ...answers]);
      if (bound !== null) return resultOf(run, null, bound);
      misses += missed.length + doubtful([...expanded, ...taken, ...answers]);
      if (misses < RENEW) continue;
      misses = 0;
      await code();
    }
    answers = await pool.all(() => ({ ask: 'level', expanded: false }));
    total(run, answers);
    const broken = firstBroken(run, answers);
    if (broken !== null) return violation(broken[0], broken[1], run.level + 1, false);
  }
  const inverted = lockDiscipline(knowledge.edges);
  return resultOf(run, inverted === null ? null : { ...inverted, steps: [], cycleFrom: null }, null);
}

/** One attempt: a prefix by one thread, the rest by all. */
async function attempt(
  knowledge: Knowledge,
  options: ParallelOptions,
  reduce: boolean,
  prefix: number,
): Promise<Outcome> {
  const started = createSearch(knowledge, { ...options, search: 'bfs' }, reduce);
  while (started.explorer.count < prefix || !started.order.atLevelStart())
    if (!started.advance()) return conclude(started, knowledge, options) ?? 'restart';
  const pool = createWorkerPool(options.workers);
  try {
    return await goOn({
      search: started,
      pool,
      options,
      knowledge,
      observed: [],
      level: 0,
      transitions: 0,
      terminal: 0,
      states: 0,
      bytes: 0,
      queue: 0,
    });
  } finally {
    await pool.close();
  }
}

/** Explores with several threads (with one where a property is about paths). The verdict and the counts are those of one thread; the schedule found may be another of the same length. */
export async function checkInParallel(make: MakeSystem, options: ParallelOptions): Promise<CheckResult> {
  const system = make({ record: true });
  if (system.properties.some(isLiveness)) return search(make, options);
  const reductions = reductionsOf(options);
  const reduce = Object.values(reductions).some((on) => on);
  const knowledge = createKnowledge(system, reductions);
  if (reduce) {
    const survey = createSearch(knowledge, { ...options, maxStates: options.survey ?? 3000 }, false);
    while (survey.advance());
    const found = survey.result() as CheckResult;
    if (found.bound !== 'states') return found;
    knowledge.forget();
  }
  for (let prefix = options.prefix ?? PREFIX; ; prefix *= 4) {
    const outcome = await attempt(knowledge, options, reduce, prefix);
    if (outcome !== 'restart') return outcome;
    knowledge.forget();
  }
}
