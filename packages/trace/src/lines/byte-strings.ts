// Strings that recur in a capture (task names, event names, handler names), interned by their bytes so that reading
// a line that brings nothing new creates no JavaScript string.
import { decodeText, encodeText } from './text.ts';

/** A bounded set of byte strings numbered from 0 in order of first appearance; id 0 is the empty string. */
export interface ByteStrings {
  /** Number of the string in `bytes[start, end)`, added if it is new. Returns -1 when the table is full and the string is new. */
  intern(bytes: Uint8Array, start: number, end: number): number;
  /** Like {@link intern} when the hash of the bytes, started with {@link HASH_START} and taken with {@link hashStep}, is known. */
  internHashed(bytes: Uint8Array, start: number, end: number, hash: number): number;
  /** Number of `text`, added if new; -1 when full. For preloading known names. */
  add(text: string): number;
  /** The string numbered `id`. */
  text(id: number): string;
  /** How many strings are held. */
  size(): number;
}

/** Longest prefix of a string that is kept, in bytes. Kernel names are shorter (task 16, event 64). */
const MAX_BYTES = 128;

/** Creates a table for at most `limit` distinct strings. */
export function createByteStrings(limit: number): ByteStrings {
  const mask = 2 ** Math.ceil(Math.log2(limit * 2 + 2)) - 1;
  const slots = new Int32Array(mask + 1);
  const hashes = new Int32Array(limit + 1);
  const kept: Uint8Array[] = [];
  const texts: string[] = [];

  function intern(bytes: Uint8Array, start: number, stop: number): number {
    const end = stop - start > MAX_BYTES ? start + MAX_BYTES : stop;
    return internHashed(bytes, start, end, hashBytes(bytes, start, end));
  }

  function internHashed(bytes: Uint8Array, start: number, end: number, seed: number): number {
    const hash = seed ^ (seed >>> 15);
    let slot = hash & mask;
    for (let entry = slots[slot] as number; entry !== 0; entry = slots[slot] as number) {
      const id = entry - 1;
      if (hashes[id] === hash && sameBytes(kept[id] as Uint8Array, bytes, start, end)) return id;
      slot = (slot + 1) & mask;
    }
    if (kept.length >= limit) return -1;
    const copy = bytes.slice(start, end);
    const id = kept.push(copy) - 1;
    hashes[id] = hash;
    texts.push(decodeText(copy));
    slots[slot] = id + 1;
    return id;
  }

  function add(text: string): number {
    const bytes = encodeText(text);
    return intern(bytes, 0, bytes.length);
  }

  add('');
  return { intern, internHashed, add, text: (id) => texts[id] ?? '', size: () => kept.length };
}

/** Start value of the FNV-1a hash. */
export const HASH_START = 0x811c9dc5 | 0;

/** One byte of FNV-1a, 32 bits. */
export function hashStep(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let at = start; at < end; at++) hash = hashStep(hash, bytes[at] as number);
  return hash;
}

function sameBytes(kept: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (kept.length !== end - start) return false;
  for (let at = 0; at < kept.length; at++) if (kept[at] !== bytes[start + at]) return false;
  return true;
}
