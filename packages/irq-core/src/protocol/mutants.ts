// Small faults planted into protocols: each step left out, each lock not taken, each step moved out of its critical section. Properties that notice none of them prove nothing.

import type { Fields } from '../arena/index.ts';
import { omit, reorder } from './edit.ts';
import type { AnyProtocol, Edits } from './processes.ts';
import type { Protocol } from './protocol.ts';

/** One planted fault. */
export interface Mutant {
  /** `kvm_set_irq level without 'combine'`. */
  readonly name: string;
  readonly edits: Edits;
}

type Some = Protocol<never, Fields>;

/** Labels that only make sense together. */
const PAIRS: Readonly<Record<string, string>> = { lock: 'unlock', enter: 'leave', flip: 'wait' };

function partnerOf(p: Some, label: string): string | null {
  const [, prefix = '', verb = '', name = ''] = /^(.*\.)?(lock|enter|flip) (.+)$/.exec(label) ?? [];
  const partner = `${prefix}${PAIRS[verb]} ${name}`;
  return p.labels.includes(partner) ? partner : null;
}

const isEndOfPair = (p: Some, label: string): boolean => p.labels.some((first) => partnerOf(p, first) === label);

function without(p: Some, label: string): Mutant {
  const partner = partnerOf(p, label);
  const gone = partner === null ? [label] : [label, partner];
  return mutant(p, `${p.name} without '${label}'`, omit(p, ...gone));
}

const mutant = (p: Some, name: string, edited: Some): Mutant => ({
  name,
  edits: [[p as unknown as AnyProtocol<never>, edited as unknown as AnyProtocol<never>]],
});

/** The first step of every section before its lock, the last one behind its unlock. For a section of one step that is the section without its lock. */
function escapes(p: Some): Mutant[] {
  return p.labels.flatMap((label, i) => {
    const partner = partnerOf(p, label);
    const [first, end] = [p.labels[i + 1], partner === null ? -1 : p.labels.indexOf(partner)];
    if (partner === null || first === undefined || end <= i + 2) return [];
    const last = p.labels[end - 1] as string;
    const early = mutant(p, `${p.name}: '${first}' before '${label}'`, reorder(p, first, label));
    const late = mutant(p, `${p.name}: '${last}' behind '${partner}'`, reorder(p, partner, last));
    return partnerOf(p, first) !== null || isEndOfPair(p, last) ? [] : [early, late];
  });
}

/** Neighbouring steps the other way round. */
function swaps(p: Some): Mutant[] {
  return p.labels.slice(1).flatMap((second, i) => {
    const first = p.labels[i] as string;
    const structural = [first, second].some((l) => partnerOf(p, l) !== null || isEndOfPair(p, l));
    return structural ? [] : [mutant(p, `${p.name}: '${second}' before '${first}'`, reorder(p, second, first))];
  });
}

/** All faults of these kinds in a list of protocols, in order. */
export function mutantsOf(protocols: readonly AnyProtocol<never>[]): Mutant[] {
  return (protocols as unknown as readonly Some[]).flatMap((p) => [
    ...p.labels.filter((label) => p.labels.length > 1 && !isEndOfPair(p, label)).map((label) => without(p, label)),
    ...escapes(p),
    ...swaps(p),
  ]);
}

/** A label and whether it was reached, as the checker's coverage has it. */
interface Reached {
  readonly protocol: string;
  readonly label: string;
  readonly reached: boolean;
}

/** Whether a protocol ran: by itself, or spliced into another under a prefix. */
export function hasRun(protocol: AnyProtocol<never>, coverage: readonly Reached[]): boolean {
  const { name, labels } = protocol as unknown as Some;
  const [first = ''] = labels;
  const ran = coverage.filter((l) => l.reached);
  if (ran.some((l) => l.protocol === name)) return true;
  const hosts = ran.filter((l) => l.label.endsWith(`.${first}`));
  const has = (host: string, label: string): boolean => coverage.some((l) => l.protocol === host && l.label === label);
  return hosts.some((l) => {
    const prefix = l.label.slice(0, -first.length);
    return labels.every((label) => has(l.protocol, prefix + label));
  });
}
