// Decodes single event texts outside a capture: for tests, and for tools that already hold name and text.
import { createByteStrings } from '../lines/byte-strings.ts';
import { createCursor, finished } from '../lines/cursor.ts';
import { encodeText } from '../lines/text.ts';
import { DECODERS, eventKind } from './event-table.ts';
import { createTraceEvent, type TraceEvent } from './trace-event.ts';

/** Decodes `text` as the text of tracepoint `name`; undefined if the tracepoint is unknown or the text is not its. */
export function decodeEvent(name: string, text: string): TraceEvent | undefined {
  const kind = eventKind(name);
  const decoder = DECODERS[kind];
  if (!decoder) return undefined;
  const cursor = createCursor();
  cursor.bytes = encodeText(text);
  cursor.end = cursor.bytes.length;
  const event = createTraceEvent();
  event.name = name;
  event.kind = kind;
  decoder(cursor, event, createByteStrings(64));
  return finished(cursor) ? event : undefined;
}
