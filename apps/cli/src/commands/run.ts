// virq run and virq inspect: a scenario, step by step, with what happened and what changed; or the controllers it ends with.

import { createInterface } from 'node:readline';
import { type RunReport, runScenario, type StepRecord } from '@virq/scenario';
import { EXIT, type Io, print, UsageError, wantsColor } from '../io.ts';
import { renderCosts } from '../render/costs.ts';
import { renderInspect, renderMode, renderOutcome, renderStep } from '../render/timeline.ts';
import { loadScenario, type ScenarioOptions } from '../scenario-file.ts';

/** Options of the verbs. */
export interface RunVerbOptions extends ScenarioOptions {
  readonly seed?: string;
  readonly schedule?: string;
  readonly step?: boolean;
  readonly inspect?: boolean;
  readonly replay?: string;
  readonly costs?: boolean;
}

function seedOf(text: string | undefined): number {
  if (text === undefined) return 1;
  const seed = Number(text);
  if (text.trim() === '' || !Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new UsageError('VIRQ-C001', `--seed takes an integer of 32 bits, not '${text}'`);
  return seed;
}

const SCHEDULERS = ['straight', 'round-robin', 'random', 'pct'];

function scheduleOf(text: string | undefined): string | undefined {
  if (text === undefined || SCHEDULERS.includes(text) || text.startsWith('s1')) return text;
  throw new UsageError(
    'VIRQ-C001',
    `--schedule takes ${SCHEDULERS.join(', ')} or a schedule string that was printed, not '${text}'`,
  );
}

/** Waits for Enter after each record on a terminal; on a pipe it just goes on. False when the user had enough. */
async function stepThrough(records: readonly StepRecord[], io: Io): Promise<boolean> {
  const lines = io.stdout.isTTY === true ? createInterface({ input: io.stdin }) : null;
  const answers = lines?.[Symbol.asyncIterator]();
  for (const record of records) {
    await print(io, renderStep(record, wantsColor(io)));
    if (answers === undefined || record === records.at(-1)) continue;
    io.stderr.write('— Enter for the next step, q to stop ');
    const { value, done } = await answers.next();
    if (done === true || value.startsWith('q')) {
      lines?.close();
      return false;
    }
  }
  lines?.close();
  return true;
}

async function printJson(result: RunReport, io: Io): Promise<void> {
  const { steps, ...rest } = result;
  for (const record of [{ schema: 'virq/run@1', ...rest }, ...steps]) await print(io, `${JSON.stringify(record)}\n`);
}

async function printText(result: RunReport, options: RunVerbOptions, path: string, io: Io): Promise<void> {
  if (options.step === true) {
    if (!(await stepThrough(result.steps, io))) return;
  } else for (const record of result.steps) await print(io, renderStep(record, wantsColor(io)));
  await print(io, renderOutcome(result, path, wantsColor(io)));
  if (options.inspect === true) await print(io, `\n${renderInspect(result)}`);
}

/** Runs a file in every mode that is asked for; null if it is wrong. */
async function runFile(path: string, options: RunVerbOptions, io: Io): Promise<readonly RunReport[] | null> {
  const seed = seedOf(options.seed);
  const schedule = scheduleOf(options.schedule);
  const bound = await loadScenario(path, options, io);
  return bound?.map((b) => runScenario(b, schedule === undefined ? { seed } : { seed, schedule })) ?? null;
}

const codeOf = (results: readonly RunReport[]): number => (results.every((r) => r.ok) ? EXIT.OK : EXIT.FINDING);

/** virq run. Exit code 0 as expected, 1 not, 2 for a file that is wrong. */
async function run(path: string, options: RunVerbOptions, io: Io): Promise<number> {
  const results = await runFile(path, options, io);
  if (results === null) return EXIT.USAGE;
  for (const result of results) {
    if (options.json === true) await printJson(result, io);
    else if (options.costs !== true) {
      if (result.mode !== null) await print(io, renderMode(result, wantsColor(io)));
      await printText(result, options, path, io);
    } else if (!result.ok) await print(io, renderOutcome(result, path, wantsColor(io)));
  }
  if (options.costs === true && options.json !== true) await print(io, renderCosts(results, wantsColor(io)));
  return codeOf(results);
}

/** virq run with a scenario, or with a saved counterexample instead. */
export async function runOrReplay(path: string | undefined, options: RunVerbOptions, io: Io): Promise<number> {
  const { replay } = options;
  if (replay !== undefined && path === undefined) return (await import('./replay.ts')).replayFile(replay, options, io);
  if (replay === undefined && path !== undefined) return run(path, options, io);
  const hint = 'virq run <scenario.yaml>, or virq run --replay <counterexample.json>';
  throw new UsageError('VIRQ-C001', path === undefined ? 'what is to be run?' : '--replay takes no scenario', hint);
}

async function printInspect(result: RunReport, options: RunVerbOptions, io: Io): Promise<void> {
  if (options.json !== true) {
    if (result.mode !== null) await print(io, renderMode(result, wantsColor(io)));
    await print(io, renderInspect(result));
    return;
  }
  const { title, mode, ok } = result;
  for (const record of [{ schema: 'virq/inspect@1', title, mode, ok }, ...result.inspect])
    await print(io, `${JSON.stringify(record)}\n`);
}

/** virq inspect: only the end. Exit codes as for `run`. */
export async function inspect(path: string, options: RunVerbOptions, io: Io): Promise<number> {
  const results = await runFile(path, options, io);
  if (results === null) return EXIT.USAGE;
  for (const result of results) {
    await printInspect(result, options, io);
    if (!result.ok) io.stderr.write(`virq: not as expected; see virq run ${path}\n`);
  }
  return codeOf(results);
}
