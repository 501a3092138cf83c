// Progress of a comparison on stderr, only on a terminal and only when it takes longer than a second.

import type { Progress } from '@virq/conformance';
import type { Io } from '../io.ts';
import { liveLine } from '../render/live-line.ts';
import { thousands } from '../render/numbers.ts';

/** A line that is drawn over and over. */
export const campaignLine = (io: Io, now: () => number) =>
  liveLine<Progress>(io, now, {
    format: '{ops} operations · {rate}/s · {sequences} sequences · Ctrl-C ends it',
    texts: ({ ops, sequences }, ms) => ({
      ops: thousands(ops),
      rate: thousands(ops / Math.max(ms / 1000, 0.001)),
      sequences: thousands(sequences),
    }),
  });
