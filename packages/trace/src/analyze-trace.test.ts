import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTraceAnalyzer, type TraceAnalyzerOptions } from './analyze-trace.ts';
import { encodeText } from './lines/text.ts';
import { readTrace } from './read-trace.ts';
import { renderReport } from './report/render-report.ts';
import type { TraceReport } from './report/trace-report.ts';

const FIXTURES = new URL('./__fixtures__/', import.meta.url);
const FILES = readdirSync(FIXTURES).filter((name) => /\.txt(?:\.gz)?$/.test(name));

function fixture(name: string): Uint8Array {
  const bytes = readFileSync(new URL(name, FIXTURES));
  return new Uint8Array(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

function analyse(input: Uint8Array | string, options?: TraceAnalyzerOptions): TraceReport {
  const analyzer = createTraceAnalyzer(options);
  analyzer.push(typeof input === 'string' ? encodeText(input) : input);
  return analyzer.end();
}

function serious(report: TraceReport): string[] {
  return report.findings.filter(({ severity }) => severity !== 'note').map(({ kind, subject }) => `${kind} ${subject}`);
}

function row(report: TraceReport, label: string) {
  const found = report.rows.find((entry) => entry.label === label);
  if (!found) throw new Error(`no row ${label}`);
  return found;
}

describe('real captures', () => {
  it.each(FILES)('%s is read without a warning', (name) => {
    const report = analyse(fixture(name));
    expect(report.warnings).toEqual([]);
    expect(report.events).toBeGreaterThan(10);
    expect(report.format).toBe(
      name.includes('perf-script')
        ? 'perf script'
        : name.includes('report')
          ? 'trace-cmd report'
          : name.includes('pipe')
            ? 'trace_pipe'
            : 'ftrace',
    );
    expect(report.arch).toBe(name.startsWith('arm') ? 'arm64' : 'x86');
  });

  it.each(FILES.filter((name) => !name.includes('lost-interrupt')))('%s: nothing lost, nothing stuck', (name) => {
    expect(serious(analyse(fixture(name)))).toEqual([]);
  });

  it('the irqfd without RESAMPLE loses GSI 5', () => {
    const report = analyse(fixture('x86-pic-lost-interrupt.perf-script.txt'));
    expect(serious(report)).toEqual(['lost GSI 5']);
    expect(report.exitCode).toBe(1);
    const [lost] = report.findings;
    expect(lost?.reason).toContain('7 µs');
    expect(lost?.advice).toContain('KVM_IRQFD_FLAG_RESAMPLE');
    expect(lost?.evidence.map(({ line }) => line)).toEqual([8, 9, 10]);
    expect(row(report, 'GSI 5')).toMatchObject({
      raised: 1,
      injected: 0,
      acknowledged: 0,
      source: 'irqfd',
      trigger: 'level',
    });
  });

  it.each(['x86-pic-resamplefd.ftrace.txt', 'x86-pic-resamplefd.perf-script.txt'])('%s: three full cycles', (name) => {
    const report = analyse(fixture(name));
    expect(report.findings).toEqual([]);
    expect(row(report, 'GSI 5')).toMatchObject({
      raised: 3,
      acknowledged: 3,
      resampled: 3,
      released: 1,
      source: 'irqfd+resample',
    });
  });

  it('the VFIO INTx and MSI-X of a running guest are followed from the host handler', () => {
    const report = analyse(fixture('x86-vtd-host.l2-report.cut.txt.gz'));
    expect(row(report, 'GSI 11')).toMatchObject({
      raised: 5,
      injected: 5,
      acknowledged: 5,
      resampled: 5,
      hostIrq: 21,
      hostHandler: 'vfio-intx(0000:00:05.0)',
      pin: 11,
      vector: 44,
    });
    expect(row(report, 'MSI dst 0 vec 43')).toMatchObject({
      raised: 5,
      injected: 5,
      acknowledged: 5,
      hostHandler: 'vfio-msix[2](0000:00:06.0)',
    });
  });

  it('arm64: SPI 38 is GSI 6, fed by an irqfd that raises from atomic context', () => {
    const report = analyse(fixture('arm64-smmuv3-host.l2-report.cut.txt.gz'));
    expect(row(report, 'GSI 6')).toMatchObject({
      raised: 4,
      injected: 4,
      acknowledged: 4,
      resampled: 4,
      source: 'irqfd+resample',
    });
  });

  it('an excerpt is called one', () => {
    const report = analyse(fixture('x86-vtd-host.trace.cut.txt.gz'));
    expect(report.blindSpots.map(({ code }) => code)).toContain('VIRQ-T106');
    expect(report.exitCode).toBe(3);
  });

  it('the report is JSON', () => {
    const report = analyse(fixture('x86-vtd-host.l2-report.cut.txt.gz'));
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

describe('robustness', () => {
  const sample = fixture('x86-pic-resamplefd.ftrace.txt').subarray(0, 20000);

  it('chunk borders do not matter', () => {
    const whole = analyse(sample);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const analyzer = createTraceAnalyzer();
        for (let at = 0, i = 0; at < sample.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          analyzer.push(sample.slice(at, at + size));
          at += size;
        }
        expect(analyzer.end()).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });

  it('arbitrary bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4000 }), (bytes) => void renderReport(analyse(bytes))),
      { numRuns: 200 },
    );
  });

  it('damaged captures never throw', () => {
    const bytes = fixture('x86-pic-resamplefd.perf-script.txt');
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 30 });
    fc.assert(
      fc.property(damage, (hits) => {
        const copy = bytes.slice();
        for (const [at, value] of hits) copy[at] = value;
        renderReport(analyse(copy));
      }),
      { numRuns: 200 },
    );
  });

  it('truncation at any byte never throws, and never invents a loss', () => {
    const bytes = fixture('x86-pic-resamplefd.perf-script.txt');
    for (let length = 0; length < bytes.length; length++)
      expect(serious(analyse(bytes.subarray(0, length)))).toEqual([]);
  });

  it('a cut-off last line is one warning and makes the capture incomplete', () => {
    const bytes = fixture('x86-pic-resamplefd.perf-script.txt');
    const report = analyse(bytes.subarray(0, bytes.length - 12));
    expect(report.warnings.map(({ code }) => code)).toEqual(['VIRQ-T204']);
    expect(report.exitCode).toBe(3);
  });

  it('CR LF changes nothing', () => {
    const text = new TextDecoder().decode(fixture('x86-pic-lost-interrupt.perf-script.txt'));
    expect(serious(analyse(text.replaceAll('\n', '\r\n')))).toEqual(['lost GSI 5']);
  });

  it('a 10 MB line is skipped and counted, and what follows is read', () => {
    const analyzer = createTraceAnalyzer();
    for (let i = 0; i < 160; i++) analyzer.push(new Uint8Array(65536).fill(0x41));
    analyzer.push(encodeText('\n'));
    analyzer.push(fixture('x86-pic-lost-interrupt.perf-script.txt'));
    const report = analyzer.end();
    expect(report.warnings.map(({ code }) => code)).toEqual(['VIRQ-T203']);
    expect(report.findings[0]?.evidence[0]?.line).toBe(9);
  });

  it('empty input has no events', () => {
    expect(analyse('')).toMatchObject({ exitCode: 3, warnings: [{ code: 'VIRQ-T206' }] });
  });

  it.each([
    ['trace.dat', '\u0017\u0008Dtracing6\0'],
    ['perf.data', 'PERFILE2rest'],
  ])('%s is recognised', (name, head) => {
    expect(analyse(head).warnings[0]?.text).toContain(name);
  });

  it('known events with foreign text are counted, unknown events are not', () => {
    const line = (text: string) => `  x-1 [000] .....  1.000001: ${text}\n`;
    const report = analyse(
      line('kvm_set_irq: gsi five') + line('kvm_set_irq: gsi six') + line('sched_switch: anything'),
    );
    expect(report.warnings.map(({ text }) => text)).toEqual([
      'kvm_set_irq: text not understood (2×, first in line 1).',
    ]);
    expect(report.countByEvent).toEqual({ kvm_set_irq: 2, sched_switch: 1 });
  });

  it.each([
    ['CPU:1 [LOST 12 EVENTS]', 12],
    ['# entries-in-buffer/entries-written: 5/25   #P:2', 20],
    ['CPU:0 [7 EVENTS DROPPED]', 7],
    ['[3 events lost]', 3],
    ['LOST 9 events!', 9],
  ])('%s', (line, lost) => {
    const report = analyse(`${line}\n  x-1 [000] .....  1.000001: kvm_eoi: apicid 0 vector 1\n`);
    expect(report).toMatchObject({ lostEvents: lost, exitCode: 3, warnings: [] });
  });
});

describe('options', () => {
  const bytes = fixture('x86-pic-resamplefd.perf-script.txt');

  it('onEvent sees every decoded event with its line number', async () => {
    const lines: number[] = [];
    const summary = await readTrace([bytes], ({ line }) => void lines.push(line));
    expect(lines).toHaveLength(summary.events);
    expect(lines[0]).toBe(1);
  });

  it('since and until cut the capture', () => {
    expect(row(analyse(bytes, { since: 4323.4956, until: 4323.49582 }), 'GSI 5')).toMatchObject({
      raised: 1,
      resampled: 1,
    });
  });

  it('only and gsi select', () => {
    const lost = fixture('x86-pic-lost-interrupt.perf-script.txt');
    expect(analyse(lost, { only: ['storm'] }).findings).toEqual([]);
    expect(analyse(lost, { gsi: [6] })).toMatchObject({ findings: [], rows: [] });
    expect(analyse(lost, { gsi: [5], only: ['lost'] }).findings).toHaveLength(1);
  });
});

describe('renderReport', () => {
  const report = analyse(fixture('x86-pic-lost-interrupt.perf-script.txt'));

  it('quotes the lines and says what to do', () => {
    const text = renderReport(report);
    expect(text).toContain('error: lost GSI 5 [VIRQ-T001]');
    expect(text).toMatch(/ 8 \| kworker\/1:1-vir 16826/);
    expect(text).toContain('Next: virq explain VIRQ-T001');
  });

  it('ascii is ASCII', () => {
    expect([...renderReport(report, { ascii: true })].every((c) => c.charCodeAt(0) < 128)).toBe(true);
  });

  it('keeps to the width and colours only on demand', () => {
    const text = renderReport(report, { width: 80 });
    expect(text).not.toContain('\u001b');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(renderReport(report, { color: true })).toContain('\u001b[31m');
  });
});
