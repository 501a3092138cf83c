// Assembles the report from what was read and correlated.
import { allGuests, judgeCapture, rowsOf } from '../findings/judge-capture.ts';
import { blindSpots, captureWarnings } from '../findings/remarks.ts';
import { recorded, type Verdict } from '../findings/verdict.ts';
import type { ReadSummary } from '../read-summary.ts';
import type { HostIrq } from '../rows/host-irqs.ts';
import type { InterruptRow } from '../rows/interrupt-row.ts';
import { summarizeLatency } from '../rows/latency-histogram.ts';
import { rowLabel, sourceLabel } from './labels.ts';
import type { Finding, FindingKind, HostRow, ReportRow, TraceReport } from './trace-report.ts';

/** Which part of the result is wanted. */
export interface ReportFilter {
  /** Findings of these kinds only. */
  readonly only?: readonly FindingKind[] | undefined;
  /** Rows and findings of these GSIs only. */
  readonly gsi?: readonly number[] | undefined;
}

const ARM_EVENTS = ['vgic_update_irq_pending', 'kvm_irq_line', 'kvm_timer_update_irq', 'kvm_get_timer_map'];
const X86_EVENTS = [
  'kvm_apic_accept_irq',
  'kvm_ioapic_set_irq',
  'kvm_pic_set_irq',
  'kvm_inj_virq',
  'kvm_eoi',
  'kvm_msi_set_irq',
  'kvm_pio',
  'kvm_apic',
  'vector_config',
];

/** Builds the report. */
export function buildReport(verdict: Verdict, filter: ReportFilter): TraceReport {
  const { summary, state } = verdict;
  const findings = judgeCapture(verdict).filter((finding) => wanted(finding, filter));
  const blind = blindSpots(verdict);
  const warnings = captureWarnings(verdict);
  const arch = recorded(verdict, ...ARM_EVENTS) ? 'arm64' : recorded(verdict, ...X86_EVENTS) ? 'x86' : 'unknown';
  const rows = allGuests(verdict)
    .flatMap(rowsOf)
    .filter((row) => isBusy(row) && (!filter.gsi || (row.kind === 'gsi' && filter.gsi.includes(row.id))));
  return {
    schema: 'virq/trace-report@1',
    format: formatOf(summary),
    arch,
    kernelHints: kernelHints(summary),
    lines: summary.lines,
    events: summary.events,
    cpus: summary.cpus,
    clock: summary.unit,
    start: summary.firstTime,
    end: summary.lastTime,
    countByEvent: Object.fromEntries([...summary.countByEvent].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))),
    guests: state.guests.list.map(({ tgid, comm }) => ({
      tgid: tgid < 0 ? null : tgid,
      comm: comm === '' ? null : comm,
    })),
    injectedMeans: injectedMeans(verdict, arch),
    rows: rows.map((row) => toReportRow(row, recorded(verdict, 'kvm_inj_virq'))),
    hostRows: [...state.host.byName.values()].sort(byUse).map(toHostRow),
    findings,
    blindSpots: blind,
    warnings,
    lostEvents: summary.lostEvents,
    exitCode: exitCode(
      findings,
      summary,
      warnings.length > 0 && summary.events === 0,
      blind.some(({ code }) => code === 'VIRQ-T106'),
    ),
  };
}

function wanted(finding: Finding, { only, gsi }: ReportFilter): boolean {
  if (only && !only.includes(finding.kind)) return false;
  return !gsi || gsi.some((number) => finding.subject === `GSI ${number}`);
}

function exitCode(findings: readonly Finding[], summary: ReadSummary, empty: boolean, excerpt: boolean): 0 | 1 | 3 {
  if (findings.some(({ severity }) => severity !== 'note')) return 1;
  return empty || excerpt || summary.cutOff || summary.lostEvents > 0 || summary.longLines.count > 0 ? 3 : 0;
}

/** Boot-time level 0 on every GSI is no interrupt. */
function isBusy(row: InterruptRow): boolean {
  return row.raised + row.injected + row.acknowledged + row.accepted + row.resampled + row.released > 0;
}

function formatOf(summary: ReadSummary): TraceReport['format'] {
  const { ftrace, perf } = summary.linesByStyle;
  const traceCmd = summary.linesByStyle['trace-cmd'];
  if (perf > 0 && ftrace + traceCmd > 0) return 'mixed';
  if (perf > 0) return 'perf script';
  if (summary.tracerHeader) return 'ftrace';
  if (summary.traceCmdHeader || traceCmd > ftrace) return 'trace-cmd report';
  return ftrace > 0 ? 'trace_pipe' : 'unknown';
}

function kernelHints(summary: ReadSummary): string[] {
  const hints: string[] = [];
  if (summary.flagsWidth >= 5) hints.push('5 flag characters: Linux 5.16 or newer');
  if (summary.flagsWidth === 4) hints.push('4 flag characters: Linux 5.15 or older');
  if (summary.countByEvent.has('kvm_apicv_inhibit_changed'))
    hints.push('kvm_apicv_inhibit_changed: Linux 5.18 or newer');
  if (summary.countByEvent.has('kvm_apicv_update_request')) hints.push('kvm_apicv_update_request: Linux 5.17 or older');
  return hints;
}

function injectedMeans(verdict: Verdict, arch: TraceReport['arch']): TraceReport['injectedMeans'] {
  if (recorded(verdict, 'kvm_inj_virq')) return 'kvm_inj_virq';
  return arch === 'arm64' ? 'vgic_update_irq_pending' : 'kvm_apic_accept_irq';
}

function known(value: number): number | null {
  return value < 0 ? null : value;
}

function toReportRow(row: InterruptRow, injections: boolean): ReportRow {
  return {
    kind: row.kind,
    label: rowLabel(row),
    guest: row.vm,
    gsi: row.kind === 'gsi' ? row.id : null,
    pin: known(row.pin),
    picPin: known(row.picPin),
    vector: known(row.vector),
    dst: known(row.dst),
    trigger: row.trigger < 0 ? null : row.trigger === 1 ? 'level' : 'edge',
    source: sourceLabel(row),
    hostIrq: known(row.hostIrq),
    hostHandler: row.hostHandler === '' ? null : row.hostHandler,
    raised: row.raised,
    repeated: row.repeated,
    lowered: row.lowered,
    accepted: row.accepted,
    injected: injections || row.injected > 0 ? row.injected : row.accepted,
    acknowledged: row.acknowledged,
    resampled: row.resampled,
    released: row.released,
    masked: row.masked,
    coalesced: row.coalesced,
    open: row.open && row.asserted !== 0,
    toInject: summarizeLatency(row.toInject) ?? null,
    toAcknowledge: summarizeLatency(row.toAcknowledge) ?? null,
    toResample: summarizeLatency(row.toResample) ?? null,
  };
}

function byUse(a: HostIrq, b: HostIrq): number {
  return Number(a.use === 'other') - Number(b.use === 'other') || a.irq - b.irq || (a.handler < b.handler ? -1 : 1);
}

function toHostRow({ irq, handler, use, calls, handled, unhandled }: HostIrq): HostRow {
  return { irq, handler, use, calls, handled, unhandled };
}
