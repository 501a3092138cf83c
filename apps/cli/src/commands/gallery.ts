// virq gallery: historical bugs; the counterexample and the proof of the fix side by side.

import { BUGS, type Bug, correctedForm, examine, faultyForm } from '@virq/bug-gallery';
import type { CheckResult } from '@virq/checker';
import { suggest } from '@virq/scenario';
import pc from 'picocolors';
import { presentViolation } from '../check/counterexample.ts';
import type { Target } from '../check/target.ts';
import { EXIT, type Io, print, UsageError, wantsColor } from '../io.ts';
import { renderEdits, renderStory } from '../render/bug.ts';
import { renderClean, renderViolated } from '../render/verdict.ts';

/** Options of the verb. */
export interface GalleryOptions {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly save?: string;
}

const now = (): number => performance.now();

function bugOf(slug: string): Bug {
  const bug = BUGS.find((b) => b.slug === slug);
  if (bug !== undefined) return bug;
  const hint = suggest(
    slug,
    BUGS.map((b) => b.slug),
  );
  throw new UsageError('VIRQ-K003', `there is no bug '${slug}' in the gallery`, hint);
}

const summaryOf = ({ slug, title, family, thread, cve, commits, found, expected, model }: Bug) => ({
  slug,
  title,
  family,
  thread: thread ?? null,
  cve: cve ?? null,
  commits,
  found: found ?? null,
  model: model.name,
  expected,
});

async function list(options: GalleryOptions, io: Io): Promise<number> {
  const width = Math.max(...BUGS.map((b) => b.slug.length));
  for (const bug of BUGS)
    await print(
      io,
      options.json === true
        ? `${JSON.stringify({ schema: 'virq/bug@1', ...summaryOf(bug) })}\n`
        : `${bug.slug.padEnd(width)}  ${bug.title}\n`,
    );
  if (options.json !== true) await print(io, `\n${BUGS.length} bugs. Next: virq gallery <slug>, virq gallery --all\n`);
  return EXIT.OK;
}

const countsOf = ({ verdict, states, transitions, depth }: CheckResult) => ({ verdict, states, transitions, depth });

/** Examines every bug, one line each. */
async function all(options: GalleryOptions, io: Io): Promise<number> {
  const c = pc.createColors(wantsColor(io));
  const width = Math.max(...BUGS.map((b) => b.slug.length));
  const began = now();
  let deviating = 0;
  for (const bug of BUGS) {
    const start = now();
    const { faulty, corrected, deviations } = examine(bug);
    const ms = Math.round(now() - start);
    if (deviations.length > 0) deviating++;
    if (options.json === true) {
      const record = { ...summaryOf(bug), faulty: countsOf(faulty), corrected: countsOf(corrected), deviations, ms };
      await print(io, `${JSON.stringify({ schema: 'virq/bug@1', ...record })}\n`);
      continue;
    }
    const steps = faulty.violations[0]?.steps.length ?? 0;
    const found = `${String(steps).padStart(3)} steps, ${String(faulty.states).padStart(6)} states`;
    const proof = `fixed: ${String(corrected.states).padStart(7)} states`;
    const mark = deviations.length === 0 ? c.green('✓') : c.red('✗');
    await print(io, `${mark} ${bug.slug.padEnd(width)}  found: ${found} · ${proof} · ${String(ms).padStart(5)} ms\n`);
    for (const deviation of deviations) await print(io, c.red(`    ${deviation}\n`));
  }
  const seconds = ((now() - began) / 1000).toFixed(1);
  if (options.json !== true)
    await print(io, `\n${BUGS.length} bugs, ${deviating} not as recorded · ${seconds} s. Next: virq gallery <slug>\n`);
  return deviating === 0 ? EXIT.OK : EXIT.FINDING;
}

function targetsOf(bug: Bug): { faulty: Target; corrected: Target } {
  const reportUnreached = async (): Promise<boolean> => false;
  const origin = { kind: 'model' as const, name: bug.model.name, variant: bug.slug, scope: bug.scope ?? {} };
  const base = { expect: null, reportUnreached };
  return {
    faulty: { ...base, title: `${bug.model.name}, variant ${bug.slug}`, origin, make: faultyForm(bug) },
    corrected: {
      ...base,
      title: `${bug.model.name}, corrected`,
      origin: { ...origin, variant: null, scope: bug.proof ?? bug.scope ?? {} },
      make: correctedForm(bug),
    },
  };
}

async function show(bug: Bug, options: GalleryOptions, io: Io): Promise<number> {
  const color = wantsColor(io);
  const start = now();
  const { faulty, corrected, deviations } = examine(bug);
  const seconds = (now() - start) / 1000;
  const targets = targetsOf(bug);
  if (options.json === true) {
    const record = { ...summaryOf(bug), story: bug.story, fix: bug.fix, links: bug.links, deviations };
    const counts = { faulty: countsOf(faulty), corrected: countsOf(corrected) };
    await print(io, `${JSON.stringify({ schema: 'virq/bug@1', ...record, ...counts })}\n`);
  } else {
    await print(io, renderStory(bug, color));
    await print(io, `${renderEdits(bug, color)}\n`);
    const { properties } = targets.faulty.make({ record: false });
    const { title, origin } = targets.faulty;
    await print(io, renderViolated({ title, scope: origin.scope, properties, result: faulty, seconds }, true, color));
  }
  for (const violation of faulty.violations) await presentViolation(targets.faulty, violation, options, io);
  if (options.json !== true) {
    const { title, origin, make } = targets.corrected;
    const { properties } = make({ record: false });
    await print(io, `\n${bug.fix}\n\n`);
    await print(io, renderClean({ title, scope: origin.scope, properties, result: corrected, seconds }, color));
  }
  for (const deviation of deviations) io.stderr.write(`virq: not as recorded: ${deviation}\n`);
  return deviations.length === 0 ? EXIT.OK : EXIT.FINDING;
}

/** virq gallery. Exit code 0 when everything is as recorded, 1 if not, 2 for a bug that does not exist. */
export async function gallery(slug: string | undefined, options: GalleryOptions, io: Io): Promise<number> {
  if (slug !== undefined) return show(bugOf(slug), options, io);
  return options.all === true ? all(options, io) : list(options, io);
}
