// Copies of the lines a finding may have to quote. A slot is reused, so that remembering the latest line costs a copy of bytes.
import type { TraceEvent } from '../events/trace-event.ts';
import { decodeText } from '../lines/text.ts';

/** Longest quoted line in bytes. */
const MAX_QUOTE = 240;

/** A remembered line. `line` 0 means none. */
export interface Evidence {
  line: number;
  time: number;
  length: number;
  readonly bytes: Uint8Array;
}

/** A line quoted in a report. */
export interface QuotedLine {
  /** Line number in the capture, from 1. */
  readonly line: number;
  readonly text: string;
}

/** An empty slot. */
export function createEvidence(): Evidence {
  return { line: 0, time: 0, length: 0, bytes: new Uint8Array(MAX_QUOTE) };
}

/** Remembers the line of `event`. */
export function remember(evidence: Evidence, event: TraceEvent): void {
  const length = Math.min(MAX_QUOTE, event.lineEnd - event.lineStart);
  for (let i = 0; i < length; i++) evidence.bytes[i] = event.bytes[event.lineStart + i] as number;
  evidence.length = length;
  evidence.line = event.line;
  evidence.time = event.time;
}

/** The remembered lines in capture order, without the empty slots. */
export function quote(...evidence: readonly (Evidence | undefined)[]): QuotedLine[] {
  return evidence
    .filter((slot) => slot !== undefined && slot.line > 0)
    .map((slot) => ({ line: (slot as Evidence).line, text: textOf(slot as Evidence) }))
    .sort((a, b) => a.line - b.line)
    .filter((entry, at, all) => at === 0 || all[at - 1]?.line !== entry.line);
}

function textOf(evidence: Evidence): string {
  return decodeText(evidence.bytes.slice(0, evidence.length)).trim();
}
