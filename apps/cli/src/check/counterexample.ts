// A violation as the user sees it: minimised, explained, saved, with the next command.

import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { explain, minimise, type Replay, replaySteps, saveCounterexample, toItf, type Violation } from '@virq/checker';
import { formatSchedule } from '@virq/irq-core/protocol';
import pc from 'picocolors';
import { type Io, print, UsageError, wantsColor } from '../io.ts';
import { scopeText } from '../render/verdict.ts';
import type { Target } from './target.ts';

/** Where a violation goes. */
export interface PresentOptions {
  readonly save?: string;
  readonly itf?: string;
  readonly json?: boolean;
}

async function write(path: string, text: string, io: Io): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, path), text);
  } catch (error) {
    throw new UsageError('VIRQ-C002', `${path} cannot be written: ${(error as Error).message}`, 'check the path');
  }
}

/** The command that finds it again. */
function checkCommand({ origin }: Target): string {
  const scope = scopeText(origin.scope).replaceAll(' ', '');
  const variant = origin.variant === null ? '' : ` --variant ${origin.variant}`;
  return `virq check ${origin.name}${variant}${scope === '' ? '' : ` --scope ${scope}`}`;
}

function next(target: Target, { save }: PresentOptions): string {
  if (save !== undefined) return `Step through it again: virq run --replay ${save}`;
  return `Keep it: ${checkCommand(target)} --save counterexample.json`;
}

/** The style of a terminal. */
export function styleOf(io: Io) {
  const c = pc.createColors(wantsColor(io));
  return { heading: c.cyan, quiet: c.dim, broken: c.red };
}

function jsonOf(violation: Violation, { steps }: Replay): string {
  const schedule = formatSchedule(violation.steps);
  return `${JSON.stringify({ schema: 'virq/violation@1', ...violation, schedule, steps })}\n`;
}

/** Prints a violation, and writes the files that were asked for. */
export async function presentViolation(
  target: Target,
  found: Violation,
  options: PresentOptions,
  io: Io,
): Promise<void> {
  const violation = minimise(target.make, found);
  const replay = replaySteps(target.make({ record: false }), violation);
  if (options.save !== undefined)
    await write(options.save, saveCounterexample({ origin: target.origin, violation }, replay), io);
  if (options.itf !== undefined) {
    const itf = toItf(target.make({ record: false }), violation);
    await write(options.itf, `${JSON.stringify(itf, null, 1)}\n`, io);
  }
  if (options.json === true) await print(io, jsonOf(violation, replay));
  else {
    const lines = ['', ...explain(violation, replay, styleOf(io)), '', next(target, options)];
    await print(io, `${lines.join('\n')}\n`);
  }
}
