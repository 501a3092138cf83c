// A counterexample in the Informal Trace Format of Apalache (ADR 015), for viewers and other checkers.

import type { AnyArena, StateJson } from '@virq/irq-core/arena';
import type { System } from '@virq/irq-core/protocol';
import type { Violation } from '../result.ts';
import { createReplayer } from './replay.ts';

type Itf = string | boolean | { readonly '#bigint': string } | readonly Itf[] | { readonly [key: string]: Itf };

const integer = (n: number | bigint): Itf => ({ '#bigint': String(n) });

function itfOf(value: unknown): Itf {
  if (typeof value === 'number') return integer(value);
  if (typeof value === 'string') return /^0x[0-9a-f]+$/.test(value) ? integer(BigInt(value)) : value;
  if (Array.isArray(value)) return value.map(itfOf);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, itfOf(v)]));
}

/** Where every process stands; '' for a free slot. */
function processesOf({ processes }: System): Itf {
  return Array.from({ length: processes.capacity }, (_, pid) => {
    if (!processes.isAlive(pid)) return { protocol: '', label: '' };
    return { protocol: processes.protocolOf(pid).name, label: processes.labelOf(pid) };
  });
}

function stateOf(system: System): Record<string, Itf> {
  const { processes: _table, ...fields } = (system.arena as AnyArena).toJSON() as Record<string, StateJson>;
  return { ...(itfOf(fields) as Record<string, Itf>), processes: processesOf(system) };
}

/** One state before the first step and one after each, as an ITF document. `system` must be in its initial state. */
export function toItf(system: System, violation: Violation): object {
  const r = createReplayer(system);
  const states = [stateOf(system)];
  for (const step of violation.steps) {
    r.make(step);
    states.push(stateOf(system));
  }
  return {
    '#meta': {
      format: 'ITF',
      'format-description': 'https://apalache-mc.org/docs/adr/015adr-trace.html',
      description: violation.property,
    },
    vars: Object.keys(states[0] as object),
    ...(violation.cycleFrom !== null && { loop: violation.cycleFrom }),
    states: states.map((state, index) => ({ '#meta': { index }, ...state })),
  };
}
