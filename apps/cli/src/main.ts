#!/usr/bin/env node
// The executable: real streams, real exit code.

import { createRequire } from 'node:module';
import { main } from './cli.ts';
import { EXIT } from './io.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

// The reader of our output has gone (`virq … | head`): nothing more to say.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.OK : EXIT.INTERNAL),
);
const interrupted = () => process.exit(EXIT.INTERRUPTED);
process.once('SIGINT', interrupted);

/** The first Ctrl-C is the listener's, the second ends the program. */
function onInterrupt(listener: () => void): () => void {
  const first = () => {
    process.once('SIGINT', interrupted);
    listener();
  };
  process.removeListener('SIGINT', interrupted);
  process.once('SIGINT', first);
  return () => {
    process.removeListener('SIGINT', first);
    if (process.listenerCount('SIGINT') === 0) process.once('SIGINT', interrupted);
  };
}

const io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  clock: () => new Date(),
  onInterrupt,
};
process.exitCode = await main(process.argv.slice(2), io, { version });
