// What a decoder is: it reads one tracepoint's text into the reused event record.
import type { ByteStrings } from '../lines/byte-strings.ts';
import { accept, type Cursor, literal, oneOf, word } from '../lines/cursor.ts';
import { DELIVERY_MODES, type TraceEvent } from './trace-event.ts';

/** Reads the text at the cursor into `event`. `names` interns words that recur. Leaves `cursor.ok` false if the text is not the event's. */
export type Decoder = (cursor: Cursor, event: TraceEvent, names: ByteStrings) => void;

const MODES = DELIVERY_MODES.map(literal);
const DESTINATION_MODES = ['physical', 'logical'].map(literal);
const TRIGGERS = ['edge', 'level'].map(literal);
const OPEN = literal('(');
const CLOSE = literal(')');
const BAR = literal('|');
const MASKED = literal('|masked');
const HINT = literal('|rh');
const COALESCED = literal(' (coalesced)');

/** `(Fixed|physical|level` — the common part of every redirection entry or MSI. */
function openMode(c: Cursor, e: TraceEvent): void {
  c.ok = c.ok && accept(c, OPEN);
  e.deliveryMode = oneOf(c, MODES);
  c.ok = c.ok && accept(c, BAR);
}

/** `(DM|physical or logical|edge or level[|masked][|rh])`. */
export function routeMode(c: Cursor, e: TraceEvent): void {
  openMode(c, e);
  e.logical = oneOf(c, DESTINATION_MODES);
  c.ok = c.ok && accept(c, BAR);
  e.trigger = oneOf(c, TRIGGERS);
  e.masked = Number(accept(c, MASKED));
  e.redirection = Number(accept(c, HINT));
  c.ok = c.ok && accept(c, CLOSE);
}

/** `(DM|edge or level)`. */
export function acceptMode(c: Cursor, e: TraceEvent): void {
  openMode(c, e);
  e.trigger = oneOf(c, TRIGGERS);
  c.ok = c.ok && accept(c, CLOSE);
}

/** `(edge or level[|masked])`. */
export function pinMode(c: Cursor, e: TraceEvent): void {
  c.ok = c.ok && accept(c, OPEN);
  e.trigger = oneOf(c, TRIGGERS);
  e.masked = Number(accept(c, MASKED));
  c.ok = c.ok && accept(c, CLOSE);
}

/** The optional ` (coalesced)`. */
export function coalescedMark(c: Cursor, e: TraceEvent): void {
  e.coalesced = Number(accept(c, COALESCED));
}

/** The word at the cursor, interned. */
export function name(c: Cursor, names: ByteStrings): string {
  const from = c.at;
  const to = word(c);
  return c.ok ? names.text(Math.max(0, names.intern(c.bytes, from, to))) : '';
}

/** Ignores what is left: texts that grew new fields over the releases. */
export function rest(c: Cursor): void {
  c.at = c.end;
}
