// virq trace: what happened to every interrupt of a capture, and whether the model agrees.

import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KERNEL_VERSIONS, type KernelVersion } from '@virq/irq-core/kvm';
import type { ReplayReport } from '@virq/irq-core/machine';
import { suggest } from '@virq/scenario';
import {
  createShapeReader,
  createTraceAnalyzer,
  createTraceReader,
  FINDING_KINDS,
  type FindingKind,
  renderReport,
  type TraceReport,
} from '@virq/trace';
import { replayX86 } from '@virq/x86-avic';
import { feedCapture } from '../input.ts';
import { EXIT, type Io, print, UsageError, wantsColor } from '../io.ts';
import { renderReplay } from '../trace/render-replay.ts';

/** Options of the verb. */
export interface TraceOptions {
  readonly json?: boolean;
  readonly replay?: boolean;
  readonly kernel?: string;
  readonly gsi?: string;
  readonly only?: string;
  readonly since?: string;
  readonly until?: string;
}

function numberOption(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const n = Number(value);
  if (!Number.isFinite(n) || n < 0) throw new UsageError('VIRQ-C001', `--${name} takes a number, not '${value}'`);
  return n;
}

function gsiOption(value: string | undefined): readonly number[] | undefined {
  const gsi = numberOption('gsi', value);
  if (gsi !== undefined && !Number.isInteger(gsi))
    throw new UsageError('VIRQ-C001', `--gsi takes an integer, not '${value}'`);
  return gsi === undefined ? undefined : [gsi];
}

function kindsOption(value: string | undefined): readonly FindingKind[] | undefined {
  const kinds = value?.split(',').map((kind) => kind.trim());
  const stray = kinds?.find((kind) => !(FINDING_KINDS as readonly string[]).includes(kind));
  if (stray === undefined) return kinds as readonly FindingKind[] | undefined;
  throw new UsageError(
    'VIRQ-C001',
    `--only takes kinds of finding, and '${stray}' is none`,
    suggest(stray, FINDING_KINDS),
  );
}

function spanOption(options: TraceOptions): { since: number | undefined; until: number | undefined } {
  const since = numberOption('since', options.since);
  const until = numberOption('until', options.until);
  if (since !== undefined && until !== undefined && until < since)
    throw new UsageError('VIRQ-C001', `--until ${until} lies before --since ${since}`);
  return { since, until };
}

function kernelOf(options: TraceOptions, report: TraceReport): KernelVersion {
  if (options.kernel !== undefined) {
    if ((KERNEL_VERSIONS as readonly string[]).includes(options.kernel)) return options.kernel as KernelVersion;
    throw new UsageError('VIRQ-C001', `--kernel takes ${KERNEL_VERSIONS.join(', ')}, not '${options.kernel}'`);
  }
  return report.kernelHints.some((h) => h.includes('5.17')) ? '6.1' : '6.18';
}

async function analyze(path: string, io: Io, options: TraceOptions) {
  const shape = createShapeReader();
  const analyzer = createTraceAnalyzer({
    only: kindsOption(options.only),
    gsi: gsiOption(options.gsi),
    ...spanOption(options),
    onEvent: options.replay === true ? (e) => shape.event(e) : undefined,
  });
  const whole = await feedCapture(path, io, (chunk) => analyzer.push(chunk));
  return { report: analyzer.end(), shape: shape.shape(), whole };
}

async function replayCapture(
  path: string,
  io: Io,
  options: TraceOptions,
  analysis: Awaited<ReturnType<typeof analyze>>,
): Promise<ReplayReport> {
  if (analysis.report.arch === 'arm64')
    throw new UsageError(
      'VIRQ-C003',
      'this capture is of an arm64 host; replay models x86',
      undefined,
      EXIT.ENVIRONMENT,
    );
  const replayer = replayX86(analysis.shape, kernelOf(options, analysis.report));
  const reader = createTraceReader({ onEvent: (e) => replayer.event(e) });
  await feedCapture(path, io, (chunk) => reader.push(chunk));
  reader.end();
  return replayer.end();
}

/** Standard input can be read once only: a replay keeps it in a file meanwhile. */
async function spool(io: Io): Promise<{ path: string; remove(): void }> {
  const dir = mkdtempSync(join(tmpdir(), 'virq-'));
  const path = join(dir, 'capture');
  const file = await open(path, 'w');
  for await (const chunk of io.stdin) await file.write(chunk as Uint8Array);
  await file.close();
  return { path, remove: () => rmSync(dir, { recursive: true }) };
}

/** The verb. Exit code: the report's, or 1 when the replay differs. */
export async function trace(path: string, options: TraceOptions, io: Io): Promise<number> {
  const spooled = options.replay === true && path === '-' ? await spool(io) : null;
  try {
    const file = spooled?.path ?? path;
    const analysis = await analyze(file, io, options);
    const replayed = options.replay === true ? await replayCapture(file, io, options, analysis) : null;
    if (options.json === true) await printJson(io, analysis.report, replayed);
    else await printText(io, path, analysis.report, replayed);
    if (replayed !== null && replayed.differenceCount > 0) return EXIT.FINDING;
    if (analysis.whole) return analysis.report.exitCode;
    io.stderr.write(`virq: ${path} ends early: the gzip data is cut off, and only what comes before was looked at\n`);
    return analysis.report.exitCode === EXIT.OK ? EXIT.INCOMPLETE : analysis.report.exitCode;
  } finally {
    spooled?.remove();
  }
}

async function printJson(io: Io, report: TraceReport, replayed: ReplayReport | null): Promise<void> {
  await print(io, `${JSON.stringify(report)}\n`);
  if (replayed !== null) await print(io, `${JSON.stringify({ schema: 'virq/replay@1', ...replayed })}\n`);
}

async function printText(io: Io, path: string, report: TraceReport, replayed: ReplayReport | null): Promise<void> {
  const color = wantsColor(io);
  const width = io.stdout.columns ?? 120;
  await print(io, renderReport(report, { color, width }));
  if (replayed !== null) await print(io, renderReplay(replayed, color));
  if (replayed === null && report.arch === 'x86' && path !== '-')
    await print(io, `\nReplay it through the model: virq trace ${path} --replay\n`);
}
