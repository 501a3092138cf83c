// What reading a capture shows about the capture itself, whatever is in it.
import type { ClockUnit, LineStyle } from './lines/line-header.ts';

/** A kind of line that could not be used, with its number of occurrences and the first one's line number. */
export interface ReadProblem {
  count: number;
  firstLine: number;
}

/** What reading a capture showed about the capture itself. */
export interface ReadSummary {
  lines: number;
  /** Lines with an event, known or not. */
  events: number;
  /** Event lines within the time window by tracepoint name. */
  countByEvent: Map<string, number>;
  linesByStyle: Record<LineStyle, number>;
  unit: ClockUnit;
  /** Timestamp of the first and the last event, in seconds (ticks / 1e9 for counting clocks). */
  firstTime: number;
  lastTime: number;
  /** Nanoseconds or ticks between the first and the latest event. */
  span: number;
  /** CPU numbers seen. */
  cpus: number[];
  /** Width of the flags column where there is one: 4 up to 5.15, 5 from 5.16; 0 without. */
  flagsWidth: number;
  tracerHeader: boolean;
  traceCmdHeader: boolean;
  /** Events the tracer itself says were lost. */
  lostEvents: number;
  /** `entries-in-buffer` of the header, -1 without header. */
  entriesInBuffer: number;
  /** Lines that are neither events nor anything known. */
  unreadable: ReadProblem;
  longLines: ReadProblem;
  /** Known events whose text is not theirs, by tracepoint. */
  badText: Map<string, ReadProblem>;
  /** Events whose timestamp is before their predecessor's on the same CPU. */
  backwards: ReadProblem;
  /** The last line had no line end and could not be read. */
  cutOff: boolean;
  /** Set if the input is no text at all. */
  binary: { readonly name: string; readonly advice: string } | undefined;
}

/** The summary before the first line. */
export function emptySummary(): ReadSummary {
  return {
    lines: 0,
    events: 0,
    countByEvent: new Map(),
    linesByStyle: { ftrace: 0, 'trace-cmd': 0, perf: 0 },
    unit: 'us',
    firstTime: 0,
    lastTime: 0,
    span: 0,
    cpus: [],
    flagsWidth: 0,
    tracerHeader: false,
    traceCmdHeader: false,
    lostEvents: 0,
    entriesInBuffer: -1,
    unreadable: noProblem(),
    longLines: noProblem(),
    badText: new Map(),
    backwards: noProblem(),
    cutOff: false,
    binary: undefined,
  };
}

function noProblem(): ReadProblem {
  return { count: 0, firstLine: 0 };
}

/** Counts a problem of the current line. */
export function countProblem(summary: ReadSummary, problem: ReadProblem): void {
  if (problem.count++ === 0) problem.firstLine = summary.lines;
}

/** Counts a known event whose text is not its own. */
export function countBadText(summary: ReadSummary, name: string): void {
  let problem = summary.badText.get(name);
  if (!problem) {
    problem = noProblem();
    summary.badText.set(name, problem);
  }
  countProblem(summary, problem);
}

/** The last line ended in mid-air: that is one fact (cut off), not also a malformed event. */
export function noteCutOff(summary: ReadSummary): void {
  summary.cutOff = true;
  for (const [name, problem] of [...summary.badText]) {
    if (problem.firstLine === summary.lines) summary.badText.delete(name);
  }
  if (summary.unreadable.firstLine === summary.lines) summary.unreadable = noProblem();
}
