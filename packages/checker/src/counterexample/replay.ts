// Follows a schedule on the steps themselves, and tells what each one changed.

import { type AnyArena, type Change, diffBytes, place } from '@virq/irq-core/arena';
import { VirqError } from '@virq/irq-core/errors';
import { choiceOf, pidOf, type ScheduleStep, type System } from '@virq/irq-core/protocol';
import { createJudge, type Judge } from '../judge.ts';
import { isAboutLocks, type Violation } from '../result.ts';
import { StaleAccess } from '../stale.ts';

/** A process by its number and the protocol it runs. */
export interface ProcessName {
  readonly pid: number;
  readonly protocol: string;
}

/** One step of a schedule and what it did. */
export interface ReplayedStep extends ProcessName {
  readonly label: string;
  /** Alternative taken, null where there is only one. */
  readonly choice: number | null;
  /** Fields of the machine that changed, without the process table. */
  readonly changes: readonly Change[];
  /** Locals of the process that changed, by their own names. */
  readonly locals: readonly Change[];
  /** Processes it started. */
  readonly started: readonly ProcessName[];
  /** The process has come to its end. */
  readonly ended: boolean;
  /** What it threw, null if nothing. */
  readonly error: string | null;
}

/** A schedule followed to its end. */
export interface Replay {
  readonly steps: readonly ReplayedStep[];
  /** The sentence of what is broken at the end, null if the property holds there. */
  readonly broken: string | null;
}

/** Whether a step was made, could not be made, or failed. */
type Made = 'made' | 'stuck' | { readonly error: unknown };

/** A system that can be put back to its start. */
export interface Replayer {
  readonly system: System;
  readonly judge: Judge;
  /** Back to the initial state. */
  reset(): void;
  make(step: ScheduleStep): Made;
  /** Whether no process can move. */
  isTerminal(): boolean;
}

/** Prepares a system for replays. */
export function createReplayer(system: System): Replayer {
  const { arena, processes } = system;
  const start = arena.bytes.slice();
  arena.onStale((pool, handle) => {
    throw new StaleAccess(pool, handle);
  });

  function make(step: ScheduleStep): Made {
    const [pid, choice] = [pidOf(step), choiceOf(step)];
    if (pid >= processes.capacity || !processes.isAlive(pid) || choice >= processes.choicesOf(pid)) return 'stuck';
    try {
      return processes.step(pid, choice) === 'blocked' ? 'stuck' : 'made';
    } catch (error) {
      return { error };
    }
  }

  function isTerminal(): boolean {
    const here = arena.bytes.slice();
    for (let pid = processes.next(0); pid >= 0; pid = processes.next(pid + 1))
      for (let choice = 0; choice < processes.choicesOf(pid); choice++) {
        const moved = make(pid | (choice << 8)) !== 'stuck';
        arena.bytes.set(here);
        if (moved) return false;
      }
    return true;
  }

  return { system, judge: createJudge(system, true), reset: () => arena.bytes.set(start), make, isTerminal };
}

const sentence = (b: { readonly property: string; readonly message: string }): string =>
  b.message === '' ? b.property : `${b.property}: ${b.message}`;

/** What the present state breaks of one property; `failed` is what the last step threw. */
export function brokenNow(r: Replayer, property: string, failed: Made): string | null {
  if (typeof failed === 'object') {
    const broken = r.judge.failure(failed.error);
    return broken.property === property ? sentence(broken) : null;
  }
  const others = (name: string): boolean => name !== property;
  const state = r.judge.state(others);
  if (state !== null) return sentence(state);
  if (!r.isTerminal()) return null;
  const end = r.judge.terminal(others);
  return end === null ? null : sentence(end);
}

const inTable = ({ path }: Change): boolean => path === 'processes' || path.startsWith('processes[');

/** Bytes of the locals of a process as they were. */
function localsOf({ system }: Replayer, pid: number, bytes: Uint8Array): Uint8Array {
  const from = system.processes.placeOf(pid).locals;
  return bytes.slice(from, from + place(system.processes.protocolOf(pid).locals).size);
}

function alive({ system: { processes } }: Replayer): Map<number, string> {
  const found = new Map<number, string>();
  for (let pid = processes.next(0); pid >= 0; pid = processes.next(pid + 1))
    found.set(pid, processes.protocolOf(pid).name);
  return found;
}

/** Makes one step and describes it; throws VIRQ-K004 if it cannot be made. */
function describe(r: Replayer, step: ScheduleStep, at: number): { step: ReplayedStep; made: Made } {
  const { arena, processes } = r.system as { arena: AnyArena; processes: System['processes'] };
  const [pid, before, was] = [pidOf(step), arena.bytes.slice(), alive(r)];
  const refuse = (): never => {
    const who = was.get(pid) === undefined ? 'is not there' : `cannot move at '${processes.labelOf(pid)}'`;
    throw new VirqError('VIRQ-K004', `step ${at + 1} of the schedule: process ${pid} ${who}`, {
      hint: 'the model has changed since the counterexample was saved; check it again',
    });
  };
  if (!was.has(pid)) refuse();
  const [protocol, label] = [processes.protocolOf(pid), processes.labelOf(pid)];
  const locals = localsOf(r, pid, before);
  const choice = processes.choicesOf(pid) > 1 ? choiceOf(step) : null;
  const made = r.make(step);
  if (made === 'stuck') refuse();
  const now = alive(r);
  const ended = !now.has(pid);
  const described: ReplayedStep = {
    ...{ pid, protocol: protocol.name, label, choice, ended },
    changes: arena.diff(before).filter((c) => !inTable(c)),
    locals: ended ? [] : diffBytes(protocol.locals, locals, localsOf(r, pid, arena.bytes)),
    started: [...now].filter(([p]) => !was.has(p)).map(([p, name]) => ({ pid: p, protocol: name })),
    error: typeof made === 'object' ? String((made.error as Error)?.message ?? made.error) : null,
  };
  return { step: described, made };
}

/** True for a schedule that ends where it was after `from` steps. */
function closes(r: Replayer, steps: readonly ScheduleStep[], from: number): boolean {
  r.reset();
  for (const step of steps.slice(0, from)) r.make(step);
  const loop = r.system.arena.bytes.slice();
  for (const step of steps.slice(from)) r.make(step);
  return r.system.arena.bytes.every((byte, i) => byte === loop[i]);
}

/** Follows the schedule of a violation on a system in its initial state. Throws VIRQ-K004 at a step that cannot be made. */
export function replaySteps(system: System, violation: Pick<Violation, 'property' | 'steps' | 'cycleFrom'>): Replay {
  const r = createReplayer(system);
  const { property, steps, cycleFrom } = violation;
  const replayed: ReplayedStep[] = [];
  let last: Made = 'made';
  for (const [i, scheduled] of steps.entries()) {
    const { step, made } = describe(r, scheduled, i);
    replayed.push(step);
    last = made;
  }
  if (cycleFrom !== null) return { steps: replayed, broken: closes(r, steps, cycleFrom) ? property : null };
  if (isAboutLocks(property)) return { steps: replayed, broken: property };
  return { steps: replayed, broken: brokenNow(r, property, last) };
}
