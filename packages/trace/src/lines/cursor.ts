// A position in the text of one event and the few primitives event texts are made of: literals, decimal and hexadecimal
// numbers, words. A primitive that does not find what it expects clears `ok` and the rest become no-ops.
import { encodeText } from './text.ts';

/** Reading position in one event's text. Reused for every line. */
export interface Cursor {
  bytes: Uint8Array;
  at: number;
  end: number;
  /** False once something expected was not there. */
  ok: boolean;
  /** Bits 63:32 of the last number read. */
  high: number;
}

/** A cursor to be reused. */
export function createCursor(): Cursor {
  return { bytes: new Uint8Array(0), at: 0, end: 0, ok: true, high: 0 };
}

const TWO_32 = 0x1_0000_0000;

/** The bytes of an ASCII literal, for {@link expect} and {@link accept}. */
export function literal(text: string): Uint8Array {
  return encodeText(text);
}

/** Skips `text` if it is next; tells whether it was. */
export function accept(c: Cursor, text: Uint8Array): boolean {
  const { bytes, at } = c;
  const { length } = text;
  if (!c.ok || at + length > c.end) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== text[i]) return false;
  c.at = at + length;
  return true;
}

/** Skips `text`, which must be next. */
export function expect(c: Cursor, text: Uint8Array): void {
  if (!accept(c, text)) c.ok = false;
}

/** An unsigned decimal number after the literal `before`. Exact below 2^53. */
export function decimal(c: Cursor, before: Uint8Array): number {
  expect(c, before);
  const { bytes, end, at: from } = c;
  let at = from;
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  c.at = at;
  if (at === from) c.ok = false;
  return c.ok ? value : 0;
}

/** A signed decimal number after the literal `before`. */
export function signed(c: Cursor, before: Uint8Array): number {
  expect(c, before);
  const negative = c.ok && c.bytes[c.at] === 0x2d;
  if (negative) c.at++;
  const value = decimal(c, NOTHING);
  return negative ? -value : value;
}

/** A hexadecimal number, with or without `0x`, after the literal `before`. The result is bits 31:0; `c.high` is 63:32. */
export function hex(c: Cursor, before: Uint8Array): number {
  expect(c, before);
  if (c.ok && c.bytes[c.at] === 0x30 && (c.bytes[c.at + 1] as number | 0x20) === 0x78 && c.at + 2 < c.end) c.at += 2;
  const { bytes, end, at: from } = c;
  let at = from;
  let low = 0;
  let high = 0;
  for (; at < end; at++) {
    const digit = hexDigit(bytes[at] as number);
    if (digit < 0) break;
    high = (high << 4) | (low >>> 28);
    low = (low << 4) | digit;
  }
  c.at = at;
  if (at === from) c.ok = false;
  c.high = c.ok ? high >>> 0 : 0;
  return c.ok ? low >>> 0 : 0;
}

/** Like {@link hex}, as one number, exact below 2^53: addresses. */
export function address(c: Cursor, before: Uint8Array): number {
  const low = hex(c, before);
  return c.high * TWO_32 + low;
}

/** Which of `words` comes next (the first that matches), skipped. Clears `ok` and returns 0 if none does. */
export function oneOf(c: Cursor, words: readonly Uint8Array[]): number {
  for (let i = 0; i < words.length; i++) if (accept(c, words[i] as Uint8Array)) return i;
  c.ok = false;
  return 0;
}

/** Offset of the end of the word (no spaces, no closing bracket) that starts at the cursor, which moves there. */
export function word(c: Cursor): number {
  const from = c.at;
  while (c.at < c.end && !isWordEnd(c.bytes[c.at] as number)) c.at++;
  if (c.at === from) c.ok = false;
  return c.at;
}

/** True if everything was as expected and only blanks are left. */
export function finished(c: Cursor): boolean {
  while (c.at < c.end && (c.bytes[c.at] as number) <= 0x20) c.at++;
  return c.ok && c.at === c.end;
}

/** The empty literal. */
export const NOTHING = literal('');

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function isWordEnd(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x29 || byte === 0x2c || byte === 0x5d;
}
