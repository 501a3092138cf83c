// virq check --mutants: plants small faults one at a time, and says which of them the properties notice.

import { type CheckOptions, type CheckResult, check } from '@virq/checker';
import { type AnyProtocol, hasRun, type Mutant, mutantsOf } from '@virq/irq-core/protocol';
import pc from 'picocolors';
import { EXIT, type Io, print, wantsColor } from '../io.ts';
import type { Target } from './target.ts';

/** States explored per mutant unless --max-states says otherwise. */
const ENOUGH = 200_000;

/** What became of a mutant. */
interface Fate {
  readonly mutant: string;
  /** Property that noticed it, or the witness that it made unreachable; null if nothing did. */
  readonly noticedBy: string | null;
  readonly states: number;
  readonly bound: string | null;
}

function fateOf(target: Target, { name, edits }: Mutant, options: CheckOptions): Fate {
  const r: CheckResult = check((o) => target.make({ ...o, edits }), {
    ...options,
    // A fault may well break the symmetry that the corrected form has.
    reduce: options.reduce === false ? false : { ...options.reduce, symmetry: false },
    maxStates: options.maxStates ?? ENOUGH,
  });
  const noticedBy = r.violations[0]?.property ?? (r.verdict === 'ok' ? r.unreached[0] : undefined) ?? null;
  return { mutant: name, noticedBy, states: r.states, bound: r.bound };
}

/** Faults in the protocols that the corrected form runs. */
function mutantsThatRun(target: Target, options: CheckOptions): Mutant[] {
  const { coverage } = check(target.make, options);
  const protocolsOf = () => target.make({ record: false }).processes.protocols as readonly AnyProtocol<never>[];
  // Agents that are made anew for every system cannot be edited; they are not what is judged either.
  const lasting = new Set(protocolsOf());
  return mutantsOf(protocolsOf().filter((p) => lasting.has(p) && hasRun(p, coverage)));
}

/** Tries every mutant. Exit code 0 if all are noticed, 1 if some survive. */
export async function checkMutants(
  target: Target,
  options: CheckOptions,
  { json, io }: { readonly json: boolean; readonly io: Io },
): Promise<number> {
  const c = pc.createColors(wantsColor(io));
  let [count, survivors] = [0, 0];
  for (const mutant of mutantsThatRun(target, options)) {
    const fate = fateOf(target, mutant, options);
    count++;
    if (fate.noticedBy === null) survivors++;
    const mark = fate.noticedBy === null ? c.yellow('survives') : c.green('noticed ');
    const why = fate.noticedBy ?? (fate.bound === null ? 'every property holds' : `nothing by then (${fate.bound})`);
    await print(
      io,
      json ? `${JSON.stringify({ schema: 'virq/mutant@1', ...fate })}\n` : `${mark} ${fate.mutant}\n         ${why}\n`,
    );
  }
  if (!json)
    await print(
      io,
      `\n${count} faults planted, ${survivors} survive. A survivor is a step that the model does not need, or a property that is missing.\n`,
    );
  return survivors === 0 ? EXIT.OK : EXIT.FINDING;
}
