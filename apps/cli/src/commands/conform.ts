// virq conform: a model side by side with a real implementation.

import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type CampaignResult,
  type Comparison,
  createModelOracle,
  headLine,
  kernelFor,
  type Op,
  type Oracle,
  OracleError,
  type OracleResult,
  type Provenance,
  readOperations,
  resultLine,
  runCampaign,
  runReplay,
  TARGETS,
  type Target,
} from '@virq/conformance';
import { DEFAULT_KERNEL, KERNEL_VERSIONS, type KernelVersion } from '@virq/irq-core/kvm';
import { suggest } from '@virq/scenario';
import { loadBackend } from '../backends.ts';
import { positive } from '../check/options.ts';
import { campaignLine } from '../conform/progress.ts';
import { seedsOf } from '../conform/seeds.ts';
import { readText } from '../input.ts';
import { EXIT, type Io, print, UsageError } from '../io.ts';
import { type Conformed, recordsOf, renderConformed } from '../render/conform.ts';

/** Options of the verb. */
export interface ConformOptions {
  readonly against?: string;
  readonly seeds?: string;
  readonly ops?: string;
  readonly replay?: string;
  readonly record?: string;
  readonly save?: string;
  readonly kernel?: string;
  readonly json?: boolean;
}

const DEFAULT_OPS = 20_000;

const now = (): number => performance.now();

/** The comparison that is asked for. */
function targetOf(backend: string, against: string | undefined): Target {
  const ofBackend = TARGETS.filter((t) => t.backend === backend);
  const names = [...new Set(TARGETS.map((t) => t.backend))];
  if (ofBackend.length === 0)
    throw new UsageError('VIRQ-O001', `nothing to compare '${backend}' with`, suggest(backend, names));
  const kinds = ofBackend.map((t) => t.against);
  if (against === undefined)
    throw new UsageError('VIRQ-C001', '--against is missing', `it takes ${kinds.join(' or ')}`);
  const target = ofBackend.find((t) => t.against === against);
  if (target === undefined)
    throw new UsageError('VIRQ-O001', `'${backend}' cannot be compared with '${against}'`, suggest(against, kinds));
  return target;
}

/** Lists the comparisons, and which of them can be made here. */
async function list(options: ConformOptions, io: Io): Promise<number> {
  for (const { backend, against, summary, createOracle } of TARGETS) {
    const missing = await createOracle(io.env).available();
    if (options.json === true)
      await print(io, `${JSON.stringify({ schema: 'virq/oracle@1', backend, against, summary, missing })}\n`);
    else
      await print(
        io,
        `${backend} --against ${against}\n  ${summary}\n  ${missing === null ? 'available' : `${missing.reason}; ${missing.remedy}`}\n`,
      );
  }
  return EXIT.OK;
}

async function demandOracle(oracle: Oracle): Promise<void> {
  const missing = await oracle.available();
  if (missing !== null) throw new UsageError('VIRQ-O002', missing.reason, missing.remedy, EXIT.ENVIRONMENT);
}

function kernelOf(options: ConformOptions, who: Provenance): KernelVersion {
  if (options.kernel === undefined) return who.implementation === 'kvm' ? kernelFor(who.version) : DEFAULT_KERNEL;
  if ((KERNEL_VERSIONS as readonly string[]).includes(options.kernel)) return options.kernel as KernelVersion;
  throw new UsageError('VIRQ-C001', `--kernel takes ${KERNEL_VERSIONS.join(', ')}, not '${options.kernel}'`);
}

/** Writes what the oracle gives to a file as it comes. */
interface Recorder {
  note(op: Op, result: OracleResult, seed: number | null): void;
  end(): Promise<void>;
}

async function recorderOf(options: ConformOptions, target: Target, who: Provenance, io: Io): Promise<Recorder> {
  if (options.record === undefined) return { note: () => undefined, end: async () => undefined };
  const file: WriteStream = createWriteStream(resolve(io.cwd, options.record));
  await once(file, 'open').catch((error: Error) => {
    throw new UsageError('VIRQ-C002', `${options.record} cannot be written: ${error.message}`);
  });
  file.write(headLine({ schema: 'virq/vectors@1', ...who, date: io.clock().toISOString(), backend: target.backend }));
  let first = '';
  return {
    note(op, result, seed) {
      first ||= op.op;
      file.write(op.op === first && seed !== null ? resultLine(op, result, seed) : resultLine(op, result));
    },
    async end() {
      file.end();
      await once(file, 'finish');
    },
  };
}

/** Runs what is asked for. */
async function compare(target: Target, options: ConformOptions, io: Io, c: Comparison): Promise<CampaignResult> {
  if (options.replay !== undefined)
    return runReplay(c, readOperations(await readText(options.replay, io), options.replay));
  const seeds = seedsOf(options.seeds);
  return runCampaign({ ...c, generator: target.generator, seeds, ops: positive('ops', options.ops) ?? DEFAULT_OPS });
}

async function present(done: Conformed, options: ConformOptions, io: Io): Promise<number> {
  const { finding, interrupted, unrepeatable } = done.result;
  if (options.json === true) for (const record of recordsOf(done)) await print(io, `${JSON.stringify(record)}\n`);
  else await print(io, renderConformed(done));
  if (finding === null) {
    if (interrupted) return EXIT.INTERRUPTED;
    return unrepeatable.length > 0 ? EXIT.INCOMPLETE : EXIT.OK;
  }
  if (options.save !== undefined) {
    const ops = finding.minimised.ops.map((op) => JSON.stringify(op));
    await writeFile(resolve(io.cwd, options.save), `[\n${ops.join(',\n')}\n]\n`);
  }
  return EXIT.FINDING;
}

/** virq conform. Exit code 0 when both agree, 1 for an unexplained difference, 2 for wrong input, 3 when one did not show again, 4 when the oracle is not there. */
export async function conform(backend: string | undefined, options: ConformOptions, io: Io): Promise<number> {
  if (backend === undefined) return list(options, io);
  const target = targetOf(backend, options.against);
  const seeds = seedsOf(options.seeds);
  positive('ops', options.ops);
  const side = target.model(await loadBackend(backend, io));
  if (side === undefined) throw new UsageError('VIRQ-O001', `'${backend}' does not model ${target.against}`);
  const oracle = target.createOracle(io.env);
  await demandOracle(oracle);
  const who = await oracle.provenance();
  const kernel = kernelOf(options, who);
  const recorder = await recorderOf(options, target, who, io);
  const progress = campaignLine(io, now);
  const began = now();
  try {
    const model = createModelOracle(side, kernel);
    const sides = { model, oracle, skips: target.skips, onResult: recorder.note, onProgress: progress.show };
    const result = await compare(target, options, io, sides);
    const seconds = (now() - began) / 1000;
    progress.end();
    return await present(
      {
        target,
        kernel,
        seeds: options.replay === undefined ? seeds : [],
        seconds,
        result,
        save: options.save,
        replay: options.replay,
      },
      options,
      io,
    );
  } catch (error) {
    if (error instanceof OracleError)
      throw new UsageError(
        error.code,
        error.message,
        'run it again; if it stays, report it with the command',
        EXIT.ENVIRONMENT,
      );
    throw error;
  } finally {
    progress.end();
    await recorder.end();
  }
}
