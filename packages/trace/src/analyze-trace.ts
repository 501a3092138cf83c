// The analyser: bytes in, report out. Reading, correlating and judging are each in their own folder; this ties them together.

import type { TraceEventHandler } from './event-reader.ts';
import type { TraceEvent } from './events/trace-event.ts';
import { createTraceReader } from './read-trace.ts';
import { buildReport } from './report/build-report.ts';
import type { FindingKind, TraceReport } from './report/trace-report.ts';
import { correlate } from './rows/correlate.ts';
import { createCorrelation, type Thresholds } from './rows/correlation.ts';

/** What to look for, and in which part of the capture. */
export interface TraceAnalyzerOptions {
  /** Findings of these kinds only. */
  readonly only?: readonly FindingKind[] | undefined;
  /** Rows and findings of these GSIs only. */
  readonly gsi?: readonly number[] | undefined;
  /** Ignore events before this time, in the capture's seconds. */
  readonly since?: number | undefined;
  /** Ignore events after this time, in the capture's seconds. */
  readonly until?: number | undefined;
  /** Called for every decoded event before it is analysed; the record is reused. */
  readonly onEvent?: TraceEventHandler | undefined;
  /** Age in milliseconds from which an unanswered raise is stuck. Default: 20 times the row's slowest EOI, within 10 … 250. */
  readonly graceMs?: number | undefined;
  /** Re-raises within this many microseconds of the resample count towards a storm. Default 50. */
  readonly stormGapUs?: number | undefined;
  /** So many in a row are a storm. Default 100. */
  readonly stormCycles?: number | undefined;
}

/** Push interface of the analyser. */
export interface TraceAnalyzer {
  /** Takes the next bytes of the capture; chunk borders may fall anywhere. */
  push(chunk: Uint8Array): void;
  /** Ends the capture and returns the result. Call once. */
  end(): TraceReport;
}

const DEFAULT_STORM_GAP_US = 50;
const DEFAULT_STORM_CYCLES = 100;
const UNCLAIMED_CALLS = 1000;

/** Creates an analyser. Memory is bounded by the number of distinct interrupts, not by the capture's size. */
export function createTraceAnalyzer(options: TraceAnalyzerOptions = {}): TraceAnalyzer {
  const state = createCorrelation(thresholdsOf(options));
  const { onEvent } = options;
  const analyse = (event: TraceEvent): void => correlate(state, event);
  const both = (event: TraceEvent): void => {
    onEvent?.(event);
    correlate(state, event);
  };
  const reader = createTraceReader({ onEvent: onEvent ? both : analyse, since: options.since, until: options.until });
  return {
    push: (chunk) => reader.push(chunk),
    end() {
      const summary = reader.end();
      return buildReport({ summary, state, end: summary.span }, options);
    },
  };
}

/** Analyses all of `chunks`. */
export async function analyzeTrace(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: TraceAnalyzerOptions = {},
): Promise<TraceReport> {
  const analyzer = createTraceAnalyzer(options);
  for await (const chunk of chunks) analyzer.push(chunk);
  return analyzer.end();
}

function thresholdsOf(options: TraceAnalyzerOptions): Thresholds {
  return {
    stormGap: (options.stormGapUs ?? DEFAULT_STORM_GAP_US) * 1000,
    stormCycles: options.stormCycles ?? DEFAULT_STORM_CYCLES,
    grace: options.graceMs === undefined ? undefined : options.graceMs * 1e6,
    unclaimed: UNCLAIMED_CALLS,
  };
}
