// Judging what a step or a scenario expects: result, output, events, state.

import type { Arena } from '@virq/irq-core/arena';
import type { Json } from '@virq/irq-core/machine';
import type { StepFile } from './schema.ts';
import { pathFault, readPath } from './state-path.ts';

/** What of a step expectations look at. */
export interface Outcome {
  readonly ret: number;
  readonly errno: string | null;
  readonly out: Json;
  readonly events: readonly string[];
}

type Expect = NonNullable<StepFile['expect']>;

const show = (v: unknown): string => JSON.stringify(v) ?? String(v);

/** Numbers and hex texts of one value compare equal, at any size. */
function plain(v: unknown): unknown {
  if (typeof v === 'string' && /^0x[0-9a-f]+$/i.test(v)) return BigInt(v).toString();
  return Array.isArray(v) ? v.map(plain) : typeof v === 'number' ? v.toString() : v;
}

const same = (a: unknown, b: unknown): boolean => show(plain(a)) === show(plain(b));

/** Expectations on state paths that are not met. */
export function stateFailures(expected: Readonly<Record<string, unknown>>, arena: Arena): string[] {
  return Object.entries(expected).flatMap(([path, value]) => {
    const fault = pathFault(arena.kind, path);
    if (fault !== null) return [`${fault.message} (VIRQ-S007)`];
    const found = readPath(arena, path);
    return same(found, value) ? [] : [`${path} is ${show(found)}, expected ${show(value)}`];
  });
}

function eventFailures(expected: readonly string[], events: readonly string[]): string[] {
  let from = 0;
  for (const wanted of expected) {
    const at = events.findIndex((e, i) => i >= from && e.startsWith(wanted));
    if (at < 0)
      return [`event '${wanted}' is missing; there were: ${events.length === 0 ? 'none' : events.join(' · ')}`];
    from = at + 1;
  }
  return [];
}

/** Numbers of events in the whole run that are not as expected. */
export function countFailures(expected: Readonly<Record<string, number>>, events: readonly string[]): string[] {
  return Object.entries(expected).flatMap(([beginning, wanted]) => {
    const n = events.filter((e) => e.startsWith(beginning)).length;
    return n === wanted ? [] : [`event '${beginning}' occurred ${n} times, expected ${wanted}`];
  });
}

function resultFailures(e: Expect, o: Outcome): string[] {
  const failures: string[] = [];
  const got = o.errno ?? o.ret;
  if (e.ret !== undefined && !same(got, e.ret)) failures.push(`returned ${show(got)}, expected ${show(e.ret)}`);
  const out = (o.out ?? {}) as Readonly<Record<string, Json>>;
  for (const [key, value] of Object.entries(e.out ?? {}))
    if (!same(out[key], value)) failures.push(`out.${key} is ${show(out[key])}, expected ${show(value)}`);
  return failures;
}

/** Expectations of a step that are not met, as sentences. */
export function failuresOf(e: Expect, o: Outcome, arena: Arena): string[] {
  const unwanted = (e.no_events ?? []).flatMap((name) =>
    o.events.filter((line) => line.startsWith(name)).map((line) => `unexpected event '${line}'`),
  );
  return [
    ...resultFailures(e, o),
    ...eventFailures(e.events ?? [], o.events),
    ...unwanted,
    ...stateFailures(e.state ?? {}, arena),
  ];
}
