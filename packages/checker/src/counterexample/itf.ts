// A counterexample in the Informal Trace Format of Apalache (ADR 015), for viewers and other checkers.

import { type Change, walk } from '@virq/irq-core/arena';
import type { System } from '@virq/irq-core/protocol';
import type { Violation } from '../result.ts';
import { createReplayer } from './replay.ts';

type Itf = string | { readonly '#bigint': string } | { readonly '#set': readonly Itf[] } | ItfRecord | Itf[];
interface ItfRecord {
  [key: string]: Itf;
}

const integer = (n: number | string): Itf => ({ '#bigint': BigInt(n).toString() });

const itfValue = (v: Change['after']): Itf =>
  typeof v === 'object' ? { '#set': v.map(integer) } : integer(v as number | string);

/** Puts a value where a path such as `vcpus[1].irList` says. */
function put(root: ItfRecord, path: string, value: Itf): void {
  const keys = path.match(/[^.[\]]+/g) ?? [];
  let at: ItfRecord = root;
  keys.slice(0, -1).forEach((key, i) => {
    at[key] ??= /^\d+$/.test(keys[i + 1] as string) ? [] : {};
    at = at[key] as ItfRecord;
  });
  at[keys.at(-1) as string] = value;
}

/** Where every process stands; '' for a free slot. */
function processesOf({ processes }: System): Itf {
  return Array.from({ length: processes.capacity }, (_, pid) => {
    if (!processes.isAlive(pid)) return { protocol: '', label: '' };
    return { protocol: processes.protocolOf(pid).name, label: processes.labelOf(pid) };
  });
}

function stateOf(system: System): ItfRecord {
  const state: ItfRecord = {};
  walk(system.arena.kind, '', 0, {
    scalar: (path) => put(state, path, integer(0)),
    u64: (path) => put(state, path, integer(0)),
    bitmap: (path) => put(state, path, { '#set': [] }),
  });
  for (const { path, after } of system.arena.diff(new Uint8Array(system.arena.bytes.length)))
    put(state, path, itfValue(after));
  return { ...state, processes: processesOf(system) };
}

/** One state before the first step and one after each, as an ITF document. `system` must be in its initial state. */
export function toItf(system: System, violation: Violation): object {
  const r = createReplayer(system);
  const states = [stateOf(system)];
  for (const step of violation.steps) {
    r.make(step);
    states.push(stateOf(system));
  }
  const format = 'https://apalache-mc.org/docs/adr/015adr-trace.html';
  return {
    '#meta': { format: 'ITF', 'format-description': format, description: violation.property },
    vars: Object.keys(states[0] as ItfRecord),
    ...(violation.cycleFrom !== null && { loop: violation.cycleFrom }),
    states: states.map((state, index) => ({ '#meta': { index }, ...state })),
  };
}
