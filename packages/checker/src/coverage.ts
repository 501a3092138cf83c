// Which labels ever ran: one that never did is likely a modelling error.

import type { System } from '@virq/irq-core/protocol';
import type { LabelCoverage } from './result.ts';

/** Labels seen, by protocol. */
export interface Coverage {
  /** The process is about to run the step at its label. */
  note(pid: number): void;
  /** The same by name. */
  mark(protocol: string, label: string): void;
  readonly reached: ReadonlyMap<string, ReadonlySet<string>>;
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

/** Starts with nothing reached. */
export function createCoverage(system: System): Coverage {
  const { processes } = system;
  const reached = new Map<string, Set<string>>();
  const labels = new Map<string, readonly string[]>();
  return {
    reached,
    labels,
    mark: (protocol, label) => void reached.get(protocol)?.add(label),
    note(pid) {
      const protocol = processes.protocolOf(pid);
      if (!labels.has(protocol.name)) {
        labels.set(protocol.name, protocol.labels);
        reached.set(protocol.name, new Set());
      }
      (reached.get(protocol.name) as Set<string>).add(processes.labelOf(pid));
    },
  };
}

/** All labels of protocols that ran at all. */
export function coverageOf(c: Coverage): LabelCoverage[] {
  return [...c.labels].flatMap(([protocol, labels]) =>
    labels.map((label) => ({ protocol, label, reached: c.reached.get(protocol)?.has(label) ?? false })),
  );
}
