// The books of a replay: what was fed in, what was compared, what had to be taken over, what cannot be judged, where both differ.

import type { RecordedEvent, ReplayDifference, ReplayReport } from '@virq/irq-core/machine';

const KEEP = 20;

/** Collects the outcome while the replay runs. */
export interface ReplayRecord {
  input(e: RecordedEvent): void;
  agreed(name: string): void;
  learned(sentence: string): void;
  unjudged(reason: string): void;
  differs(difference: ReplayDifference): void;
  report(): ReplayReport;
}

/** Empty books. */
export function createRecord(): ReplayRecord {
  const inputs = new Map<string, number>();
  const compared = new Map<string, number>();
  const learned = new Set<string>();
  const unjudged = new Map<string, number>();
  const differences: ReplayDifference[] = [];
  let differenceCount = 0;
  const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);
  return {
    input: (e) => count(inputs, e.name),
    agreed: (name) => count(compared, name),
    learned: (sentence) => void learned.add(sentence),
    unjudged: (reason) => count(unjudged, reason),
    differs(difference) {
      differenceCount++;
      if (differences.length < KEEP) differences.push(difference);
    },
    report: () => ({
      inputs: Object.fromEntries(inputs),
      compared: Object.fromEntries(compared),
      learned: [...learned],
      notJudged: [...unjudged].map(([reason, n]) => ({ reason, count: n })),
      differences,
      differenceCount,
    }),
  };
}
