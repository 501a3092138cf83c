// Progress of a check on stderr, only on a terminal and only when it takes longer than a second; Ctrl-C stops with what is known.

import type { Progress } from '@virq/checker';
import { SingleBar } from 'cli-progress';
import type { Io } from '../io.ts';

const FORMAT =
  '{states} states · depth {depth} · {rate} states/s · {queue} waiting · {memory} MiB · Ctrl-C for what is known';
/** Milliseconds before anything is shown. */
const PATIENCE = 1000;

/** Shows how far a check is. */
export interface ProgressLine {
  /** Whether to go on. */
  show(p: Progress): boolean;
  end(): void;
}

const thousands = (n: number): string => Math.round(n).toLocaleString('en-US');

const textsOf = (p: Progress, ms: number): Record<string, string> => ({
  states: thousands(p.states),
  depth: thousands(p.depth),
  rate: thousands(p.states / Math.max(ms / 1000, 0.001)),
  queue: thousands(p.queue),
  memory: thousands(p.memory / 2 ** 20),
});

/** A line that is drawn over and over. */
export function progressLine(io: Io, now: () => number): ProgressLine {
  const began = now();
  let bar: SingleBar | null = null;
  let wanted = true;
  const release = io.onInterrupt?.(() => {
    wanted = false;
  });
  return {
    show(p) {
      const ms = now() - began;
      if (io.stderr.isTTY !== true || ms < PATIENCE) return wanted;
      const texts = textsOf(p, ms);
      if (bar === null) {
        const stream = io.stderr as NodeJS.WriteStream;
        bar = new SingleBar({ format: FORMAT, stream, clearOnComplete: true, hideCursor: true, gracefulExit: false });
        bar.start(1, 0, texts);
      } else bar.update(0, texts);
      return wanted;
    },
    end() {
      bar?.stop();
      release?.();
    },
  };
}
