// virq check --store and --shard: random searches over hashes, for spaces beyond memory or beyond one machine; virq merge: what shards saw together.

import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type CheckResult,
  exploreShardSlices,
  mergeShards,
  type Part,
  parseShard,
  type RandomSearchOptions,
  type RandomSearchResult,
  randomSearchSlices,
  type ShardResult,
} from '@virq/checker';
import pc from 'picocolors';
import { presentViolation } from '../check/counterexample.ts';
import { type CheckVerbOptions, checkOptionsOf, oneOf, positive } from '../check/options.ts';
import type { Target } from '../check/target.ts';
import { readText } from '../input.ts';
import { EXIT, type Io, print, UsageError, wantsColor } from '../io.ts';
import { type Checked, renderClean, renderIncomplete, renderViolated } from '../render/verdict.ts';

const now = (): number => performance.now();
/** Milliseconds that a shard explores unless it is told otherwise. */
const PATIENCE = 60_000;

/** `2/8`. */
export function partOf(text: string): Part {
  const [, shard, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  if (shard !== undefined && Number(shard) >= 1 && Number(shard) <= Number(of))
    return { shard: Number(shard), of: Number(of) };
  throw new UsageError('VIRQ-C001', `--shard takes i/n with 1 ≤ i ≤ n, not '${text}'`, 'for example --shard 2/8');
}

function searchOptions(o: CheckVerbOptions): RandomSearchOptions {
  const { maxStates, maxDepth, maxTime, maxMemory, deadlock } = checkOptionsOf(o);
  const store = oneOf('store', o.store, ['fingerprint', 'bitstate']);
  const seed = positive('seed', o.seed);
  const given = { store, seed, maxStates, maxDepth, maxTime, maxMemory, deadlock };
  return Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as RandomSearchOptions;
}

/** Runs slices; Ctrl-C ends them with what is known. */
async function patiently<T>(io: Io, start: (stop: () => boolean) => Generator<undefined, T>): Promise<T> {
  let stopped = false;
  const release = io.onInterrupt?.(() => {
    stopped = true;
  });
  try {
    const slices = start(() => stopped);
    for (;;) {
      const { done, value } = slices.next();
      if (done === true) return value;
      await new Promise((wake) => setImmediate(wake));
    }
  } finally {
    release?.();
  }
}

async function printShard(result: ShardResult, options: CheckVerbOptions, io: Io): Promise<void> {
  const text = `${JSON.stringify(result)}\n`;
  if (options.save !== undefined)
    await writeFile(resolve(io.cwd, options.save), text).catch((error: Error) => {
      throw new UsageError('VIRQ-C002', `${options.save} cannot be written: ${error.message}`, 'check the path');
    });
  if (options.json === true || options.save === undefined) return print(io, text);
  const found = result.violations.map((v) => `  ✗ ${v.property}\n    schedule ${v.schedule}\n`);
  const head = `shard ${result.shard} of ${result.of}: ${result.states} states, ${result.transitions} transitions`;
  await print(io, `${head}\n${found.join('')}Next: virq merge ${options.save} …\n`);
}

/** virq check --shard i/n. Exit code 0 when the shard has done its part, 1 when it found a violation, 130 when interrupted. */
export async function checkShard(target: Target, options: CheckVerbOptions, io: Io): Promise<number> {
  const part = partOf(options.shard as string);
  const search = { maxTime: PATIENCE, now, ...searchOptions(options) };
  let interrupted = false;
  const result = await patiently(io, (stop) =>
    exploreShardSlices(target.make, {
      ...search,
      ...part,
      origin: target.origin,
      stop: () => (interrupted = stop()),
    }),
  );
  await printShard(result, options, io);
  if (result.violations.length > 0) return EXIT.FINDING;
  return interrupted ? EXIT.INTERRUPTED : EXIT.OK;
}

/** What a search that keeps hashes is worth. */
function worth({ bound, omission }: RandomSearchResult): string {
  if (omission === null) return 'states may be missing: bits are shared';
  if (bound !== null) return 'what was left out is not known';
  return `probability that a state is missing: below ${omission.toExponential(1)}`;
}

/** virq check --store: one random search. Bits prove nothing; fingerprints prove up to the probability that is printed. */
export async function checkHashed(target: Target, options: CheckVerbOptions, io: Io): Promise<number> {
  const began = now();
  const r = await patiently(io, (stop) => randomSearchSlices(target.make, { ...searchOptions(options), now, stop }));
  const proves = r.bound === null && r.omission !== null;
  const verdict = r.violations.length > 0 ? 'violated' : proves ? 'ok' : 'incomplete';
  const result: CheckResult = { ...r, verdict, bytesPerState: r.bytes / r.states };
  const seconds = (now() - began) / 1000;
  const { properties } = target.make({ record: false });
  const checked: Checked = { title: target.title, scope: target.origin.scope, properties, result, seconds };
  const color = wantsColor(io);
  if (options.json === true) {
    const { sketch: _, violations, ...rest } = r;
    const head = { schema: 'virq/check@1', ...target.origin, verdict, seconds, violations: violations.length };
    await print(io, `${JSON.stringify({ ...head, ...rest, violations: violations.length })}\n`);
  } else if (verdict === 'violated') await print(io, renderViolated(checked, false, color));
  else await print(io, (verdict === 'ok' ? renderClean : renderIncomplete)(checked, color));
  if (options.json !== true) await print(io, `  ${worth(r)}\n`);
  for (const violation of r.violations) await presentViolation(target, violation, options, io);
  if (verdict === 'violated') return EXIT.FINDING;
  if (r.bound === 'interrupted') return EXIT.INTERRUPTED;
  return verdict === 'ok' ? EXIT.OK : EXIT.INCOMPLETE;
}

/** virq merge. Exit code 0 if a shard saw everything and found nothing, 1 for a violation, 3 otherwise. */
export async function merge(files: readonly string[], options: { readonly json?: boolean }, io: Io): Promise<number> {
  const shards = await Promise.all(files.map(async (file) => parseShard(await readText(file, io))));
  const merged = mergeShards(shards);
  if (options.json === true) await print(io, `${JSON.stringify({ schema: 'virq/merge@1', ...merged })}\n`);
  else {
    const c = pc.createColors(wantsColor(io));
    const lines = [
      `${c.bold(merged.origin.name)}: ${merged.verdict}; ${shards.length} of ${merged.of} shards, about ${merged.states} states, ${merged.transitions} transitions`,
      ...(merged.missing.length > 0 ? [`  missing shards: ${merged.missing.join(', ')}`] : []),
      ...merged.violations.flatMap((v) => [c.red(`✗ ${v.property}`), `  ${v.message}`, `  schedule ${v.schedule}`]),
      ...merged.unreached.map((name) => `  not seen by any: ${name}`),
      ...merged.unrun.map((label) => `  never ran: ${label}`),
    ];
    await print(io, `${lines.join('\n')}\n`);
  }
  if (merged.verdict === 'violated') return EXIT.FINDING;
  return merged.verdict === 'ok' ? EXIT.OK : EXIT.INCOMPLETE;
}
