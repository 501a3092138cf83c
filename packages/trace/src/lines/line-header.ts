// The left part of a trace line: who, on which CPU, when, and which event. One parser reads what tracefs `trace` and
// `trace_pipe`, `trace-cmd report` and `perf script` print (kernel/trace/trace_output.c, tools/perf/builtin-script.c);
// the style is recognised per line, from whatever stands before and after `[cpu]`.
import { HASH_START, hashStep } from './byte-strings.ts';

/** The printing tool a line looks like. */
export type LineStyle = 'ftrace' | 'trace-cmd' | 'perf';

/** Unit of the timestamps of a line: microseconds, nanoseconds, or the ticks of a counting trace clock. */
export type ClockUnit = 'us' | 'ns' | 'ticks';

/** The parsed left part of one line. Reused: valid until the next line is parsed. Positions are byte offsets. */
export interface LineHeader {
  commStart: number;
  commEnd: number;
  /** Thread id; 0 for an idle task. */
  pid: number;
  /** Process id where the line shows it (perf `pid/tid`, ftrace option record-tgid), else -1. */
  tgid: number;
  /** CPU number, -1 if the line has none. */
  cpu: number;
  seconds: number;
  /** 0 … 999,999,999. Counting clocks are split the same way, so that 64-bit values stay exact. */
  nanoseconds: number;
  unit: ClockUnit;
  flagsStart: number;
  flagsEnd: number;
  nameStart: number;
  nameEnd: number;
  /** FNV-1a hash of the name, for {@link ByteStrings.internHashed}. */
  nameHash: number;
  textStart: number;
  style: LineStyle;
  /** Offset of `[cpu]`, or of what was last taken for it. */
  cpuColumn: number;
}

/** A header record to be reused for every line. */
export function createLineHeader(): LineHeader {
  return {
    commStart: 0,
    commEnd: 0,
    pid: 0,
    tgid: -1,
    cpu: -1,
    seconds: 0,
    nanoseconds: 0,
    unit: 'us',
    flagsStart: 0,
    flagsEnd: 0,
    nameStart: 0,
    nameEnd: 0,
    nameHash: 0,
    cpuColumn: 0,
    textStart: 0,
    style: 'ftrace',
  };
}

const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const DOT = 0x2e;
const DASH = 0x2d;
const SLASH = 0x2f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const OPEN_ROUND = 0x28;
const CLOSE_ROUND = 0x29;
const ZERO = 0x30;
const NINE = 0x39;

/** How far into a line the `[cpu]` column is looked for: task name (16) + pid + tgid, with room for a file name in front. */
const SEARCH_BYTES = 160;
/** Seconds of an uptime have at most 9 digits; a 64-bit counter at most 20. */
const MAX_SHORT_DIGITS = 9;
const MAX_TICK_DIGITS = 20;

/**
 * Parses the header of `bytes[start, end)` into `header`. Returns false if the line is not an event line. Task names may
 * contain spaces, colons, dashes and brackets: a candidate `[cpu]` counts only if a pid precedes and a timestamp follows.
 * The column where the previous line had it is tried first, because a tool keeps to one.
 */
export function parseLineHeader(bytes: Uint8Array, start: number, end: number, header: LineHeader): boolean {
  const usual = start + header.cpuColumn;
  if (usual > start && usual < end && bytes[usual] === OPEN && parseAround(bytes, start, end, header)) return true;
  const limit = end - start > SEARCH_BYTES ? start + SEARCH_BYTES : end;
  for (let at = start + 1; at < limit; at++) {
    if (bytes[at] !== OPEN) continue;
    header.cpuColumn = at - start;
    if (parseAround(bytes, start, end, header)) return true;
  }
  return parseWithoutCpu(bytes, start, end, header);
}

