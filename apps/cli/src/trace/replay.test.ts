// Real captures, replayed: the model agrees with the kernel event for event; and where a capture is falsified, the difference is shown.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ReplayReport } from '@virq/irq-core/machine';
import { createShapeReader, createTraceReader, type TraceEvent } from '@virq/trace';
import { replayX86 } from '@virq/x86-avic';
import { describe, expect, it } from 'vitest';

const TRACES = new URL('../../../../packages/trace/src/__fixtures__/', import.meta.url);
const load = (name: string): Uint8Array => {
  const bytes = readFileSync(new URL(name, TRACES));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
};

function read(bytes: Uint8Array, onEvent: (e: TraceEvent) => void): void {
  const reader = createTraceReader({ onEvent });
  reader.push(bytes);
  reader.end();
}

function replay(bytes: Uint8Array, kernel: '6.18' | '6.1' = '6.18'): ReplayReport {
  const shape = createShapeReader();
  read(bytes, (e) => shape.event(e));
  const replayer = replayX86(shape.shape(), kernel);
  read(bytes, (e) => replayer.event(e));
  return replayer.end();
}

const CAPTURES = [
  ['x86-pic-lost-interrupt.perf-script.txt', '6.18'],
  ['x86-pic-resamplefd.ftrace.txt', '6.18'],
  ['x86-pic-resamplefd.perf-script.txt', '6.18'],
  ['x86-irqfd-workload.trace_pipe.txt.gz', '6.18'],
  ['x86-vtd-host.l2-report.cut.txt.gz', '6.1'],
  ['x86-vtd-host.perf-script.cut.txt.gz', '6.1'],
  ['x86-vtd-host.trace.cut.txt.gz', '6.1'],
  ['x86-vtd-host.trace_pipe.cut.txt.gz', '6.1'],
] as const;

describe('captures of real kernels replay without a difference', () => {
  for (const [name, kernel] of CAPTURES)
    it(name, () => {
      const report = replay(load(name), kernel);
      expect(report.differences).toEqual([]);
      expect(Object.values(report.compared).reduce((n, c) => n + c, 0)).toBeGreaterThan(1);
    });
});

describe('a falsified capture is found out', () => {
  const text = (name: string): string[] => new TextDecoder().decode(load(name)).split('\n');
  const bytes = (lines: string[]): Uint8Array => new TextEncoder().encode(lines.join('\n'));
  const report = text('x86-vtd-host.l2-report.cut.txt.gz');
  const rows: [string, (lines: string[]) => string[]][] = [
    ['an EOI with another vector', (l) => l.map((x) => x.replace('apicid 0 vector 236', 'apicid 0 vector 235'))],
    ['an injection of a vector that was never accepted twice', (l) => l.map((x) => x.replace('IRQ 0x25', 'IRQ 0xec'))],
    [
      'a coalesced mark where the pin was idle',
      (l) => l.map((x) => x.replace(/(pin 4 dst 0 vec 37 \(Fixed\|physical\|edge\))$/, '$1 (coalesced)')),
    ],
    ['an accept that did not happen', (l) => l.filter((x) => !x.includes('vec 37 (Fixed|edge)'))],
    [
      'an acknowledgement that is missing',
      (l) => l.filter((x) => !x.includes('kvm_ack_irq:          irqchip IOAPIC pin 10')),
    ],
  ];
  for (const [what, change] of rows)
    it(what, () => {
      const changed = change(report);
      expect(changed).not.toEqual(report);
      expect(replay(bytes(changed), '6.1').differenceCount).toBeGreaterThan(0);
    });

  it('a PIC that reports another trigger mode than the guest programmed', () => {
    const lines = text('x86-pic-lost-interrupt.perf-script.txt').map((l) => l.replace('pin 5 (level)', 'pin 5 (edge)'));
    expect(replay(bytes(lines)).learned.join()).toMatch(/PIC pin 5/);
  });
});
