// Progress of a check on stderr; Ctrl-C stops with what is known.

import type { Progress } from '@virq/checker';
import type { Io } from '../io.ts';
import { type LiveLine, liveLine } from '../render/live-line.ts';
import { thousands } from '../render/numbers.ts';

/** A line that is drawn over and over. */
export const progressLine = (io: Io, now: () => number): LiveLine<Progress> =>
  liveLine(io, now, {
    format:
      '{states} states · depth {depth} · {rate} states/s · {queue} waiting · {memory} MiB · Ctrl-C for what is known',
    texts: (p, ms) => ({
      states: thousands(p.states),
      depth: thousands(p.depth),
      rate: thousands(p.states / Math.max(ms / 1000, 0.001)),
      queue: thousands(p.queue),
      memory: thousands(p.memory / 2 ** 20),
    }),
  });
