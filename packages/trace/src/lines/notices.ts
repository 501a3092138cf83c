// Lines of a capture that are not events: headers, lost-event marks, call chains.
// Texts: kernel/trace/trace.c, trace-cmd report, tools/perf/builtin-script.c.
import { decodeText } from './text.ts';

/** What a line without an event says. */
export type Notice =
  | { readonly kind: 'blank' | 'comment' | 'continuation' | 'tracer-header' | 'trace-cmd-header' | 'unreadable' }
  | { readonly kind: 'entries'; readonly inBuffer: number; readonly written: number }
  | { readonly kind: 'lost'; readonly events: number };

/** More of a line than this is never looked at. */
const LOOKED_AT = 256;

const RULES: readonly [RegExp, (match: RegExpMatchArray) => Notice][] = [
  [/^\s*$/, () => ({ kind: 'blank' })],
  [
    /entries-in-buffer\/entries-written:\s*(\d+)\/(\d+)/,
    (m) => ({ kind: 'entries', inBuffer: Number(m[1]), written: Number(m[2]) }),
  ],
  [/^CPU:\s*\d+ \[LOST (\d+) EVENTS\]/, (m) => ({ kind: 'lost', events: Number(m[1]) })],
  [/^CPU:\s*\d+ \[(?:LOST EVENTS|EVENTS DROPPED)\]/, () => ({ kind: 'lost', events: 1 })],
  [/\[(\d+) events? lost\]/i, (m) => ({ kind: 'lost', events: Number(m[1]) })],
  [/\[(\d+) EVENTS DROPPED\]/, (m) => ({ kind: 'lost', events: Number(m[1]) })],
  [/\bLOST (\d+) events!/, (m) => ({ kind: 'lost', events: Number(m[1]) })],
  [/PERF_RECORD_LOST(?:_SAMPLES)?:? lost (\d+)/, (m) => ({ kind: 'lost', events: Number(m[1]) })],
  [/^#{3,} CPU \d+ buffer started/, () => ({ kind: 'comment' })],
  [/^# tracer:/, () => ({ kind: 'tracer-header' })],
  [/^\s*#/, () => ({ kind: 'comment' })],
  [/^(?:cpus=\d+|version = \d+)/, () => ({ kind: 'trace-cmd-header' })],
  [/^\s*(?:=> |[0-9a-f]{6,16} \S)/, () => ({ kind: 'continuation' })],
  [/ <-\S+\s*$/, () => ({ kind: 'continuation' })], // the function tracer's `callee <-caller`
  [/<stack trace>|<user stack trace>/, () => ({ kind: 'continuation' })],
];

/** Classifies a line that has no event header. */
export function readNotice(bytes: Uint8Array, start: number, end: number): Notice {
  if (start === end) return { kind: 'blank' };
  const text = decodeText(bytes.subarray(start, Math.min(end, start + LOOKED_AT)));
  for (const [pattern, toNotice] of RULES) {
    const match = text.match(pattern);
    if (match) return toNotice(match);
  }
  return { kind: 'unreadable' };
}

const MAGICS: readonly [string, readonly number[], string][] = [
  ['gzip', [0x1f, 0x8b], 'decompress it first'],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd], 'decompress it first'],
  ['trace.dat', [0x17, 0x08, 0x44, 0x74, 0x72, 0x61], 'print it with `trace-cmd report -i FILE`'],
  ['perf.data', [0x50, 0x45, 0x52, 0x46, 0x49, 0x4c, 0x45, 0x32], 'print it with `perf script -i FILE`'],
  ['UTF-16 text', [0xff, 0xfe], 'convert it with `iconv -f UTF-16 -t UTF-8`'],
];

/** Recognises binary formats by their first bytes: name and what to do, or undefined for text. */
export function binaryFormat(head: Uint8Array): { readonly name: string; readonly advice: string } | undefined {
  const found = MAGICS.find(([, magic]) => magic.every((byte, at) => head[at] === byte));
  return found && { name: found[0], advice: found[2] };
}
