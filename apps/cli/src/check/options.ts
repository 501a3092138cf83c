// What `virq check` was asked for: words → options of the checker, each fault a sentence.

import type { CheckOptions, Reductions } from '@virq/checker';
import { suggest } from '@virq/scenario';
import { UsageError } from '../io.ts';

/** Options of the verb as commander hands them over. */
export interface CheckVerbOptions {
  readonly scope?: readonly string[];
  readonly variant?: string;
  readonly property?: readonly string[];
  readonly search?: string;
  readonly engine?: string;
  readonly store?: string;
  readonly reduce?: boolean;
  readonly without?: readonly string[];
  readonly deadlock?: boolean;
  readonly maxStates?: string;
  readonly maxDepth?: string;
  readonly maxTime?: string;
  readonly maxMemory?: string;
  readonly workers?: string;
  readonly shard?: string;
  readonly seed?: string;
  readonly all?: boolean;
  readonly mutants?: boolean;
  readonly save?: string;
  readonly itf?: string;
  readonly json?: boolean;
  readonly backend?: readonly string[];
}

const REDUCTIONS: Readonly<Record<string, keyof Reductions>> = {
  'partial-order': 'partialOrder',
  symmetry: 'symmetry',
  'dead-locals': 'deadLocals',
};

const bad = (message: string, hint?: string): UsageError => new UsageError('VIRQ-C001', message, hint);

/** A positive number given to an option; undefined if it was left out. */
export function positive(name: string, text: string | undefined, whole = true): number | undefined {
  if (text === undefined) return undefined;
  const n = Number(text);
  if (text.trim() !== '' && n > 0 && Number.isFinite(n) && (!whole || Number.isSafeInteger(n))) return n;
  throw bad(`--${name} takes a positive ${whole ? 'integer' : 'number'}, not '${text}'`);
}

/** One of a few words. */
export function oneOf<W extends string>(name: string, text: string | undefined, words: readonly W[]): W | undefined {
  if (text === undefined || words.includes(text as W)) return text as W | undefined;
  throw bad(`--${name} takes ${words.join(' or ')}, not '${text}'`);
}

/** Sizes from `--scope vcpus=3,irtes=2`. */
export function sizesOf(given: readonly string[] = []): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const part of given.flatMap((text) => text.split(','))) {
    const [, name, value] = /^\s*([\w-]+)\s*=\s*(\d{1,9})\s*$/.exec(part) ?? [];
    if (name === undefined) throw bad(`--scope takes name=number, not '${part}'`, 'for example --scope vcpus=3');
    sizes[name] = Number(value);
  }
  return sizes;
}

function reductionsOf(o: CheckVerbOptions): Pick<CheckOptions, 'reduce'> {
  if (o.reduce === false) return { reduce: false };
  const off: Partial<Record<keyof Reductions, boolean>> = {};
  for (const word of (o.without ?? []).flatMap((text) => text.split(','))) {
    const name = Object.hasOwn(REDUCTIONS, word) ? REDUCTIONS[word] : undefined;
    if (name === undefined) throw bad(`there is no reduction '${word}'`, suggest(word, Object.keys(REDUCTIONS)));
    off[name] = false;
  }
  return { reduce: off };
}

/** Leaves out what was not given. */
function given<T extends object>(o: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as Partial<T>;
}

/** Options of the checker. */
export function checkOptionsOf(o: CheckVerbOptions): CheckOptions {
  const [seconds, mebibytes] = [positive('max-time', o.maxTime, false), positive('max-memory', o.maxMemory, false)];
  return {
    ...reductionsOf(o),
    ...given<CheckOptions>({
      search: oneOf('search', o.search, ['bfs', 'dfs']),
      engine: oneOf('engine', o.engine, ['compiled', 'plain']),
      maxStates: positive('max-states', o.maxStates),
      maxDepth: positive('max-depth', o.maxDepth),
      maxTime: seconds === undefined ? undefined : seconds * 1000,
      maxMemory: mebibytes === undefined ? undefined : mebibytes * 2 ** 20,
      deadlock: o.deadlock === false ? false : undefined,
      all: o.all,
    }),
  };
}
