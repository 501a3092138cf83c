// The report as text for a terminal: what the capture is, one line per interrupt, then each finding with the lines that show it.
import { duration } from './labels.ts';
import { type Column, textTable, wrap } from './text-table.ts';
import type { Finding, Remark, ReportRow, Severity, TraceReport } from './trace-report.ts';

/** How to render. */
export interface RenderOptions {
  /** Use ANSI colours. Default false. */
  readonly color?: boolean | undefined;
  /** Columns available. Default 100. */
  readonly width?: number | undefined;
  /** ASCII only. Default false. */
  readonly ascii?: boolean | undefined;
}

interface Style {
  readonly width: number;
  paint(code: number, text: string): string;
}

const DEFAULT_WIDTH = 100;
const MIN_WIDTH = 40;
const BOLD = 1;
const DIM = 2;
const SEVERITY_COLOR: Readonly<Record<Severity, number>> = { error: 31, warning: 33, note: 36 };
const ASCII: readonly [RegExp, string][] = [
  [/→/g, '->'],
  [/µ/g, 'u'],
  [/×/g, 'x'],
  [/…/g, '...'],
  [/[“”]/g, '"'],
  [/’/g, "'"],
  [/·/g, '|'],
  [/–/g, '-'],
];

/** Renders `report`. Ends with a line feed. */
export function renderReport(report: TraceReport, options: RenderOptions = {}): string {
  const style: Style = {
    width: Math.max(MIN_WIDTH, options.width ?? DEFAULT_WIDTH),
    paint: (code, text) => (options.color ? `\u001b[${code}m${text}\u001b[0m` : text),
  };
  const blocks = [
    head(report, style),
    remarks('cannot show', report.blindSpots, style),
    remarks('warning', report.warnings, style),
    interrupts(report, style),
    findings(report.findings, style),
    [conclusion(report)],
  ];
  const text = blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
  return `${options.ascii ? ASCII.reduce((out, [from, to]) => out.replace(from, to), text) : text}\n`;
}

function head(report: TraceReport, style: Style): string[] {
  const span =
    report.clock === 'ticks'
      ? `${Math.round((report.end - report.start) * 1e9)} ticks`
      : duration((report.end - report.start) * 1e9);
  const cpus =
    report.cpus.length === 0 ? 'CPUs not shown' : `${report.cpus.length} CPU${report.cpus.length === 1 ? '' : 's'}`;
  const known = report.guests
    .filter(({ comm }) => comm !== null)
    .map(({ comm, tgid }) => (tgid === null ? comm : `${comm}/${tgid}`));
  const guests = known.length > 0 ? ` · guest ${known.join(', ')}` : '';
  const events = Object.values(report.countByEvent).reduce((sum, count) => sum + count, 0);
  return [style.paint(BOLD, `${report.format} · ${report.arch} · ${events} events in ${span} on ${cpus}${guests}`)];
}

function remarks(title: string, list: readonly Remark[], style: Style): string[] {
  const label = `${title}: `;
  return list.flatMap(({ text }) => hanging(label, text, style).map((line) => style.paint(DIM, line)));
}

function hanging(label: string, text: string, style: Style): string[] {
  const indent = ' '.repeat(label.length);
  return wrap(text, style.width - label.length).map((line, at) => (at === 0 ? label : indent) + line);
}

const COLUMNS: readonly Column[] = [
  { heading: 'interrupt' },
  { heading: 'guest', numeric: true },
  { heading: 'route' },
  { heading: 'raised by' },
  { heading: 'raised', numeric: true },
  { heading: 'injected', numeric: true },
  { heading: 'EOI', numeric: true },
  { heading: 'resampled', numeric: true },
  { heading: 'raise→EOI median', numeric: true },
  { heading: 'p99', numeric: true },
  { heading: '' },
];

function interrupts(report: TraceReport, style: Style): string[] {
  const shown = report.rows.filter(({ kind }) => kind === 'gsi' || kind === 'msi');
  const minor = report.rows.filter(({ kind }) => kind !== 'gsi' && kind !== 'msi');
  const several = new Set(report.rows.map(({ guest }) => guest)).size > 1;
  const table =
    shown.length === 0
      ? []
      : textTable(
          COLUMNS,
          shown.map((row) => cells(row, report, several)),
        );
  if (table[0] !== undefined) table[0] = style.paint(BOLD, table[0]);
  return [...table, ...minorLine(minor, style), ...hostLines(report, style)];
}

