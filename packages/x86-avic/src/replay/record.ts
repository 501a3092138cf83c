// The books of a replay: what was fed in, what was compared, what had to be taken over, what cannot be judged, where both differ.

import type { RecordedEvent, ReplayDifference, ReplayReport } from '@virq/irq-core/machine';

const KEEP = 20;
const HOST_DRIVEN =
  'user space drives several vCPUs from one thread by ioctl: its register, routing and VM changes leave no event';

/** Collects the outcome while the replay runs. */
export interface ReplayRecord {
  /** The present thread drives several vCPUs from user space: what it wrote before left no event, so a disagreement proves nothing. */
  hostDriven: boolean;
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
  const record: ReplayRecord = {
    hostDriven: false,
    input: (e) => count(inputs, e.name),
    agreed: (name) => count(compared, name),
    learned: (sentence) => void learned.add(sentence),
    unjudged: (reason) => count(unjudged, reason),
    differs(difference) {
      if (record.hostDriven) return count(unjudged, HOST_DRIVEN);
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
  return record;
}