/** Parses a line whose `[cpu]` is expected at `header.cpuColumn`. */
function parseAround(bytes: Uint8Array, start: number, end: number, header: LineHeader): boolean {
  const open = start + header.cpuColumn;
  if (!isSpace(bytes[open - 1] as number)) return false;
  let at = open + 1;
  let cpu = 0;
  for (let c = bytes[at] as number; at < end && c >= ZERO && c <= NINE; c = bytes[++at] as number)
    cpu = cpu * 10 + c - ZERO;
  if (at === open + 1 || at >= end || bytes[at] !== CLOSE || !isSpace(bytes[at + 1] as number)) return false;
  if (!parseTask(bytes, start, open, header)) return false;
  header.cpu = cpu;
  return parseFromTime(bytes, at + 2, end, header);
}

/** Reads `comm-pid`, `comm-pid (tgid)`, `comm pid` or `comm pid/tid` backwards from `stop`. */
function parseTask(bytes: Uint8Array, start: number, stop: number, header: LineHeader): boolean {
  let at = skipSpacesBack(bytes, start, stop);
  header.tgid = -1;
  if (bytes[at - 1] === CLOSE_ROUND) at = parseTgidColumn(bytes, start, at - 1, header);
  const pidEnd = at;
  while (at > start && isDigit(bytes[at - 1] as number)) at--;
  if (at === pidEnd || at - 1 <= start) return false;
  header.pid = decimal(bytes, at, pidEnd);
  let separator = bytes[at - 1] as number;
  if (separator === SLASH) {
    const slash = --at;
    while (at > start && isDigit(bytes[at - 1] as number)) at--;
    if (at === slash || at - 1 <= start) return false;
    header.tgid = decimal(bytes, at, slash);
    separator = bytes[at - 1] as number;
  }
  if (separator === DASH) header.style = 'ftrace';
  else if (isSpace(separator)) header.style = 'perf';
  else return false;
  header.commStart = skipSpaces(bytes, start, at - 1);
  header.commEnd = header.style === 'perf' ? skipSpacesBack(bytes, start, at - 1) : at - 1;
  return header.commEnd > header.commStart;
}

function parseTgidColumn(bytes: Uint8Array, start: number, close: number, header: LineHeader): number {
  let at = close;
  while (at > start && isDigit(bytes[at - 1] as number)) at--;
  if (at < close) header.tgid = decimal(bytes, at, close);
  while (at > start && bytes[at] !== OPEN_ROUND) at--;
  return skipSpacesBack(bytes, start, at);
}

/** Parses `[flags] timestamp: [period] [group:]event: text` from `from`. */
function parseFromTime(bytes: Uint8Array, from: number, end: number, header: LineHeader): boolean {
  let at = skipSpaces(bytes, from, end);
  header.flagsStart = at;
  header.flagsEnd = at;
  let next = parseTime(bytes, at, end, header);
  if (next < 0) {
    while (at < end && !isSpace(bytes[at] as number)) at++;
    if (at - header.flagsStart > 8) return false;
    header.flagsEnd = at;
    next = parseTime(bytes, skipSpaces(bytes, at, end), end, header);
    if (next < 0) return false;
  }
  return parseName(bytes, skipSpaces(bytes, next, end), end, header);
}

/** Reads `seconds.fraction:` or `ticks:`; returns the offset behind the colon or -1. */
function parseTime(bytes: Uint8Array, from: number, end: number, header: LineHeader): number {
  let at = from;
  let value = 0;
  const short = Math.min(end, from + MAX_SHORT_DIGITS);
  for (let c = bytes[at] as number; at < short && c >= ZERO && c <= NINE; c = bytes[++at] as number)
    value = value * 10 + c - ZERO;
  if (at === from || at >= end) return -1;
  if (bytes[at] === DOT) {
    header.seconds = value;
    return parseFraction(bytes, at + 1, end, header);
  }
  return parseTicks(bytes, from, end, header);
}

