// Edits that turn a corrected protocol into a historical bug (or a mutant), and nothing else changes.

import type { Fields, StructView } from '../arena/index.ts';
import { assemble, DONE, type Protocol, type Step, withNote } from './protocol.ts';

type Entry<M, A extends Fields> = readonly [string, Step<M, StructView<A>>];

const entriesOf = <M, A extends Fields>(p: Protocol<M, A>): Entry<M, A>[] =>
  p.labels.map((label, i) => [label, p.steps[i] as Step<M, StructView<A>>]);

function indexOf(p: Protocol<never, never> | { name: string; labels: readonly string[] }, label: string): number {
  const i = p.labels.indexOf(label);
  if (i < 0) throw new RangeError(`protocol ${p.name} has no label '${label}'; it has: ${p.labels.join(', ')}`);
  return i;
}

/** Leaves out steps. A jump to an omitted label goes to the step that followed it. */
export function omit<M, A extends Fields>(p: Protocol<M, A>, ...labels: readonly string[]): Protocol<M, A> {
  for (const label of labels) indexOf(p, label);
  const kept = entriesOf(p).filter(([label]) => !labels.includes(label));
  const aliases = new Map<string, string | typeof DONE>(
    labels.map((gone) => [gone, p.labels.slice(indexOf(p, gone)).find((l) => !labels.includes(l)) ?? DONE]),
  );
  return assemble(`${p.name}~omit(${labels.join(',')})`, p.locals, kept, aliases);
}

/** Replaces the body of one step. */
export function replace<M, A extends Fields>(
  p: Protocol<M, A>,
  label: string,
  step: Step<M, StructView<A>>,
): Protocol<M, A> {
  const at = indexOf(p, label);
  const entries = entriesOf(p).map((e, i) => (i === at ? ([label, step] as const) : e));
  return assemble(`${p.name}~replace(${label})`, p.locals, entries);
}

/** Takes the named steps from another form of the protocol, which has them under the same labels. */
export function borrow<M, A extends Fields>(
  p: Protocol<M, A>,
  from: Protocol<M, A>,
  ...labels: readonly string[]
): Protocol<M, A> {
  return labels.reduce((q, label) => replace(q, label, from.steps[indexOf(from, label)] as Step<M, StructView<A>>), p);
}

/** Lets one step sleep: an allocation whose flags are wrong, a copy from user space where it may fault. What the step does stays the same. */
export function sleepsAt<M, A extends Fields>(p: Protocol<M, A>, label: string): Protocol<M, A> {
  const at = indexOf(p, label);
  const sleeping: Step<M, StructView<A>> = (m, f, self, choice) => p.steps[at]?.(m, f, self, choice);
  const entries = entriesOf(p).map((e, i) =>
    i === at ? ([label, withNote(sleeping, { ...p.notes[at], sleeps: true })] as const) : e,
  );
  return assemble(`${p.name}~sleepsAt(${label})`, p.locals, entries);
}

/** Inserts steps before or after a label. */
export function insert<M, A extends Fields>(
  p: Protocol<M, A>,
  where: { readonly before: string } | { readonly after: string },
  steps: Readonly<Record<string, Step<M, StructView<A>>>>,
): Protocol<M, A> {
  const at = 'before' in where ? indexOf(p, where.before) : indexOf(p, where.after) + 1;
  const entries = entriesOf(p);
  entries.splice(at, 0, ...Object.entries(steps));
  return assemble(`${p.name}~insert(${Object.keys(steps).join(',')})`, p.locals, entries);
}

/** Puts the named steps into the given order; they share the places they had, all others stay. A jump goes to a label wherever it stands now: a loop may then skip what was moved before it. */
export function reorder<M, A extends Fields>(p: Protocol<M, A>, ...order: readonly string[]): Protocol<M, A> {
  const places = order.map((label) => indexOf(p, label)).sort((a, b) => a - b);
  if (new Set(places).size !== order.length) throw new RangeError(`reorder of ${p.name}: a label is named twice`);
  const entries = entriesOf(p);
  const moved = order.map((label) => entries[indexOf(p, label)] as Entry<M, A>);
  places.forEach((place, i) => {
    entries[place] = moved[i] as Entry<M, A>;
  });
  return assemble(`${p.name}~reorder(${order.join(',')})`, p.locals, entries);
}
