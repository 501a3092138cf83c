// Reading files and standard input, gzip transparently, as text or as chunks of bounded size.

import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Io, UsageError } from './io.ts';

const CHUNK = 1 << 20;

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'may not be read',
  Z_DATA_ERROR: 'is damaged: the gzip data cannot be unpacked',
};

function unreadable(path: string, error: unknown): UsageError {
  const { code, message } = error as { code?: string; message?: string };
  const why = WHY[code ?? ''] ?? String(message);
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

/** A stream from its first chunk on, which was looked at already. */
async function* resumed(first: Uint8Array, rest: AsyncIterator<unknown>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value as Uint8Array;
}

async function feedStream(stream: AsyncIterable<unknown>, push: (chunk: Uint8Array) => void): Promise<void> {
  for await (const chunk of stream) push(chunk as Uint8Array);
}

/** Unpacks and feeds. False when the packed data ends early: what came until then has been fed. */
async function feedGzip(packed: Readable, push: (chunk: Uint8Array) => void): Promise<boolean> {
  const plain = createGunzip();
  packed.on('error', (error) => plain.destroy(error));
  try {
    await feedStream(packed.pipe(plain), push);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'Z_BUF_ERROR') return false;
    throw error;
  }
}

async function feedStdin(stdin: Readable, push: (chunk: Uint8Array) => void): Promise<boolean> {
  const chunks = stdin[Symbol.asyncIterator]();
  const { value, done } = await chunks.next();
  if (done === true) return true;
  const all = resumed(value as Uint8Array, chunks);
  if (isGzip(value as Uint8Array)) return feedGzip(Readable.from(all), push);
  await feedStream(all, push);
  return true;
}

/**
 * Feeds the bytes of a capture, unpacked if it is gzip, in blocks of bounded size. Returns whether the input was whole: a gzip that
 * ends early is fed as far as it goes. Throws UsageError when it cannot be read or unpacked.
 */
export async function feedCapture(path: string, io: Io, push: (chunk: Uint8Array) => void): Promise<boolean> {
  try {
    if (path === '-') return await feedStdin(io.stdin, push);
    const file = resolve(io.cwd, path);
    if (isGzip(head(file))) return await feedGzip(createReadStream(file), push);
    feedFile(file, push);
    return true;
  } catch (error) {
    throw unreadable(path, error);
  }
}
