// The result of analysing a capture, as plain JSON data.
import type { TraceCode } from '../findings/codes.ts';
import type { QuotedLine } from '../findings/evidence.ts';
import type { RowKind } from '../rows/interrupt-row.ts';
import type { LatencySummary } from '../rows/latency-histogram.ts';

/** Kinds of findings; the order is the order of reports. */
export const FINDING_KINDS = [
  'lost',
  'stuck',
  'one-then-silence',
  'missing-eoi',
  'missing-ack',
  'storm',
  'unclaimed',
  'undelivered',
  'masked',
  'coalesced',
] as const;

/** What kind of trouble a finding is. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** `error` and `warning` make the exit code 1; a `note` is an observation. */
export type Severity = 'error' | 'warning' | 'note';

/** One finding: what, where, how often, why, with the lines that show it. */
export interface Finding {
  readonly code: TraceCode;
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** Label of the row, e.g. `GSI 5`. */
  readonly subject: string;
  /** Index of the guest in {@link TraceReport.guests}; -1 if it is not known or not a guest's. */
  readonly guest: number;
  readonly count: number;
  readonly reason: string;
  readonly evidence: readonly QuotedLine[];
  readonly advice: string;
}

/** Something the capture cannot show, or a problem with the capture itself. */
export interface Remark {
  readonly code: TraceCode;
  readonly text: string;
}

/** One interrupt. Latencies are in nanoseconds (ticks for counting clocks) from the raise. */
export interface ReportRow {
  readonly kind: RowKind;
  readonly label: string;
  readonly guest: number;
  readonly gsi: number | null;
  readonly pin: number | null;
  readonly picPin: number | null;
  readonly vector: number | null;
  readonly dst: number | null;
  readonly trigger: 'edge' | 'level' | null;
  /** Who raises: resampling irqfd, irqfd, PIT, user space, the local APIC, … */
  readonly source: string;
  readonly hostIrq: number | null;
  readonly hostHandler: string | null;
  /** Times the level went from 0 to 1, or MSIs sent; `repeated` counts 1 to 1. */
  readonly raised: number;
  readonly repeated: number;
  readonly lowered: number;
  readonly accepted: number;
  readonly injected: number;
  readonly acknowledged: number;
  readonly resampled: number;
  readonly released: number;
  readonly masked: number;
  readonly coalesced: number;
  /** True if a raise was still unanswered when the capture ended. */
  readonly open: boolean;
  readonly toInject: LatencySummary | null;
  readonly toAcknowledge: LatencySummary | null;
  readonly toResample: LatencySummary | null;
}

/** One handler of a host IRQ. */
export interface HostRow {
  readonly irq: number;
  readonly handler: string;
  readonly use: string;
  readonly calls: number;
  readonly handled: number;
  readonly unhandled: number;
}

/** A guest of the capture. */
export interface ReportGuest {
  readonly tgid: number | null;
  readonly comm: string | null;
}

/** Everything found out about a capture. */
export interface TraceReport {
  readonly schema: 'virq/trace-report@1';
  readonly format: 'ftrace' | 'trace_pipe' | 'trace-cmd report' | 'perf script' | 'mixed' | 'unknown';
  readonly arch: 'x86' | 'arm64' | 'unknown';
  /** What the texts say about the kernel's age. */
  readonly kernelHints: readonly string[];
  readonly lines: number;
  readonly events: number;
  readonly cpus: readonly number[];
  readonly clock: 'us' | 'ns' | 'ticks';
  /** First and last timestamp in the capture's seconds. */
  readonly start: number;
  readonly end: number;
  readonly countByEvent: Readonly<Record<string, number>>;
  readonly guests: readonly ReportGuest[];
  /** Whether `injected` counts kvm_inj_virq, acceptance by the local APIC, or arrival at the vgic distributor. */
  readonly injectedMeans: 'kvm_inj_virq' | 'kvm_apic_accept_irq' | 'vgic_update_irq_pending';
  readonly rows: readonly ReportRow[];
  readonly hostRows: readonly HostRow[];
  readonly findings: readonly Finding[];
  readonly blindSpots: readonly Remark[];
  readonly warnings: readonly Remark[];
  readonly lostEvents: number;
  /** Suggested exit status: 1 finding, 3 capture incomplete, 0 otherwise. */
  readonly exitCode: 0 | 1 | 3;
}
