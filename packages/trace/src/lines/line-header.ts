// The left part of a trace line: who, on which CPU, when, and which event. One parser reads what tracefs `trace` and
// `trace_pipe`, `trace-cmd report` and `perf script` print (kernel/trace/trace_output.c, tools/perf/builtin-script.c);
// the style is recognised per line, from whatever stands before and after `[cpu]`.

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
  textStart: number;
  style: LineStyle;
}

/** A header record to be reused for every line. */
export function createLineHeader(): LineHeader {
  return {
    commStart: 0, commEnd: 0, pid: 0, tgid: -1, cpu: -1, seconds: 0, nanoseconds: 0, unit: 'us',
    flagsStart: 0, flagsEnd: 0, nameStart: 0, nameEnd: 0, textStart: 0, style: 'ftrace',
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
const NANOSECONDS = 1e9;

/**
 * Parses the header of `bytes[start, end)` into `header`. Returns false if the line is not an event line. Task names may
 * contain spaces, colons, dashes and brackets: a candidate `[cpu]` counts only if a pid precedes and a timestamp follows.
 */
export function parseLineHeader(bytes: Uint8Array, start: number, end: number, header: LineHeader): boolean {
  const limit = end - start > SEARCH_BYTES ? start + SEARCH_BYTES : end;
  for (let at = start + 1; at < limit; at++) {
    if (bytes[at] === OPEN && isSpace(bytes[at - 1] as number) && parseAround(bytes, start, end, at, header)) return true;
  }
  return parseWithoutCpu(bytes, start, end, header);
}

function parseAround(bytes: Uint8Array, start: number, end: number, open: number, header: LineHeader): boolean {
  let at = open + 1;
  let cpu = 0;
  for (let c = bytes[at] as number; at < end && c >= ZERO && c <= NINE; c = bytes[++at] as number) cpu = cpu * 10 + c - ZERO;
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
  let high = 0;
  let low = 0;
  for (let c = bytes[at] as number; at < end && c >= ZERO && c <= NINE; c = bytes[++at] as number) {
    low = low * 10 + c - ZERO;
    if (low >= NANOSECONDS) {
      const carry = Math.floor(low / NANOSECONDS);
      high = high * 10 + carry;
      low -= carry * NANOSECONDS;
    } else if (high > 0) high *= 10;
  }
  if (at === from || at >= end) return -1;
  if (bytes[at] === COLON) {
    header.seconds = high;
    header.nanoseconds = low;
    header.unit = 'ticks';
    return at + 1;
  }
  if (bytes[at] !== DOT) return -1;
  header.seconds = high * NANOSECONDS + low;
  return parseFraction(bytes, at + 1, end, header);
}

function parseFraction(bytes: Uint8Array, from: number, end: number, header: LineHeader): number {
  let at = from;
  let fraction = 0;
  for (let c = bytes[at] as number; at < end && c >= ZERO && c <= NINE; c = bytes[++at] as number) fraction = fraction * 10 + c - ZERO;
  const digits = at - from;
  if (digits === 0 || digits > 9 || at >= end || bytes[at] !== COLON) return -1;
  header.nanoseconds = digits === 6 ? fraction * 1000 : digits === 9 ? fraction : fraction * 10 ** (9 - digits);
  header.unit = digits > 6 ? 'ns' : 'us';
  return at + 1;
}

function parseName(bytes: Uint8Array, from: number, end: number, header: LineHeader): boolean {
  let at = from;
  while (at < end && isDigit(bytes[at] as number)) at++;
  if (at > from && isSpace(bytes[at] as number)) at = skipSpaces(bytes, at, end); // perf prints the sample period here
  else at = from;
  header.nameStart = at;
  while (at < end && isNameByte(bytes[at] as number)) at++;
  if (at >= end || bytes[at] !== COLON || at === header.nameStart) return false;
  if (at + 1 < end && isNameByte(bytes[at + 1] as number)) {
    header.style = 'perf';
    header.nameStart = ++at;
    while (at < end && isNameByte(bytes[at] as number)) at++;
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

/** Letters, digits, `_`, `-` and `.`: what event and group names consist of. */
function isNameByte(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || c === 0x5f || (c >= 0x41 && c <= 0x5a) || isDigit(c) || c === DASH || c === DOT;
}
