// The reference engine: runs the steps themselves on the arena and keeps whole states. Slow, obviously right; the compiled one is held against it.

import { assert, type ScheduleStep, type System, scheduleStep } from '@virq/irq-core/protocol';
import { createCoverage } from './coverage.ts';
import { plainGraph } from './graph.ts';
import { type Broken, createJudge, type Known, unasked } from './judge.ts';
import { checkLiveness, isLiveness } from './liveness.ts';
import { createPcEdges, type LockUser, lockDiscipline } from './lock-order.ts';
import type { Bound, CheckOptions, CheckResult, Violation } from './result.ts';
import { StaleAccess } from './stale.ts';

const keyOf = (bytes: Uint8Array): string => {
  let key = '';
  for (let i = 0; i < bytes.length; i += 2)
    key += String.fromCharCode((bytes[i] as number) | ((bytes[i + 1] ?? 0) << 8));
  return key;
};

const same = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);

/** Visited states in the order they were found, each with the step that led to it. */
interface Found {
  readonly bytes: Uint8Array;
  readonly parent: number;
  readonly step: ScheduleStep;
  readonly depth: number;
}

function pathTo(found: readonly Found[], index: number): ScheduleStep[] {
  const steps: ScheduleStep[] = [];
  for (let i = index; (found[i] as Found).parent >= 0; i = (found[i] as Found).parent)
    steps.push((found[i] as Found).step);
  return steps.reverse();
}

/** Violations that no single state shows: of the lock order, and of promises about paths. */
export function pathViolations(order: Broken | null, liveness: () => Violation[]): Violation[] {
  if (order !== null) return [{ ...order, steps: [], cycleFrom: null }];
  return liveness();
}

/** Explores every reachable state of a system by breadth-first search over whole arenas. */
export function checkPlain(system: System, options: CheckOptions = {}): CheckResult {
  const { arena, processes } = system;
  const { maxStates = Number.POSITIVE_INFINITY, maxDepth = Number.POSITIVE_INFINITY, all = false } = options;
  const judge = createJudge(system, options.deadlock ?? true);
  const coverage = createCoverage(processes.protocols);
  const edges = createPcEdges();
  const found: Found[] = [];
  const seen = new Set<string>();
  const violations: Violation[] = [];
  let [transitions, terminal, depth] = [0, 0, 0];
  let bound: Bound | null = null;
  arena.onStale((pool, handle) => {
    throw new StaleAccess(pool, handle);
  });

  const known = (property: string): boolean => violations.some((v) => v.property === property);

  /** Notes everything that a state breaks. True: stop. */
  function judgeAll(ask: (known: Known) => Broken | null, at: number): boolean {
    for (let broken = ask(known); broken !== null; broken = ask(known)) if (violated(broken, at)) return true;
    return false;
  }

  function violated(
    v: Omit<Violation, 'steps' | 'cycleFrom'>,
    at: number,
    last: readonly ScheduleStep[] = [],
  ): boolean {
    if (known(v.property)) return false;
    violations.push({ ...v, steps: [...pathTo(found, at), ...last], cycleFrom: null });
    return !all;
  }

  /** Keeps the present state of the arena. True: stop. */
  function visit(parent: number, step: ScheduleStep, d: number): boolean {
    const key = keyOf(arena.bytes);
    if (seen.has(key)) return false;
    seen.add(key);
    found.push({ bytes: arena.bytes.slice(), parent, step, depth: d });
    depth = Math.max(depth, d);
    return judgeAll(judge.state, found.length - 1);
  }

  /** Where a process stands after a step; -1 when its protocol has ended. */
  function pcAfter(pid: number, protocol: LockUser): number {
    return processes.isAlive(pid) ? protocol.labels.indexOf(processes.labelOf(pid)) : -1;
  }

  /** Makes every step that is possible in a state. True: stop. */
  function expand(index: number): boolean {
    const from = found[index] as Found;
    let moved = 0;
    arena.bytes.set(from.bytes);
    for (let pid = processes.next(0); pid >= 0; pid = processes.next(pid + 1)) {
      const choices = processes.choicesOf(pid);
      for (let choice = 0; choice < choices; choice++) {
        const [protocol, label] = [processes.protocolOf(pid), processes.labelOf(pid)];
        try {
          const blocked = processes.step(pid, choice) === 'blocked';
          coverage.note(protocol, blocked ? null : label);
          if (blocked) {
            assert(same(arena.bytes, from.bytes), 'a step changed the state and then answered BLOCKED');
            continue;
          }
          edges.note(protocol, protocol.labels.indexOf(label), pcAfter(pid, protocol));
        } catch (e) {
          coverage.note(protocol, label);
          arena.bytes.set(from.bytes);
          moved++;
          if (violated(judge.failure(e), index, [scheduleStep(pid, choice)])) return true;
          continue;
        }
        moved++;
        transitions++;
        if (visit(index, scheduleStep(pid, choice), from.depth + 1)) return true;
        arena.bytes.set(from.bytes);
      }
    }
    if (moved > 0) return false;
    terminal++;
    return judgeAll(judge.terminal, index);
  }

  let stop = visit(-1, 0, 0);
  for (let i = 0; i < found.length && !stop && bound === null; i++) {
    if (found.length > maxStates) bound = 'states';
    else if ((found[i] as Found).depth >= maxDepth) bound = 'depth';
    else stop = expand(i);
  }
  if (bound === null && violations.length === 0) {
    const live = () => (system.properties.some(isLiveness) ? checkLiveness(system, plainGraph(system), all) : []);
    arena.bytes.set((found[0] as Found).bytes);
    violations.push(...pathViolations(lockDiscipline(edges), live));
  }
  return {
    verdict: violations.length > 0 ? 'violated' : bound !== null ? 'incomplete' : 'ok',
    violations,
    bound,
    states: found.length,
    transitions,
    depth,
    terminal,
    bytesPerState: arena.bytes.length,
    coverage: coverage.list(),
    unreached: [...judge.unreached(), ...unasked(system, terminal)],
  };
}
