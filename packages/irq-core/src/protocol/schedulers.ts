// Who runs next. All runners share one stepOnce; only the scheduler differs (the idea of awslabs/shuttle).

import { ModelError, VirqError } from '../errors.ts';
import { type Random, seeded } from './random.ts';
import { choiceOf, pidOf, type ScheduleStep } from './schedule.ts';

/** Chooses among candidate pids (live and not known to be blocked), ascending, never empty. `last` moved before, -1 at the start. */
export interface Scheduler {
  readonly name: string;
  pick(candidates: readonly number[], last: number): number;
  /** Alternative of a step that can go `choices` ways (≥ 2); the first one if the scheduler does not say. */
  choose?(choices: number): number;
}

/** The running process goes on until it blocks or ends, then the lowest pid. What a single CPU without preemption does. */
export const straight = (): Scheduler => ({
  name: 'straight',
  pick: (candidates, last) => (candidates.includes(last) ? last : (candidates[0] as number)),
});

/** One step each, in order of pid. */
export const roundRobin = (): Scheduler => ({
  name: 'round-robin',
  pick: (candidates, last) => candidates.find((pid) => pid > last) ?? (candidates[0] as number),
});

/** Uniform choice at every step. */
export function random(seed: number): Scheduler {
  const r = seeded(seed);
  return {
    name: `random(${seed})`,
    pick: (candidates) => candidates[r.below(candidates.length)] as number,
    choose: (choices) => r.below(choices),
  };
}

/**
 * Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): random priorities and `depth - 1` random points at which
 * the running process drops to the bottom. Finds a bug of depth d among n processes and k steps with probability ≥ 1/(n·k^(d-1)).
 */
export function pct(seed: number, depth = 3, steps = 64): Scheduler {
  const r: Random = seeded(seed);
  const priority = new Map<number, number>();
  const changes = new Set(Array.from({ length: Math.max(0, depth - 1) }, () => r.below(steps)));
  let step = 0;
  let floor = 0;
  const of = (pid: number): number => {
    const known = priority.get(pid);
    if (known !== undefined) return known;
    const p = 1 + r.next();
    priority.set(pid, p);
    return p;
  };
  return {
    name: `pct(${seed}, ${depth})`,
    pick(candidates, last) {
      if (changes.has(step++) && last >= 0) priority.set(last, --floor);
      return candidates.reduce((best, pid) => (of(pid) > of(best) ? pid : best));
    },
    choose: (choices) => r.below(choices),
  };
}

/** Follows a recorded schedule exactly, then goes straight on. Throws VIRQ-P002 where the schedule names a process that cannot move. */
export function replay(schedule: readonly ScheduleStep[]): Scheduler {
  let i = 0;
  const rest = straight();
  return {
    name: 'replay',
    pick(candidates, last) {
      const step = schedule[i];
      if (step === undefined) return rest.pick(candidates, last);
      const pid = pidOf(step);
      if (!candidates.includes(pid))
        throw new VirqError(
          'VIRQ-P002',
          `schedule step ${i + 1}: pid ${pid} cannot move here (candidates: ${candidates.join(', ')})`,
          {
            hint: 'the schedule belongs to another scenario, version or seed',
          },
        );
      i++;
      return pid;
    },
    choose: (choices) => Math.min(choiceOf(schedule[i - 1] ?? 0), choices - 1),
  };
}

/** Scheduler by its command-line name: `straight`, `round-robin`, `random`, `pct`. */
export function schedulerNamed(name: string, seed: number): Scheduler {
  const table: Readonly<Record<string, () => Scheduler>> = {
    straight,
    'round-robin': roundRobin,
    random: () => random(seed),
    pct: () => pct(seed),
  };
  const make = table[name];
  if (make === undefined) throw new ModelError(`no scheduler '${name}'; known: ${Object.keys(table).join(', ')}`);
  return make();
}
