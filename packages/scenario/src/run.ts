// Runs a bound scenario: one record per step with result, events and changed state; expectations judged as they come.

import { EFAULT, errnoName, KernelCrash } from '@virq/irq-core/errors';
import {
  createMachine,
  createSession,
  findOperation,
  type Json,
  type OpResult,
  type Session,
} from '@virq/irq-core/machine';
import {
  parseSchedule,
  replay,
  type run as runProcesses,
  type StepEvent,
  schedulerNamed,
} from '@virq/irq-core/protocol';
import type { Bound } from './bind.ts';
import type { BoundItem, BoundStep } from './bind-steps.ts';
import { type Costs, costsOf } from './costs.ts';
import { backendProperties, END_PROPERTIES, NO_STEP_FAILS, partProperties } from './end-properties.ts';
import { countFailures, failuresOf, stateFailures } from './expectations.ts';

/** A field that changed, as {@link Arena.diff} names it. */
export interface ChangeRecord {
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
}

/** One line of the timeline. */
export interface StepRecord {
  readonly step: number;
  readonly vm: string;
  readonly op: string;
  readonly args: Json;
  readonly note: string | null;
  readonly ret: number;
  readonly errno: string | null;
  readonly out: Json;
  /** Tracepoint lines in order. */
  readonly events: readonly string[];
  readonly changes: readonly ChangeRecord[];
  /** Steps of protocols, when several ran interleaved: `pid protocol label`. */
  readonly interleaving: readonly string[];
  /** Expectations not met. */
  readonly failures: readonly string[];
}

/** A property that does not hold at the end. */
export interface Violation {
  readonly property: string;
  readonly what: string;
}

/** Result of a run. */
export interface RunReport {
  readonly title: string;
  /** Mode of the file, null if it has none. */
  readonly mode: string | null;
  readonly kernel: string;
  readonly seed: number;
  readonly scheduler: string;
  /** Schedules of the interleaved rounds joined by `/`, for `--schedule`; null when nothing was interleaved. */
  readonly schedule: string | null;
  readonly steps: readonly StepRecord[];
  readonly violations: readonly Violation[];
  readonly expectedViolation: string | null;
  /** What the interrupts cost. */
  readonly costs: Costs;
  readonly failures: readonly string[];
  /** Everything as the file expects it. */
  readonly ok: boolean;
  readonly inspect: readonly { readonly vm: string; readonly title: string; readonly lines: readonly string[] }[];
}

/** How to run. */
export interface RunOptions {
  readonly seed?: number;
  /** `straight`, `round-robin`, `random`, `pct`, or the schedule string of an earlier report. */
  readonly schedule?: string;
  /** Called after each step. */
  readonly onStep?: (record: StepRecord) => void;
}

/** Schedule of a round in which no process made a step. */
const NOTHING_MOVED = 's1';

/** State that changes at every step and says nothing. */
const NOISE = /\.(seq|requests)$|^processes|\.waiter$|generation\[/;

interface Run {
  readonly session: Session;
  readonly options: Required<Pick<RunOptions, 'seed'>> & RunOptions;
  /** Schedule of every round of concurrent operations so far. */
  readonly schedules: string[];
  /** Schedules to follow, by round; null when a scheduler chooses. */
  readonly recorded: readonly (readonly number[])[] | null;
  /** Why the kernel is gone, null while it lives. */
  crash: string | null;
}

function changesSince(r: Run, before: Uint8Array): ChangeRecord[] {
  return r.session.machine.arena.diff(before).filter((c) => !NOISE.test(c.path)) as ChangeRecord[];
}

function selectVm(r: Run, name: string): void {
  const vm = r.session.machine.vms.find((v) => v.name === name);
  if (vm !== undefined) r.session.vm = vm;
}

function apply(r: Run, step: BoundStep): OpResult {
  selectVm(r, step.vm);
  return findOperation(r.session, step.op)?.run(step.args) ?? { ret: -22 };
}

const jsonArgs = (args: unknown): Json =>
  JSON.parse(JSON.stringify(args, (_k, v) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v)));

/** What a step did, before it is put into words. */
interface Done {
  readonly n: number;
  readonly step: BoundStep;
  readonly before: Uint8Array;
  readonly result: OpResult;
  readonly interleaving: readonly string[];
}

function record(r: Run, { n, step, before, result, interleaving }: Done): StepRecord {
  const events = r.session.takeTrace();
  const base = {
    step: n,
    vm: step.vm,
    op: step.op,
    args: jsonArgs(step.args),
    note: step.note ?? null,
    ret: result.ret < 0 ? -1 : result.ret,
    errno: errnoName(result.ret),
    out: (result.out ?? null) as Json,
    events,
    changes: changesSince(r, before),
    interleaving,
  };
  return { ...base, failures: step.expect === undefined ? [] : failuresOf(step.expect, base, r.session.machine.arena) };
}

function runStep(r: Run, n: number, step: BoundStep): StepRecord {
  const before = r.session.machine.arena.bytes.slice();
  const result = survive(r, () => {
    const done = apply(r, step);
    r.session.machine.settle();
    return done;
  });
  return record(r, { n, step, before, result, interleaving: [] });
}