/** A counting clock's up to 20 digits, split so that both halves stay exact. */
function parseTicks(bytes: Uint8Array, from: number, end: number, header: LineHeader): number {
  let at = from;
  while (at < end && isDigit(bytes[at] as number)) at++;
  if (at === end || bytes[at] !== COLON || at - from > MAX_TICK_DIGITS) return -1;
  const split = Math.max(from, at - 9);
  header.seconds = decimal(bytes, from, split);
  header.nanoseconds = decimal(bytes, split, at);
  header.unit = 'ticks';
  return at + 1;
}

function parseFraction(bytes: Uint8Array, from: number, end: number, header: LineHeader): number {
  let at = from;
  let fraction = 0;
  for (let c = bytes[at] as number; at < end && c >= ZERO && c <= NINE; c = bytes[++at] as number)
    fraction = fraction * 10 + c - ZERO;
  const digits = at - from;
  if (digits === 0 || digits > 9 || at >= end || bytes[at] !== COLON) return -1;
  header.nanoseconds = digits === 6 ? fraction * 1000 : digits === 9 ? fraction : fraction * 10 ** (9 - digits);
  header.unit = digits > 6 ? 'ns' : 'us';
  return at + 1;
}

function scanName(bytes: Uint8Array, from: number, end: number, header: LineHeader): number {
  let at = from;
  let hash = HASH_START;
  for (; at < end && NAME_BYTES[bytes[at] as number] === 1; at++) hash = hashStep(hash, bytes[at] as number);
  header.nameStart = from;
  header.nameHash = hash;
  return at;
}

function parseName(bytes: Uint8Array, from: number, end: number, header: LineHeader): boolean {
  let at = from;
  while (at < end && isDigit(bytes[at] as number)) at++;
  if (at > from && isSpace(bytes[at] as number))
    at = skipSpaces(bytes, at, end); // perf prints the sample period here
  else at = from;
  at = scanName(bytes, at, end, header);
  if (at >= end || bytes[at] !== COLON || at === header.nameStart) return false;
  if (at + 1 < end && NAME_BYTES[bytes[at + 1] as number] === 1) {
    header.style = 'perf';
    at = scanName(bytes, at + 1, end, header);
    if (at >= end || bytes[at] !== COLON) return false;
  }
  header.nameEnd = at;
  header.textStart = skipSpaces(bytes, at + 1, end);
  if (header.style === 'ftrace' && header.textStart - at > 2) header.style = 'trace-cmd';
  return true;
}

/** perf script without its cpu column: `comm pid timestamp: group:event: text`. */
function parseWithoutCpu(bytes: Uint8Array, start: number, end: number, header: LineHeader): boolean {
  const limit = end - start > SEARCH_BYTES ? start + SEARCH_BYTES : end;
  for (let at = start + 1; at < limit; at++) {
    if (!isDigit(bytes[at] as number) || !isSpace(bytes[at - 1] as number)) continue;
    if (parseTime(bytes, at, end, header) < 0 || header.unit === 'ticks') continue;
    if (!parseTask(bytes, start, at, header)) continue;
    header.cpu = -1;
    return parseFromTime(bytes, at, end, header);
  }
  return false;
}

function skipSpaces(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(bytes[at] as number)) at++;
  return at;
}

function skipSpacesBack(bytes: Uint8Array, start: number, from: number): number {
  let at = from;
  while (at > start && isSpace(bytes[at - 1] as number)) at--;
  return at;
}

function decimal(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + (bytes[at] as number) - ZERO;
  return value;
}

function isSpace(c: number): boolean {
  return c === SPACE || c === TAB;
}

function isDigit(c: number): boolean {
  return c >= ZERO && c <= NINE;
}

/** 1 for letters, digits, `_`, `-` and `.`: what event and group names consist of. */
const NAME_BYTES = Uint8Array.from({ length: 256 }, (_, c) => Number(/[A-Za-z0-9_.-]/.test(String.fromCharCode(c))));
