// virq run: a scenario, step by step, with what happened and what changed.

import { createInterface } from 'node:readline/promises';
import {
  type Bound,
  bindScenario,
  type Diagnostic,
  parseScenario,
  type RunReport,
  runScenario,
  type StepRecord,
} from '@virq/scenario';
import { loadBackends } from '../backends.ts';
import { readText } from '../input.ts';
import { EXIT, type Io, print, UsageError, wantsColor } from '../io.ts';
import { renderDiagnostics } from '../render/diagnostics.ts';
import { renderOutcome, renderStep } from '../render/timeline.ts';

/** Options of the verb. */
export interface RunVerbOptions {
  readonly json?: boolean;
  readonly seed?: string;
  readonly schedule?: string;
  readonly step?: boolean;
  readonly inspect?: boolean;
  readonly backend?: readonly string[];
}

/** Reads and binds a scenario; prints diagnostics and returns null if it is wrong. */
export async function loadScenario(
  path: string,
  backends: readonly string[],
  io: Io,
  json: boolean,
): Promise<Bound | null> {
  const text = await readText(path, io);
  const { bound, diagnostics } = bindScenario(parseScenario(text), await loadBackends(backends, io));
  if (bound !== null) return bound;
  if (json) await reportJson(path, diagnostics, io);
  else io.stderr.write(renderDiagnostics(path, text, diagnostics, wantsColor(io)));
  return null;
}

async function reportJson(path: string, diagnostics: readonly Diagnostic[], io: Io): Promise<void> {
  const records = diagnostics.map((d) => JSON.stringify({ schema: 'virq/diagnostic@1', file: path, ...d }));
  await print(io, `${records.join('\n')}\n`);
}

function seedOf(text: string | undefined): number {
  if (text === undefined) return 1;
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
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

/** Waits for Enter after each record on a terminal; on a pipe it just goes on. */
async function stepThrough(records: readonly StepRecord[], io: Io): Promise<void> {
  const interactive = io.stdout.isTTY === true;
  const lines = interactive ? createInterface({ input: io.stdin, output: io.stderr }) : null;
  for (const record of records) {
    await print(io, renderStep(record, wantsColor(io)));
    if (lines !== null && (await lines.question('— Enter for the next step, q to stop ')).startsWith('q')) break;
  }
  lines?.close();
}

async function printRun(result: RunReport, options: RunVerbOptions, path: string, io: Io): Promise<void> {
  if (options.json === true) {
    const { steps, ...rest } = result;
    const records = [{ schema: 'virq/run@1', ...rest }, ...steps];
    return print(io, `${records.map((r) => JSON.stringify(r)).join('\n')}\n`);
  }
  if (options.step === true) await stepThrough(result.steps, io);
  else for (const record of result.steps) await print(io, renderStep(record, wantsColor(io)));
  await print(io, renderOutcome(result, path, wantsColor(io)));
  if (options.inspect !== true) return;
  for (const s of result.inspect) await print(io, `\n${s.vm}: ${s.title}\n${s.lines.map((l) => `  ${l}\n`).join('')}`);
}

/** The verb. Exit code 0 as expected, 1 not, 2 for a file that is wrong. */
export async function run(path: string, options: RunVerbOptions, io: Io): Promise<number> {
  const seed = seedOf(options.seed);
  const schedule = scheduleOf(options.schedule);
  const bound = await loadScenario(path, options.backend ?? [], io, options.json === true);
  if (bound === null) return EXIT.USAGE;
  const result = runScenario(bound, schedule === undefined ? { seed } : { seed, schedule });
  await printRun(result, options, path, io);
  return result.ok ? EXIT.OK : EXIT.FINDING;
}
