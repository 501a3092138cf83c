// virq check: every interleaving of a model or of a scenario's `concurrent:` section.

import { type CheckResult, checkWithPauses } from '@virq/checker';
import { checkInParallel } from '@virq/checker/workers';
import { presentViolation } from '../check/counterexample.ts';
import { FAMILIES } from '../check/models.ts';
import { checkMutants } from '../check/mutants.ts';
import { type CheckVerbOptions, checkOptionsOf, positive } from '../check/options.ts';
import { progressLine } from '../check/progress.ts';
import { type Target, targetOf } from '../check/target.ts';
import { EXIT, type Io, print, UsageError, wantsColor } from '../io.ts';
import { type Checked, renderClean, renderIncomplete, renderViolated } from '../render/verdict.ts';
import { checkHashed, checkShard } from './swarm.ts';

const now = (): number => performance.now();
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Explores a target with progress on stderr. */
async function explore(target: Target, options: CheckVerbOptions, io: Io): Promise<CheckResult> {
  const checkOptions = checkOptionsOf(options);
  const workers = positive('workers', options.workers) ?? 1;
  const progress = progressLine(io, now);
  const o = { ...checkOptions, now, onProgress: progress.show };
  try {
    if (workers === 1) return await checkWithPauses(target.make, { ...o, pause });
    return await checkInParallel(target.make, { ...o, workers });
  } finally {
    progress.end();
  }
}

/** Whether a result is what the target expects. */
function asExpected({ expect }: Target, { verdict, violations }: CheckResult): boolean {
  if (expect === null) return verdict === 'ok';
  return violations.some((v) => v.property === expect);
}

function exitOf(target: Target, result: CheckResult): number {
  if (asExpected(target, result)) return EXIT.OK;
  if (result.bound === 'interrupted') return EXIT.INTERRUPTED;
  return result.verdict === 'incomplete' ? EXIT.INCOMPLETE : EXIT.FINDING;
}

async function printVerdict(target: Target, checked: Checked, io: Io): Promise<void> {
  const color = wantsColor(io);
  const { verdict } = checked.result;
  if (verdict === 'ok') await print(io, renderClean(checked, color));
  else if (verdict === 'incomplete') await print(io, renderIncomplete(checked, color));
  else await print(io, renderViolated(checked, asExpected(target, checked.result), color));
  if (target.expect !== null && !asExpected(target, checked.result) && verdict !== 'incomplete')
    await print(io, `✗ expected: violation of "${target.expect}"\n`);
}

async function printJson(target: Target, checked: Checked, io: Io): Promise<void> {
  const { result, seconds, properties } = checked;
  const { violations, ...rest } = result;
  const names = properties.map(({ name, kind }) => ({ name, kind }));
  const head = { schema: 'virq/check@1', ...target.origin, title: target.title, expect: target.expect, seconds };
  await print(io, `${JSON.stringify({ ...head, ...rest, violations: violations.length, properties: names })}\n`);
}

/** Lists the models with their sizes and variants. */
async function listModels(options: CheckVerbOptions, io: Io): Promise<number> {
  for (const { name, summary, scope, variants } of FAMILIES.values()) {
    const names = Object.keys(variants ?? {});
    if (options.json === true) {
      await print(io, `${JSON.stringify({ schema: 'virq/model@1', name, summary, scope, variants: names })}\n`);
      continue;
    }
    const sizes = Object.entries(scope).map(([key, p]) => `${key} ${p.min}–${p.max} (${p.default}): ${p.says}`);
    await print(io, `${name}\n  ${summary}\n${sizes.map((s) => `    ${s}\n`).join('')}`);
    if (names.length > 0) await print(io, `    variants: ${names.join(', ')}\n`);
  }
  if (options.json !== true) await print(io, '\nNext: virq check <model>, or virq check <scenario.yaml>\n');
  return EXIT.OK;
}

/** A witness that no state shows makes a clean check worthless. */
async function unreached(target: Target, { verdict, unreached: names }: CheckResult): Promise<number> {
  if (verdict !== 'ok' || names.length === 0) return EXIT.OK;
  return (await target.reportUnreached(names)) ? EXIT.USAGE : EXIT.FINDING;
}

/** virq check. Exit code 0 as expected, 1 not, 2 for wrong input, 3 when a bound was hit, 130 when interrupted. */
export async function check(what: string | undefined, options: CheckVerbOptions, io: Io): Promise<number> {
  if (what === undefined) return listModels(options, io);
  const target = await targetOf(what, options, io);
  if (target === null) return EXIT.USAGE;
  if (options.mutants === true && target.origin.variant !== null)
    throw new UsageError('VIRQ-C001', '--mutants plants faults into the corrected form', 'leave out --variant');
  if (options.mutants === true)
    return checkMutants(target, checkOptionsOf(options), { json: options.json === true, io });
  if (options.shard !== undefined) return checkShard(target, options, io);
  if (options.store !== undefined) return checkHashed(target, options, io);
  const began = now();
  const result = await explore(target, options, io);
  const { properties } = target.make({ record: false });
  const seconds = (now() - began) / 1000;
  const checked = { title: target.title, scope: target.origin.scope, properties, result, seconds };
  if (options.json === true) await printJson(target, checked, io);
  else await printVerdict(target, checked, io);
  for (const violation of result.violations) await presentViolation(target, violation, options, io);
  return (await unreached(target, result)) || exitOf(target, result);
}
