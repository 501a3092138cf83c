// Reading files and standard input, gzip transparently, as text or as chunks of bounded size.

import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Io, UsageError } from './io.ts';

const CHUNK = 1 << 20;

function unreadable(path: string, error: unknown): UsageError {
  const code = (error as { code?: string }).code;
  const why =
    code === 'ENOENT'
      ? 'does not exist'
      : code === 'EISDIR'
        ? 'is a directory'
        : code === 'EACCES'
          ? 'may not be read'
          : String((error as Error).message);
  return new UsageError('VIRQ-C002', `${path} ${why}`, 'check the path; `-` reads standard input');
}

/** Whole text of a file, or of standard input for `-`. */
export async function readText(path: string, io: Io): Promise<string> {
  try {
    if (path !== '-') return await readFile(resolve(io.cwd, path), 'utf8');
    const parts: Buffer[] = [];
    for await (const part of io.stdin) parts.push(Buffer.from(part as Uint8Array));
    return Buffer.concat(parts).toString('utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

const isGzip = (b: Uint8Array): boolean => b[0] === 0x1f && b[1] === 0x8b;

function head(path: string): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(2);
    readSync(fd, bytes, 0, 2, 0);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** Feeds a plain file synchronously in large blocks: no stream machinery on the way to the parser. */
function feedFile(path: string, push: (chunk: Uint8Array) => void): void {
  const fd = openSync(path, 'r');
  const buffer = new Uint8Array(CHUNK);
  try {
    for (;;) {
      const n = readSync(fd, buffer, 0, CHUNK, null);
      if (n === 0) return;
      push(buffer.subarray(0, n));
    }
  } finally {
    closeSync(fd);
  }
}

async function feedStream(stream: Readable, push: (chunk: Uint8Array) => void): Promise<void> {
  for await (const chunk of stream) push(chunk as Uint8Array);
}

/** Feeds the bytes of a capture, unpacked if it is gzip. Throws UsageError when it cannot be read or unpacked. */
export async function feedCapture(path: string, io: Io, push: (chunk: Uint8Array) => void): Promise<void> {
  try {
    if (path === '-') return await feedStream(io.stdin, push);
    const file = resolve(io.cwd, path);
    if (isGzip(head(file))) return await feedStream(createReadStream(file).pipe(createGunzip()), push);
    feedFile(file, push);
  } catch (error) {
    throw unreadable(path, error);
  }
}
