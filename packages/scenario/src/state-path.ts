// Paths into the state as a run prints them, `guest.chip.ioapic.pins[5].lo`: checked against the declared layout, then read.

import type { Arena, Kind } from '@virq/irq-core/arena';
import type { Json } from '@virq/irq-core/machine';
import { suggest } from './did-you-mean.ts';

/** What is wrong with a path. */
export interface PathFault {
  readonly message: string;
  readonly hint: string | undefined;
}

/** `a.b[3].c` → `['a', 'b', '3', 'c']`. */
export const partsOf = (path: string): string[] => path.split(/[.[\]]+/).filter(Boolean);
const isIndex = (part: string): boolean => /^\d+$/.test(part);

type Step = { readonly kind: Kind } | PathFault;

function intoStruct(kind: Kind & { tag: 'struct' }, part: string, upTo: string): Step {
  if (Object.hasOwn(kind.fields, part)) return { kind: kind.fields[part] as Kind };
  const where = upTo === '' ? 'the machine' : upTo;
  return { message: `${where} has no field '${part}'`, hint: suggest(part, Object.keys(kind.fields)) };
}

function intoElements(kind: { readonly of: Kind; readonly length: number }, part: string, upTo: string): Step {
  if (isIndex(part) && Number(part) < kind.length) return { kind: kind.of };
  const hint = kind.length === 0 ? 'it is empty here' : `indices are 0 to ${kind.length - 1}`;
  return { message: `${upTo} has no element '${part}'`, hint };
}

function into(kind: Kind, part: string, upTo: string): Step {
  if (kind.tag === 'struct') return intoStruct(kind, part, upTo);
  if (kind.tag === 'pool' && part === 'inUse') return { kind: { tag: 'bitmap', bits: kind.length } };
  if (kind.tag === 'array' || kind.tag === 'pool') return intoElements(kind, part, upTo);
  return { message: `${upTo} is a value and has no '${part}'`, hint: undefined };
}

function notALeaf(kind: Kind, path: string): PathFault | null {
  if (kind.tag === 'struct')
    return { message: `${path} is no single value`, hint: `its fields are ${Object.keys(kind.fields).join(', ')}` };
  if (kind.tag === 'array' || kind.tag === 'pool')
    return { message: `${path} is no single value`, hint: `name an element: ${path}[0]` };
  return null;
}

/** Checks that a path names one value of a layout. Null if it does. */
export function pathFault(root: Kind, path: string): PathFault | null {
  let kind = root;
  let upTo = '';
  for (const part of partsOf(path)) {
    const step = into(kind, part, upTo);
    if ('message' in step) return step;
    kind = step.kind;
    upTo = isIndex(part) ? `${upTo}[${part}]` : upTo === '' ? part : `${upTo}.${part}`;
  }
  return notALeaf(kind, upTo === '' ? 'the machine' : upTo);
}

/** Kind of the value at a path that {@link pathFault} has accepted. */
export function kindAt(root: Kind, path: string): Kind {
  let kind = root;
  for (const part of partsOf(path)) {
    const step = into(kind, part, '');
    if ('kind' in step) kind = step.kind;
  }
  return kind;
}

type View = Readonly<Record<string, unknown>> & {
  at?: (i: number) => unknown;
  get?: (i: number) => number;
  slot?: (i: number) => unknown;
  next?: (from: number) => number;
};

function live(pool: View): number[] {
  const list: number[] = [];
  for (let i = pool.next?.(0) ?? -1; i >= 0; i = pool.next?.(i + 1) ?? -1) list.push(i);
  return list;
}

/** What a view has under one part of a path. */
export function viewAt(view: View, part: string): unknown {
  if (part === 'inUse' && view.slot !== undefined) return live(view);
  if (!isIndex(part)) return view[part];
  const i = Number(part);
  return view.slot?.(i) ?? view.at?.(i) ?? view.get?.(i);
}

/** Value at a path that {@link pathFault} has accepted: a number, a list of members, or `0x…` for a register of 64 bits. */
export function readPath(arena: Arena, path: string): Json {
  let value: unknown = arena.root;
  for (const part of partsOf(path)) value = viewAt(value as View, part);
  if (typeof value === 'object' && value !== null && 'list' in value) return (value as { list(): number[] }).list();
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : (value as Json);
}
