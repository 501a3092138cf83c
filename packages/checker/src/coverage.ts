// Which labels ever ran: one that never did is likely a modelling error.

import type { LabelCoverage } from './result.ts';

/** What coverage needs of a protocol. */
interface Labelled {
  readonly name: string;
  readonly labels: readonly string[];
}

/** Labels that ran, by protocol. */
export interface Coverage {
  /** A process of the protocol was tried; `label` ran, null if it blocked. */
  note(protocol: Labelled, label: string | null): void;
  /** All labels of the protocols that were tried. */
  list(): LabelCoverage[];
}

/** Starts with nothing reached. The labels are listed in the order of `protocols`. */
export function createCoverage(protocols: readonly Labelled[]): Coverage {
  const reached = new Map<Labelled, Set<string>>();
  return {
    note(protocol, label) {
      const labels = reached.get(protocol) ?? new Set();
      reached.set(protocol, labels);
      if (label !== null) labels.add(label);
    },
    list: () =>
      protocols.flatMap((protocol) => {
        const ran = reached.get(protocol);
        if (ran === undefined) return [];
        return protocol.labels.map((label) => ({ protocol: protocol.name, label, reached: ran.has(label) }));
      }),
  };
}
