// One line on stderr that is drawn over and over while something runs, only on a terminal and only after a second; Ctrl-C asks it to end.

import { SingleBar } from 'cli-progress';
import type { Io } from '../io.ts';

/** Milliseconds before anything is shown. */
const PATIENCE = 1000;

/** What the line says of a progress. */
export interface LiveText<P> {
  readonly format: string;
  texts(progress: P, ms: number): Readonly<Record<string, string>>;
}

/** Shows how far something is. */
export interface LiveLine<P> {
  /** Whether to go on. */
  show(progress: P): boolean;
  end(): void;
}

/** Opens the line. */
export function liveLine<P>(io: Io, now: () => number, { format, texts }: LiveText<P>): LiveLine<P> {
  const began = now();
  let bar: SingleBar | null = null;
  let wanted = true;
  const release = io.onInterrupt?.(() => {
    wanted = false;
  });
  return {
    show(progress) {
      const ms = now() - began;
      if (io.stderr.isTTY !== true || ms < PATIENCE) return wanted;
      if (bar === null) {
        const stream = io.stderr as NodeJS.WriteStream;
        bar = new SingleBar({ format, stream, clearOnComplete: true, hideCursor: true, gracefulExit: false });
        bar.start(1, 0, texts(progress, ms));
      } else bar.update(0, texts(progress, ms));
      return wanted;
    },
    end() {
      bar?.stop();
      release?.();
    },
  };
}
