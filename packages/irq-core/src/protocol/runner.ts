// Runs the processes of a machine under a scheduler until nothing moves.

import type { Processes, StepResult } from './processes.ts';
import { formatSchedule, type ScheduleStep, scheduleStep } from './schedule.ts';
import type { Scheduler } from './schedulers.ts';

/** How a run ended: nobody left; everybody left is blocked; or the step bound was hit. */
export type RunEnd = 'quiet' | 'blocked' | 'bound';

/** One step as the observer sees it. */
export interface StepEvent {
  readonly pid: number;
  readonly protocol: string;
  readonly label: string;
  readonly result: StepResult;
}

/** Options of {@link run}. */
export interface RunOptions {
  /** Most steps to make; default 100,000. */
  readonly maxSteps?: number;
  /** Called after every step that moved. */
  readonly onStep?: (event: StepEvent) => void;
}

/** What a run did. */
export interface RunResult {
  readonly end: RunEnd;
  readonly steps: number;
  /** Printable; feeds {@link replay}. */
  readonly schedule: string;
  /** Pids that are blocked at the end. */
  readonly blocked: readonly number[];
}

function live<M>(processes: Processes<M>, blocked: ReadonlySet<number>): number[] {
  const pids: number[] = [];
  for (let pid = processes.next(0); pid >= 0; pid = processes.next(pid + 1)) if (!blocked.has(pid)) pids.push(pid);
  return pids;
}

/** Runs until quiet, blocked, or the bound. A process that blocks is not tried again until another one has moved. */
export function run<M>(processes: Processes<M>, scheduler: Scheduler, options: RunOptions = {}): RunResult {
  const { maxSteps = 100_000, onStep } = options;
  const steps: ScheduleStep[] = [];
  const blocked = new Set<number>();
  let last = -1;
  for (;;) {
    const candidates = live(processes, blocked);
    const done = candidates.length === 0;
    if (done || steps.length >= maxSteps) {
      const end: RunEnd = !done ? 'bound' : blocked.size > 0 ? 'blocked' : 'quiet';
      return { end, steps: steps.length, schedule: formatSchedule(steps), blocked: [...blocked].sort((a, b) => a - b) };
    }
    const pid = scheduler.pick(candidates, last);
    const { name } = processes.protocolOf(pid);
    const label = processes.labelOf(pid);
    const choices = processes.choicesOf(pid);
    const choice = choices > 1 ? (scheduler.choose?.(choices) ?? 0) : 0;
    const result = processes.step(pid, choice);
    if (result === 'blocked') {
      blocked.add(pid);
      continue;
    }
    blocked.clear();
    last = pid;
    steps.push(scheduleStep(pid, choice));
    onStep?.({ pid, protocol: name, label, result });
  }
}
