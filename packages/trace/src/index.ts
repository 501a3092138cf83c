// Reading real captures of KVM: ftrace, trace-cmd report and perf script texts, the interrupts in them, and where one stopped.
export { analyzeTrace, createTraceAnalyzer, type TraceAnalyzer, type TraceAnalyzerOptions } from './analyze-trace.ts';
export { createShapeReader, type ShapeReader } from './capture-shape.ts';
export type { TraceEventHandler } from './event-reader.ts';
export { decodeEvent } from './events/event-decoder.ts';
export { EVENT_NAMES, eventKind } from './events/event-table.ts';
export { createTraceEvent, DELIVERY_MODES, IRQCHIP, type TraceEvent } from './events/trace-event.ts';
export { type CodeEntry, TRACE_CODES, type TraceCode } from './findings/codes.ts';
export type { QuotedLine } from './findings/evidence.ts';
export type { ReadProblem, ReadSummary } from './read-summary.ts';
export { createTraceReader, readTrace, type TraceReader, type TraceReaderOptions } from './read-trace.ts';
export { type RenderOptions, renderReport } from './report/render-report.ts';
export {
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  type HostRow,
  type Remark,
  type ReportGuest,
  type ReportRow,
  type Severity,
  type TraceReport,
} from './report/trace-report.ts';
export type { LatencySummary } from './rows/latency-histogram.ts';
