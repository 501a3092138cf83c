// Calls the CLI in this process, with its streams in hand; and a folder for the files of a test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { main } from '../cli.ts';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** A source file of the core, as an import specifier in quotes: a module outside the workspace can import it without a build. */
export const coreSource = (path: string): string => JSON.stringify(join(ROOT, 'packages/irq-core/src', path));

const collect = (stream: PassThrough): (() => string) => {
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString();
};

/** Surroundings of a call. `tty`: stdout is a terminal. */
export interface Surroundings {
  readonly input?: string | Buffer;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  /** Ctrl-C is pressed as soon as somebody listens. */
  readonly interrupt?: boolean;
}

/** One call: exit code and what it wrote. */
export async function virq(
  args: readonly string[],
  { input = '', cwd = ROOT, env = {}, tty = false, interrupt = false }: Surroundings = {},
) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [collect(stdout), collect(stderr)];
  const stdin = Readable.from(input.length === 0 ? [] : [Buffer.from(input as string)]);
  const onInterrupt = (listener: () => void): (() => void) => {
    if (interrupt) listener();
    return () => undefined;
  };
  const io = {
    stdin,
    stdout: Object.assign(stdout, { isTTY: tty }),
    stderr,
    env,
    cwd,
    clock: () => new Date(0),
    onInterrupt,
  };
  const code = await main(args, io, { version: '0.0.0' });
  return { code, out: out(), err: err() };
}

/** What every failure must be: no stack, whatever happened. */
export const hasStack = (text: string): boolean => /\n\s+at /.test(text);

/** A folder that goes away with the test file, and a way to put files into it. */
export function folder(): { readonly path: string; file(name: string, content: string | Buffer): string } {
  const path = mkdtempSync(join(tmpdir(), 'virq-cli-'));
  afterAll(() => rmSync(path, { recursive: true }));
  return {
    path,
    file(name, content) {
      writeFileSync(join(path, name), content);
      return join(path, name);
    },
  };
}
