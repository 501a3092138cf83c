// Depth first in a random order, keeping hashes instead of states: for spaces that do not fit, one shard of a swarm at a time (Holzmann, Joshi, Groce, "Swarm verification techniques", 2011).

import { type Random, type ScheduleStep, scheduleStep, seeded } from '@virq/irq-core/protocol';
import type { MakeSystem } from '../check.ts';
import { type Broken, breach, builtIn, failure, unasked, waiting } from '../judge.ts';
import { type Action, createKnowledge, type Knowledge } from '../learn/knowledge.ts';
import type { Leaf } from '../learn/tree.ts';
import { NONE } from '../reduce/reductions.ts';
import { type Bound, BUILT_IN, type LabelCoverage, type Violation } from '../result.ts';
import { type Counter, createCounter } from './sketch.ts';
import { createStateHash } from './state-hash.ts';
import { bitstate, fingerprints, type Visited } from './visited.ts';

/** Options of a random search. */
export interface RandomSearchOptions {
  /** Order of processes and alternatives; default 1. */
  readonly seed?: number;
  /** 64 bits per state, or three bits in a field of fixed size. Default `fingerprint`. */
  readonly store?: 'fingerprint' | 'bitstate';
  /** Bytes for what was visited; default 256 MiB for fingerprints, 64 MiB for bits. */
  readonly maxMemory?: number;
  readonly maxStates?: number;
  /** Longest schedule; default 100,000. */
  readonly maxDepth?: number;
  /** Milliseconds, measured by `now`. */
  readonly maxTime?: number;
  readonly now?: () => number;
  readonly deadlock?: boolean;
  /** Asked every thousand steps or so; true ends the search with what is known. */
  readonly stop?: () => boolean;
}

/** What a random search saw. */
export interface RandomSearchResult {
  readonly bound: Bound | null;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly terminal: number;
  readonly bytes: number;
  /** Bound on the probability that a state was taken for another and left out; null if none can be given. */
  readonly omission: number | null;
  readonly violations: readonly Violation[];
  readonly coverage: readonly LabelCoverage[];
  readonly unreached: readonly string[];
  /** For estimating how many states several searches saw together. */
  readonly sketch: readonly number[];
}

/** A state on the way, and the steps out of it that are still to be tried. */
interface Frame {
  readonly state: Uint16Array;
  readonly moves: { readonly action: Action; readonly leaf: Leaf }[];
  /** Step that leads on from here. */
  step: ScheduleStep;
}

function shuffle<T>(list: T[], random: Random): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j] as T, list[i] as T];
  }
  return list;
}

function visitedOf({ store, maxMemory, seed = 1 }: RandomSearchOptions): Visited {
  return store === 'bitstate' ? bitstate(maxMemory ?? 2 ** 26, seed) : fingerprints(maxMemory ?? 2 ** 28);
}

/** Judges the state under consideration; each property is reported once. */
function createReport(knowledge: Knowledge, options: RandomSearchOptions, path: () => ScheduleStep[]) {
  const violations: Violation[] = [];
  const unseen = new Set(knowledge.witnesses);
  const isNew = (name: string): boolean => !violations.some((v) => v.property === name);
  const note = (broken: Broken, last: ScheduleStep[] = []): void => {
    if (isNew(broken.property)) violations.push({ ...broken, steps: [...path(), ...last], cycleFrom: null });
  };
  return {
    violations,
    note,
    unseen: () => [...new Set([...unseen].map((q) => q.property.name))],
    state() {
      for (const q of unseen) if (knowledge.answer(q)) unseen.delete(q);
      for (const q of knowledge.invariants)
        if (isNew(q.property.name) && knowledge.answer(q) === (q.property.kind === 'never'))
          note(breach(q.property, q.instance));
    },
    end() {
      for (const q of knowledge.quiescents)
        if (isNew(q.property.name) && !knowledge.answer(q)) note(breach(q.property, q.instance));
      if (options.deadlock === false || !isNew(BUILT_IN.deadlock)) return;
      knowledge.learner.load();
      const stuck = waiting(knowledge.system);
      if (stuck !== null) note(builtIn(BUILT_IN.deadlock, stuck));
    },
  };
}

