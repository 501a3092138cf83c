// Judges states, ends and failures by the properties of a system.

import type { Property, System } from '@virq/irq-core/protocol';
import { BUILT_IN, type Violation } from './result.ts';
import { StaleAccess } from './stale.ts';

/** A violation before its schedule is known. */
export type Broken = Omit<Violation, 'steps' | 'cycleFrom'>;

/** Whether a property is known to be broken. */
export type Known = (property: string) => boolean;

/** Judge over the present state of the arena. */
export interface Judge {
  /** First `always` or `never` that the state breaks, of those not known to be broken. */
  state(known: Known): Broken | null;
  /** The same of properties broken by a state in which nothing can move. */
  terminal(known: Known): Broken | null;
  /** What a step that threw broke. */
  failure(error: unknown): Broken;
  unreached(): string[];
}

/** Properties that were never asked: nothing ever comes to rest. */
export function unasked({ properties }: System, terminal: number): string[] {
  return terminal > 0 ? [] : properties.filter((p) => p.kind === 'quiescent').map((p) => p.name);
}

/** Breach of a property by one instance. */
export function breach(p: Property<never>, instance: number): Broken {
  const message = p.count > 1 ? `instance ${instance}` : '';
  return { property: p.name, kind: p.kind, instance, message, consequence: p.consequence ?? null };
}

/** Breach of a built-in property. */
export const builtIn = (property: string, message: string): Broken => ({
  property,
  kind: 'built-in',
  instance: 0,
  message,
  consequence: null,
});

/** The violation behind an error thrown by a step. */
export function failure(error: unknown): Broken {
  if (error instanceof StaleAccess) return builtIn(BUILT_IN.stale, error.message);
  return builtIn(BUILT_IN.fault, error instanceof Error ? error.message : String(error));
}

/** First process that waits at a label where it may not wait for ever, as a sentence; null if there is none. */
export function waiting({ processes }: System): string | null {
  for (let pid = processes.next(0); pid >= 0; pid = processes.next(pid + 1)) {
    const protocol = processes.protocolOf(pid);
    const label = processes.labelOf(pid);
    if (protocol.notes[protocol.labels.indexOf(label)]?.idle !== true)
      return `process ${pid}, ${protocol.name}, waits at '${label}' and nothing can wake it`;
  }
  return null;
}

/** Judge of a system; `deadlock` says whether waiting for ever is a violation. */
export function createJudge(system: System, deadlock: boolean): Judge {
  const { machine, properties } = system;
  const unseen = new Set(properties.filter((p) => p.kind === 'sometimes'));

  function firstBroken(wanted: (p: Property<never>) => boolean): Broken | null {
    for (const p of properties) {
      if (!wanted(p)) continue;
      for (let i = 0; i < p.count; i++) if (p.holds(machine as never, i) === (p.kind === 'never')) return breach(p, i);
    }
    return null;
  }

  return {
    failure,
    unreached: () => [...unseen].map((p) => p.name),
    state(known) {
      for (const p of unseen)
        for (let i = 0; i < p.count; i++)
          if (p.holds(machine as never, i)) {
            unseen.delete(p);
            break;
          }
      return firstBroken((p) => (p.kind === 'always' || p.kind === 'never') && !known(p.name));
    },
    terminal(known) {
      const broken = firstBroken((p) => p.kind === 'quiescent' && !known(p.name));
      if (broken !== null || !deadlock || known(BUILT_IN.deadlock)) return broken;
      const stuck = waiting(system);
      return stuck === null ? null : builtIn(BUILT_IN.deadlock, stuck);
    },
  };
}
