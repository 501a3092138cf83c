// Judging what a step or a scenario expects: result, output, events, state.

import type { Json, Machine } from '@virq/irq-core/machine';
import type { StepFile } from './schema.ts';

/** What of a step expectations look at. */
export interface Outcome {
  readonly ret: number;
  readonly errno: string | null;
  readonly out: Json;
  readonly events: readonly string[];
}

type Expect = NonNullable<StepFile['expect']>;

const show = (v: unknown): string => JSON.stringify(v) ?? String(v);
const number = (v: unknown): unknown => (typeof v === 'string' && /^0x[0-9a-f]+$/i.test(v) ? Number(v) : v);
const same = (a: unknown, b: unknown): boolean => show(number(a)) === show(number(b));

/** Value at a path such as `guest.chip.ioapic.pins[5].lo` in the state; zero where the JSON leaves it out, undefined if there is no such field. */
export function valueAt(machine: Machine, path: string): unknown {
  let value: unknown = machine.arena.root;
  for (const part of path.split(/[.[\]]+/).filter(Boolean)) {
    if (typeof value !== 'object' || value === null) return undefined;
    const at = value as Record<string, unknown> & {
      at?: (i: number) => unknown;
      get?: (i: number) => number;
      slot?: (i: number) => unknown;
    };
    const index = Number(part);
    if (Number.isInteger(index)) value = at.slot?.(index) ?? at.at?.(index) ?? at.get?.(index);
    else value = at[part];
  }
  if (typeof value === 'object' && value !== null && 'list' in value) return (value as { list(): number[] }).list();
  return typeof value === 'bigint' ? Number(value) : value;
}

/** Expectations on state paths that are not met. */
export function stateFailures(expected: Readonly<Record<string, unknown>>, machine: Machine): string[] {
  return Object.entries(expected).flatMap(([path, value]) => {
    const found = valueAt(machine, path);
    if (found === undefined || (typeof found === 'object' && !Array.isArray(found)))
      return [`${path} is no field of the state (VIRQ-S007)`];
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
export function failuresOf(e: Expect, o: Outcome, machine: Machine): string[] {
  const unwanted = (e.no_events ?? []).flatMap((name) =>
    o.events.filter((line) => line.startsWith(name)).map((line) => `unexpected event '${line}'`),
  );
  return [
    ...resultFailures(e, o),
    ...eventFailures(e.events ?? [], o.events),
    ...unwanted,
    ...stateFailures(e.state ?? {}, machine),
  ];
}
