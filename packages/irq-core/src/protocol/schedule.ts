// A schedule as a short printable string: which process made each step, and how where it could choose.
// `s1.0*3.1:2.0*2` = three steps of pid 0, one of pid 1 taking alternative 2, two of pid 0.

import { VirqError } from '../errors.ts';

const PREFIX = 's1';

/** One step of a schedule: pid in bits 7:0, alternative in bits 15:8. */
export type ScheduleStep = number;

/** A schedule step from its parts. */
export const scheduleStep = (pid: number, choice = 0): ScheduleStep => pid | (choice << 8);
/** Process of a step. */
export const pidOf = (step: ScheduleStep): number => step & 0xff;
/** Alternative of a step. */
export const choiceOf = (step: ScheduleStep): number => step >> 8;

const print = (step: ScheduleStep): string =>
  choiceOf(step) === 0 ? `${pidOf(step)}` : `${pidOf(step)}:${choiceOf(step)}`;

/** Writes the steps made, in order. */
export function formatSchedule(steps: readonly ScheduleStep[]): string {
  const runs: string[] = [];
  for (let i = 0; i < steps.length; ) {
    let end = i + 1;
    while (end < steps.length && steps[end] === steps[i]) end++;
    const step = print(steps[i] as ScheduleStep);
    runs.push(end - i === 1 ? step : `${step}*${end - i}`);
    i = end;
  }
  return [PREFIX, ...runs].join('.');
}

/** Reads a schedule string. Throws VIRQ-P001 with the place of the fault if it is none. */
export function parseSchedule(text: string): ScheduleStep[] {
  const [prefix, ...runs] = text.trim().split('.');
  if (prefix !== PREFIX)
    throw new VirqError('VIRQ-P001', `'${text.slice(0, 40)}' is no schedule: it must begin with '${PREFIX}.'`, {
      hint: 'copy the whole schedule string that was printed, e.g. s1.0*3.1.0*2',
    });
  return runs.flatMap((run, i) => {
    const match = /^(\d{1,3})(?::(\d{1,3}))?(?:\*(\d{1,6}))?$/.exec(run);
    const [pid, choice, count] = match === null ? [256, 0, 0] : [match[1], match[2] ?? 0, match[3] ?? 1].map(Number);
    if ((pid as number) > 255 || (choice as number) > 255)
      throw new VirqError('VIRQ-P001', `schedule: part ${i + 1}, '${run}', is not 'pid', 'pid:choice' or 'pid*count'`);
    return new Array<ScheduleStep>(count as number).fill(scheduleStep(pid as number, choice as number));
  });
}
