// A scenario from wherever it comes: YAML from a file or standard input, or the default export of a module.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type Bound,
  bindScenario,
  checkScenario,
  type Diagnostic,
  modesOf,
  type Parsed,
  parseScenario,
} from '@virq/scenario';
import { loadBackends, PARTS } from './backends.ts';
import { readText } from './input.ts';
import { type Io, print, UsageError, wantsColor } from './io.ts';
import { importDefault } from './module.ts';
import { renderDiagnostics } from './render/diagnostics.ts';

/** What scenario verbs share. */
export interface ScenarioOptions {
  readonly json?: boolean;
  readonly backend?: readonly string[];
  readonly mode?: string;
}

const MODULE = /\.(mjs|js|mts|ts)$/;

async function readModule(path: string, io: Io): Promise<Parsed> {
  const file = resolve(io.cwd, path);
  if (!existsSync(file)) throw new UsageError('VIRQ-C002', `${path} does not exist`, 'check the path');
  const value = await importDefault(file, { code: 'VIRQ-S011', what: path });
  if (value === undefined)
    throw new UsageError('VIRQ-S011', `${path} has no default export`, 'export default defineScenario({ virq: 1, … })');
  return checkScenario(value);
}

/** A scenario file, its text for code frames ('' for a module). */
export interface ReadScenario {
  readonly parsed: Parsed;
  readonly text: string;
}

/** Whether a word on the command line is a scenario rather than the name of a model. */
export const isScenarioPath = (word: string): boolean => word === '-' || /[./\\]/.test(word);

/** Reads a scenario without binding it. */
export async function readScenario(path: string, io: Io): Promise<ReadScenario> {
  if (MODULE.test(path)) return { parsed: await readModule(path, io), text: '' };
  const text = await readText(path, io);
  return { parsed: parseScenario(text), text };
}

/** What is wrong with a file. */
export interface Faults {
  readonly path: string;
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Prints diagnostics: as records on stdout, or with code frames on stderr. */
export async function reportDiagnostics(
  { path, text, diagnostics }: Faults,
  options: ScenarioOptions,
  io: Io,
): Promise<void> {
  if (options.json !== true) {
    io.stderr.write(renderDiagnostics(path, text, diagnostics, wantsColor(io)));
    return;
  }
  const records = diagnostics.map((d) => JSON.stringify({ schema: 'virq/diagnostic@1', file: path, ...d }));
  await print(io, `${records.join('\n')}\n`);
}

/** Modes to run: the one that is asked for, or all of the file's; `undefined` for a file without modes. */
function modesAsked(parsed: Parsed, asked: string | undefined): readonly (string | undefined)[] {
  const modes = parsed.scenario === null ? [] : modesOf(parsed.scenario);
  if (asked === undefined) return modes.length === 0 ? [undefined] : modes;
  if (modes.includes(asked)) return [asked];
  const hint = modes.length === 0 ? 'the file has no modes' : `its modes are: ${modes.join(', ')}`;
  throw new UsageError('VIRQ-C001', `no mode '${asked}'`, hint);
}

/** Reads and binds a scenario in every mode that is asked for; prints diagnostics and returns null if it is wrong. */
export async function loadScenario(path: string, options: ScenarioOptions, io: Io): Promise<readonly Bound[] | null> {
  const backends = await loadBackends(options.backend ?? [], io);
  const { parsed, text } = await readScenario(path, io);
  const all: Bound[] = [];
  for (const mode of modesAsked(parsed, options.mode)) {
    const { bound, diagnostics } = bindScenario(parsed, backends, PARTS, mode);
    if (bound === null) {
      await reportDiagnostics({ path, text, diagnostics }, options, io);
      return null;
    }
    all.push(bound);
  }
  return all;
}
