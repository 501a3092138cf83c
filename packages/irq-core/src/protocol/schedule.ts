// A schedule as a short printable string: which process made each step. `s1.0*3.1.0*2` = three steps of pid 0, one of 1, two of 0.

import { VirqError } from '../errors.ts';

const PREFIX = 's1';

/** Writes the pids of the steps made, in order. */
export function formatSchedule(pids: readonly number[]): string {
  const runs: string[] = [];
  for (let i = 0; i < pids.length; ) {
    let end = i + 1;
    while (end < pids.length && pids[end] === pids[i]) end++;
    runs.push(end - i === 1 ? `${pids[i]}` : `${pids[i]}*${end - i}`);
    i = end;
  }
  return [PREFIX, ...runs].join('.');
}

/** Reads a schedule string. Throws VIRQ-P001 with the place of the fault if it is none. */
export function parseSchedule(text: string): number[] {
  const [prefix, ...runs] = text.trim().split('.');
  if (prefix !== PREFIX)
    throw new VirqError('VIRQ-P001', `'${text.slice(0, 40)}' is no schedule: it must begin with '${PREFIX}.'`, {
      hint: 'copy the whole schedule string that was printed, e.g. s1.0*3.1.0*2',
    });
  return runs.flatMap((run, i) => {
    const match = /^(\d{1,3})(?:\*(\d{1,7}))?$/.exec(run);
    if (match === null)
      throw new VirqError('VIRQ-P001', `schedule: part ${i + 1}, '${run}', is not 'pid' or 'pid*count'`);
    return new Array<number>(Number(match[2] ?? 1)).fill(Number(match[1]));
  });
}
