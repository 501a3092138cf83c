// Everything the CLI touches outside itself, so that tests can hold it in their hands.

import type { Readable, Writable } from 'node:stream';

/** Standard streams and surroundings of one call. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The time of day, for the head of a recording. Nothing else may depend on it. */
  readonly clock: () => Date;
  /** While a listener is registered, Ctrl-C calls it (once; the next one ends the program). Returns how to take it back. */
  readonly onInterrupt?: (listener: () => void) => () => void;
}

/** Exit codes, one table for all verbs. */
export const EXIT = {
  OK: 0,
  /** Violation, mismatch or finding. */
  FINDING: 1,
  /** Bad usage or invalid input. */
  USAGE: 2,
  /** A bound was hit, or the capture is incomplete. */
  INCOMPLETE: 3,
  /** The environment lacks something. */
  ENVIRONMENT: 4,
  INTERNAL: 70,
  INTERRUPTED: 130,
} as const;

/** A fault of the user's input or call: message, remedy, exit code 2 unless said otherwise. */
export class UsageError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exit: number;
  constructor(code: string, message: string, hint?: string, exit: number = EXIT.USAGE) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.exit = exit;
  }
}

/** True when stdout may be coloured: a terminal, and NO_COLOR is not set. */
export const wantsColor = (io: Io): boolean =>
  io.env['NO_COLOR'] === undefined && (io.stdout.isTTY === true || io.env['FORCE_COLOR'] !== undefined);

/** Writes and waits when the reader is slow. A reader that has gone away ends the call quietly. */
export function print(io: Io, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (io.stdout.write(text)) resolve();
    else io.stdout.once('drain', resolve);
  });
}
