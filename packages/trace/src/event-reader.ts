// From a line's bytes to the reused event record. Lines of other events cost a header parse and a name comparison.
import { DECODERS, EVENT_NAMES } from './events/event-table.ts';
import { createTraceEvent, type TraceEvent } from './events/trace-event.ts';
import { type ByteStrings, createByteStrings } from './lines/byte-strings.ts';
import { type Cursor, createCursor, finished } from './lines/cursor.ts';
import { createLineHeader, type LineHeader, parseLineHeader } from './lines/line-header.ts';
import { type Notice, readNotice } from './lines/notices.ts';
import { encodeText } from './lines/text.ts';
import { countBadText, countProblem, emptySummary, type ReadSummary } from './read-summary.ts';

/** Called for every event of the table {@link EVENT_NAMES}. The record is reused: copy what you keep. */
export type TraceEventHandler = (event: TraceEvent) => void;

/** State of a reader between lines. */
export interface EventReader {
  readonly onEvent: TraceEventHandler | undefined;
  /** Time window in the capture's seconds. */
  readonly since: number;
  readonly until: number;
  readonly summary: ReadSummary;
  readonly header: LineHeader;
  readonly event: TraceEvent;
  readonly cursor: Cursor;
  /** Event names seen, with their index in {@link EVENT_NAMES} (-1: not decoded) and their number of lines. */
  readonly eventNames: ByteStrings;
  readonly kinds: Int16Array;
  readonly counts: Float64Array;
  /** Task, handler and register names. */
  readonly names: ByteStrings;
  /** Latest time per CPU, -1 if the CPU has not been seen. */
  readonly cpuTimes: Float64Array;
  /** Timestamp of the first event; seconds -1 before it. */
  baseSeconds: number;
  baseNanoseconds: number;
  /** The latest line could not be read. */
  lastLineBad: boolean;
}

/** Bounds that keep memory constant on any input. */
const MAX_EVENT_NAMES = 4096;
const MAX_NAMES = 32768;
const MAX_CPUS = 8192;
/** Where event names beyond {@link MAX_EVENT_NAMES} are counted, and where lines without a CPU are. */
const OTHER_NAMES = MAX_EVENT_NAMES + 1;
const NO_CPU = MAX_CPUS - 1;
const KWORKER = encodeText('kworker');

/** A reader before its first line. */
export function createEventReader(onEvent: TraceEventHandler | undefined, since: number, until: number): EventReader {
  const eventNames = createByteStrings(MAX_EVENT_NAMES);
  const kinds = new Int16Array(OTHER_NAMES + 1).fill(-1);
  for (const [kind, name] of EVENT_NAMES.entries()) kinds[eventNames.add(name)] = kind;
  return {
    onEvent,
    since,
    until,
    summary: emptySummary(),
    header: createLineHeader(),
    event: createTraceEvent(),
    cursor: createCursor(),
    eventNames,
    kinds,
    counts: new Float64Array(OTHER_NAMES + 1),
    names: createByteStrings(MAX_NAMES),
    cpuTimes: new Float64Array(MAX_CPUS).fill(-1),
    baseSeconds: -1,
    baseNanoseconds: 0,
    lastLineBad: false,
  };
}

/** Reads one line. */
export function readLine(reader: EventReader, bytes: Uint8Array, start: number, end: number): void {
  const { header, summary } = reader;
  summary.lines++;
  reader.lastLineBad = false;
  if (!parseLineHeader(bytes, start, end, header)) return noteLine(reader, readNotice(bytes, start, end));
  const at = header.seconds + header.nanoseconds / 1e9;
  if (at < reader.since || at > reader.until) return;
  summary.events++;
  countStyle(summary, header);
  noteTime(reader);
  const known = reader.eventNames.internHashed(bytes, header.nameStart, header.nameEnd, header.nameHash);
  const id = known < 0 ? OTHER_NAMES : known;
  reader.counts[id] = (reader.counts[id] as number) + 1;
  const kind = reader.kinds[id] as number;
  if (kind < 0) return;
  reader.event.kind = kind;
  decodeLine(reader, bytes, start, end);
}

function countStyle(summary: ReadSummary, header: LineHeader): void {
  if (header.style === 'ftrace') summary.linesByStyle.ftrace++;
  else if (header.style === 'perf') summary.linesByStyle.perf++;
  else summary.linesByStyle['trace-cmd']++;
  if (header.flagsEnd > header.flagsStart) summary.flagsWidth = header.flagsEnd - header.flagsStart;
}

