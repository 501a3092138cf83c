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
process.once('SIGINT', () => process.exit(EXIT.INTERRUPTED));

const io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
};
process.exitCode = await main(process.argv.slice(2), io, { version });