function cells(row: ReportRow, report: TraceReport, several: boolean): string[] {
  const latency = row.toAcknowledge;
  const ticks = report.clock === 'ticks';
  return [
    row.label,
    several ? String(row.guest) : '',
    route(row),
    row.source,
    count(row.raised),
    count(row.injected),
    count(row.acknowledged),
    row.source === 'irqfd+resample' || row.resampled > 0 ? count(row.resampled) : '',
    latency ? duration(latency.median, ticks) : '',
    latency ? duration(latency.p99, ticks) : '',
    comment(row),
  ];
}

function count(value: number): string {
  return value === 0 ? '–' : String(value);
}

function route(row: ReportRow): string {
  const parts: string[] = [];
  if (row.kind === 'msi') return row.trigger ?? '';
  if (row.pin !== null) parts.push(`pin ${row.pin}`);
  if (row.vector !== null) parts.push(`vec ${row.vector}`);
  if (row.pin === null && row.picPin !== null) parts.push(`PIC ${row.picPin}`);
  if (row.trigger !== null) parts.push(row.trigger);
  return parts.join(' ');
}

function comment(row: ReportRow): string {
  const parts: string[] = [];
  if (row.hostHandler !== null) parts.push(row.hostHandler);
  if (row.masked > 0) parts.push(`masked ${row.masked}`);
  if (row.coalesced > 0) parts.push(`coalesced ${row.coalesced}`);
  if (row.open) parts.push('high at the end');
  return parts.join(', ');
}

function minorLine(rows: readonly ReportRow[], style: Style): string[] {
  if (rows.length === 0) return [];
  const list = rows.map((row) => `${row.label} ${Math.max(row.raised, row.injected)}×`);
  const text = `${list.slice(0, 8).join(', ')}${list.length > 8 ? `, … ${list.length - 8} more` : ''}`;
  return hanging('vCPU-local: ', text, style).map((line) => style.paint(DIM, line));
}

function hostLines(report: TraceReport, style: Style): string[] {
  const vfio = report.hostRows.filter(({ use }) => use !== 'other');
  const others = report.hostRows.length - vfio.length;
  const exits = report.hostRows.some(({ handled, unhandled }) => handled + unhandled > 0);
  const lines = vfio.map(
    ({ irq, handler, calls, handled }) =>
      `host irq ${irq} ${handler}: ${calls} calls${exits ? `, ${handled} handled` : ''}`,
  );
  const rest = others > 0 ? [`host: ${others} other handler${others === 1 ? '' : 's'}`] : [];
  return [...lines, ...rest].map((line) => style.paint(DIM, line));
}

function findings(list: readonly Finding[], style: Style): string[] {
  return list.flatMap((finding, at) => [...(at > 0 ? [''] : []), ...findingLines(finding, style)]);
}

function findingLines(finding: Finding, style: Style): string[] {
  const times = finding.count > 1 ? ` (${finding.count}×)` : '';
  const title = style.paint(SEVERITY_COLOR[finding.severity], `${finding.severity}: ${finding.kind}`);
  const digits = Math.max(...finding.evidence.map(({ line }) => String(line).length), 1);
  return [
    `${title} ${style.paint(BOLD, finding.subject)}${times} [${finding.code}]`,
    ...hanging('  ', finding.reason, style),
    ...finding.evidence.map(({ line, text }) =>
      style.paint(DIM, clip(`  ${String(line).padStart(digits + 2)} | ${text}`, style.width)),
    ),
    ...(finding.severity === 'note' ? [] : hanging('  remedy: ', finding.advice, style)),
  ];
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function conclusion(report: TraceReport): string {
  const serious = report.findings.filter(({ severity }) => severity !== 'note');
  if (serious[0])
    return `${serious.length} finding${serious.length === 1 ? '' : 's'}. Next: virq explain ${serious[0].code}`;
  return report.exitCode === 3
    ? 'Nothing found, but the capture is incomplete.'
    : 'Nothing lost, nothing stuck, as far as this capture shows.';
}
