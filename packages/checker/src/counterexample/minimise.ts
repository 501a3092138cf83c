// Makes a counterexample easier to read: no step too many, no context switch that is not needed.

import { pidOf, type ScheduleStep } from '@virq/irq-core/protocol';
import type { MakeSystem } from '../check.ts';
import { isAboutLocks, type Violation } from '../result.ts';
import { brokenNow, createReplayer } from './replay.ts';

/** Schedules tried at most; a long one is given back as good as it got by then. */
const TRIES = 20_000;

type Steps = readonly ScheduleStep[];

/** Times that another process goes on. */
export function contextSwitches(steps: Steps): number {
  return steps.filter((step, i) => i > 0 && pidOf(step) !== pidOf(steps[i - 1] as ScheduleStep)).length;
}

/** Steps without one of them. */
function* drops(steps: Steps): Generator<Steps> {
  for (let i = steps.length - 1; i >= 0; i--) yield [...steps.slice(0, i), ...steps.slice(i + 1)];
}

/** Consecutive steps of one process. */
function runsOf(steps: Steps): Steps[] {
  const runs: ScheduleStep[][] = [];
  for (const step of steps) {
    const last = runs.at(-1);
    if (last !== undefined && pidOf(last[0] as ScheduleStep) === pidOf(step)) last.push(step);
    else runs.push([step]);
  }
  return runs;
}

/** Parts of a run, moved to the run before or after it of the same process; and neighbours swapped: only where fewer switches come of it. */
function* rearrangements(steps: Steps): Generator<Steps> {
  const switches = contextSwitches(steps);
  const runs = runsOf(steps);
  for (let i = 0; i < runs.length; i++)
    for (let j = 0; j < runs.length; j++) {
      const [moved, goal] = [runs[i] as Steps, runs[j] as Steps];
      if (i === j || pidOf(moved[0] as ScheduleStep) !== pidOf(goal[0] as ScheduleStep)) continue;
      const rest = runs.map((run, k) => (k === j ? (i < j ? [...moved, ...goal] : [...goal, ...moved]) : run));
      yield rest.filter((_run, k) => k !== i).flat();
    }
  for (let i = 0; i + 1 < steps.length; i++) {
    const swapped = [...steps];
    [swapped[i], swapped[i + 1]] = [steps[i + 1] as ScheduleStep, steps[i] as ScheduleStep];
    if (contextSwitches(swapped) < switches) yield swapped;
  }
}

/**
 * The same violation in fewer steps and with fewer context switches, where there is such a schedule one change away; again and again.
 * A lasso, and what no schedule shows (lock order), is given back as it is.
 */
export function minimise(make: MakeSystem, violation: Violation): Violation {
  if (violation.cycleFrom !== null || isAboutLocks(violation.property)) return violation;
  const r = createReplayer(make({ record: false }));
  let tries = 0;

  function shows(steps: Steps): boolean {
    tries++;
    r.reset();
    for (const [i, step] of steps.entries()) {
      const made = r.make(step);
      if (made === 'stuck') return false;
      if (typeof made === 'object') return i === steps.length - 1 && brokenNow(r, violation.property, made) !== null;
    }
    return brokenNow(r, violation.property, 'made') !== null;
  }

  /** First candidate that is better and still shows it. */
  function better(steps: Steps): Steps | null {
    for (const candidate of drops(steps)) if (tries < TRIES && shows(candidate)) return candidate;
    const switches = contextSwitches(steps);
    for (const candidate of rearrangements(steps))
      if (tries < TRIES && contextSwitches(candidate) < switches && shows(candidate)) return candidate;
    return null;
  }

  let best: Steps = violation.steps;
  if (!shows(best)) return violation;
  for (let next = better(best); next !== null; next = better(best)) best = next;
  return { ...violation, steps: best };
}