function noteTime(reader: EventReader): void {
  const { header, summary, event, cpuTimes } = reader;
  if (reader.baseSeconds < 0) {
    reader.baseSeconds = header.seconds;
    reader.baseNanoseconds = header.nanoseconds;
    summary.unit = header.unit;
    summary.firstTime = header.seconds + header.nanoseconds / 1e9;
  }
  const time = (header.seconds - reader.baseSeconds) * 1e9 + header.nanoseconds - reader.baseNanoseconds;
  const cpu = header.cpu < 0 || header.cpu >= NO_CPU ? NO_CPU : header.cpu;
  if (cpu !== NO_CPU && time < (cpuTimes[cpu] as number)) countProblem(summary, summary.backwards);
  cpuTimes[cpu] = Math.max(0, time);
  if (time > summary.span) summary.span = time;
  event.time = time;
}

function decodeLine(reader: EventReader, bytes: Uint8Array, start: number, end: number): void {
  const { cursor, event, names } = reader;
  const { kind } = event;
  cursor.bytes = bytes;
  cursor.at = reader.header.textStart;
  cursor.end = end;
  cursor.ok = true;
  (DECODERS[kind] as (typeof DECODERS)[number])(cursor, event, names);
  event.name = EVENT_NAMES[kind] as string;
  if (!finished(cursor)) {
    countBadText(reader.summary, event.name);
    reader.lastLineBad = true;
    return;
  }
  if (!reader.onEvent) return;
  event.bytes = bytes;
  event.lineStart = start;
  event.lineEnd = end;
  describeOrigin(reader, bytes);
  reader.onEvent(event);
}

/** Who, where and when. */
function describeOrigin(reader: EventReader, bytes: Uint8Array): void {
  const { event, header, names } = reader;
  event.line = reader.summary.lines;
  event.seconds = header.seconds;
  event.nanoseconds = header.nanoseconds;
  event.cpu = header.cpu;
  event.pid = header.pid;
  event.tgid = header.tgid;
  event.comm = names.text(Math.max(0, names.intern(bytes, header.commStart, header.commEnd)));
  event.kworker = startsWithKworker(bytes, header.commStart, header.commEnd);
  event.hardirq = hardirqFlag(bytes, header.flagsStart, header.flagsEnd);
}

function noteLine(reader: EventReader, notice: Notice): void {
  const { summary } = reader;
  if (notice.kind === 'unreadable') {
    countProblem(summary, summary.unreadable);
    reader.lastLineBad = true;
  } else if (notice.kind === 'lost') summary.lostEvents += notice.events;
  else if (notice.kind === 'tracer-header') summary.tracerHeader = true;
  else if (notice.kind === 'trace-cmd-header') summary.traceCmdHeader = true;
  else if (notice.kind === 'entries') {
    summary.entriesInBuffer = notice.inBuffer;
    summary.lostEvents += Math.max(0, notice.written - notice.inBuffer);
  }
}

/** Completes the summary after the last line. */
export function finishReading(reader: EventReader): ReadSummary {
  const { summary, counts, eventNames, cpuTimes } = reader;
  for (let id = 0; id < eventNames.size(); id++) {
    if (counts[id]) summary.countByEvent.set(eventNames.text(id), counts[id] as number);
  }
  if (counts[OTHER_NAMES]) summary.countByEvent.set('(other names)', counts[OTHER_NAMES] as number);
  for (let cpu = 0; cpu < NO_CPU; cpu++) if ((cpuTimes[cpu] as number) >= 0) summary.cpus.push(cpu);
  summary.lastTime = summary.firstTime + summary.span / 1e9;
  return summary;
}

function startsWithKworker(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < KWORKER.length) return 0;
  for (let i = 0; i < KWORKER.length; i++) if (bytes[start + i] !== KWORKER[i]) return 0;
  return 1;
}

/** Third character of the flags column: `h`, `H`, `z` or `Z` in (or nested in) hard interrupt or NMI context. */
function hardirqFlag(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 4) return 0;
  const flag = (bytes[start + 2] as number) | 0x20;
  return Number(flag === 0x68 || flag === 0x7a);
}