/** The result of an operation; of one in which the kernel crashes an event and no success. */
function survive(r: Run, run: () => OpResult): OpResult {
  try {
    return run();
  } catch (error) {
    if (!KernelCrash.isInstance(error)) throw error;
    r.crash = error.message;
    r.session.machine.trace.emit('kernel_crash', { text: error.message });
    return { ret: -EFAULT };
  }
}

/** Throws VIRQ-P001 for a text that looks like a schedule and is none. */
const recordedSchedules = (schedule: string | undefined): Run['recorded'] =>
  schedule?.startsWith('s1') === true ? schedule.split('/').map(parseSchedule) : null;

function scheduler(r: Run): Parameters<typeof runProcesses>[1] {
  const { schedule = 'random', seed } = r.options;
  return r.recorded === null ? schedulerNamed(schedule, seed) : replay(r.recorded[r.schedules.length] ?? []);
}

/** Starts the lists' operations as processes and interleaves them; each list goes on when its last operation's work is done. */
function runConcurrent(r: Run, n: number, item: Extract<BoundItem, { concurrent: unknown }>): StepRecord {
  const lists = item.concurrent;
  const { machine } = r.session;
  const before = machine.arena.bytes.slice();
  const interleaving: string[] = [];
  const onStep = (e: StepEvent): void => void interleaving.push(`${e.pid} ${e.protocol} ${e.label}`);
  const session = r.session as { settles: boolean };
  session.settles = false;
  let last: OpResult = { ret: 0 };
  const longest = Math.max(0, ...lists.map((list) => list.length));
  for (let i = 0; i < longest && r.crash === null; i++)
    last = survive(r, () => {
      let result = last;
      for (const list of lists) {
        const step = list[i];
        if (step !== undefined) result = apply(r, step);
      }
      r.schedules.push(machine.settle(scheduler(r), { onStep }).schedule);
      return result;
    });
  session.settles = true;
  const names = lists.map((list) => list.map((s) => s.op).join(', ')).join(' ∥ ');
  const note = item.note === undefined ? names : `${item.note} (${names})`;
  const whole: BoundStep = { vm: '', op: 'concurrent', args: {}, note, expect: item.expect };
  return record(r, { n, step: whole, before, result: last, interleaving });
}

function violationsOf(r: Run): Violation[] {
  const { machine } = r.session;
  if (r.crash !== null) return [{ property: NO_STEP_FAILS, what: r.crash }];
  return [...END_PROPERTIES, ...backendProperties(machine.vms), ...partProperties(machine)].flatMap((p) => {
    const what = p.broken(machine);
    return what === null ? [] : [{ property: p.name, what }];
  });
}

function judge(bound: Bound, steps: readonly StepRecord[], violations: readonly Violation[], r: Run): string[] {
  const expected = bound.file.expect?.violation;
  const failures = steps.flatMap((s) => s.failures.map((f) => `step ${s.step}: ${f}`));
  failures.push(...stateFailures(bound.file.expect?.state ?? {}, r.session.machine.arena));
  const events = steps.flatMap((s) => s.events);
  failures.push(...countFailures(bound.file.expect?.events ?? {}, events));
  if (expected !== undefined && !violations.some((v) => v.property === expected))
    failures.push(`"${expected}" was to be violated, but it holds`);
  for (const v of violations) if (v.property !== expected) failures.push(`violated: ${v.property} (${v.what})`);
  return failures;
}

/** Runs a scenario. Deterministic: the same file, seed and schedule give the same report. */
export function runScenario(bound: Bound, options: RunOptions = {}): RunReport {
  const recorded = recordedSchedules(options.schedule);
  const machine = createMachine(bound.machine);
  const session = createSession(machine);
  machine.trace.on = true;
  const r: Run = { session, options: { seed: 1, ...options }, schedules: [], recorded, crash: null };
  const steps: StepRecord[] = [];
  for (const [i, item] of bound.items.entries()) {
    const done = 'step' in item ? runStep(r, i + 1, item.step) : runConcurrent(r, i + 1, item);
    steps.push(done);
    options.onStep?.(done);
    if (r.crash !== null) break;
  }
  const violations = violationsOf(r);
  const failures = judge(bound, steps, violations, r);
  return {
    title: bound.file.title,
    mode: bound.mode,
    kernel: machine.kernel,
    seed: r.options.seed,
    scheduler: options.schedule ?? 'random',
    schedule: r.schedules.some((s) => s !== NOTHING_MOVED) ? r.schedules.join('/') : null,
    steps,
    violations,
    costs: costsOf(steps),
    expectedViolation: bound.file.expect?.violation ?? null,
    failures,
    ok: failures.length === 0,
    inspect: [
      ...machine.vms.flatMap((vm) => vm.backend.inspect(vm.chip as never).map((s) => ({ vm: vm.name, ...s }))),
      ...machine.hostParts.flatMap((part) =>
        part.inspect(machine.parts[part.name] as never).map((s) => ({ vm: 'host', ...s })),
      ),
    ],
  };
}