function coverageOf({ actions, system }: Knowledge): LabelCoverage[] {
  const protocols = new Set(actions.map((a) => a.protocol));
  return system.processes.protocols.flatMap((p, id) =>
    protocols.has(id + 1)
      ? p.labels.map((label, pc) => ({
          protocol: p.name,
          label,
          reached: actions.some((a) => a.protocol === id + 1 && a.pc === pc && a.tree.ran),
        }))
      : [],
  );
}

/** Runs slices without looking around in between. */
export function drained<T>(slices: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = slices.next();
    if (done === true) return value;
  }
}

/** Explores in a random order until the end or a bound. Goes on after violations: the first of every property is kept, not the shortest. */
export const randomSearch = (make: MakeSystem, options: RandomSearchOptions = {}): RandomSearchResult =>
  drained(randomSearchSlices(make, options));

/** The same, stopping now and then so that its caller can look around. */
export function* randomSearchSlices(
  make: MakeSystem,
  options: RandomSearchOptions = {},
): Generator<undefined, RandomSearchResult> {
  const knowledge = createKnowledge(make({ record: true }), NONE);
  const { learner } = knowledge;
  const { maxStates = Infinity, maxDepth = 100_000, maxTime = Infinity, now } = options;
  const random = seeded(options.seed ?? 1);
  const hash = createStateHash(learner);
  const lanes = new Uint32Array(2);
  const visited = visitedOf(options);
  const counter: Counter = createCounter();
  const stack: Frame[] = [];
  const report = createReport(knowledge, options, () => stack.map((f) => f.step));
  const began = now?.() ?? 0;
  let [states, transitions, terminal, depth] = [0, 0, 0, 0];
  let cut = false;

  /** Steps possible in the state under consideration, in a random order. */
  function movesHere(): Frame['moves'] {
    const moves: Frame['moves'] = [];
    for (let pid = 0; pid < knowledge.pcAtom.length; pid++)
      for (const action of knowledge.actionsOf(pid)) {
        const leaf = knowledge.act(action);
        if (leaf.ending !== 'blocked') moves.push({ action, leaf });
      }
    return shuffle(moves, random);
  }

  /** Looks at the state under consideration if it is new, and puts it on the stack. */
  function visit(): void {
    hash(lanes);
    if (!visited.add(lanes[0] as number, lanes[1] as number)) return;
    counter.add(lanes[0] as number, lanes[1] as number);
    states++;
    depth = Math.max(depth, stack.length);
    report.state();
    const moves = movesHere();
    if (moves.length === 0) {
      terminal++;
      report.end();
    } else if (stack.length < maxDepth) stack.push({ state: learner.state.slice(), moves, step: 0 });
    else cut = true;
  }

  function advance(frame: Frame, { action, leaf }: Frame['moves'][number]): void {
    frame.step = scheduleStep(action.pid, action.choice);
    transitions++;
    if (leaf.ending === 'failed') return report.note(failure(leaf.error));
    learner.state.set(frame.state);
    for (let k = 0; k < leaf.writes.length; k += 2)
      learner.state[leaf.writes[k] as number] = leaf.writes[k + 1] as number;
    visit();
  }

  function boundHit(): Bound | null {
    if (states >= maxStates) return 'states';
    if (visited.full) return 'memory';
    if ((transitions & 1023) !== 0) return null;
    if (options.stop?.() === true) return 'interrupted';
    return now !== undefined && now() - began > maxTime ? 'time' : null;
  }

  let bound: Bound | null = null;
  learner.state.fill(0);
  visit();
  while (stack.length > 0 && bound === null) {
    const frame = stack.at(-1) as Frame;
    const move = frame.moves.pop();
    if (move === undefined) stack.pop();
    else advance(frame, move);
    bound = boundHit();
    if ((transitions & 4095) === 0) yield;
  }
  return {
    bound: bound ?? (cut ? 'depth' : null),
    ...{ states, transitions, depth, terminal },
    bytes: visited.bytes,
    omission: visited.omission(states),
    violations: report.violations,
    coverage: coverageOf(knowledge),
    unreached: [...report.unseen(), ...unasked(knowledge.system, terminal)],
    sketch: counter.sketch(),
  };
}
