// The XIVE as a kernel engineer reads it: a line per source, END and thread that is not at reset. Letters as in QEMU's `info pic`.

import type { InspectSection } from '@virq/irq-core/backend';
import type { End, Source, Thread, XiveState } from './layout.ts';

const letters = (pairs: readonly (readonly [number, string])[]): string =>
  pairs.map(([set, letter]) => (set === 0 ? '-' : letter)).join('');
const hex = (value: number, digits = 0): string => value.toString(16).padStart(digits, '0');

function sourceLine(s: Source, index: number): string {
  const state = letters([
    [s.pq & 2, 'P'],
    [s.pq & 1, 'Q'],
    [s.asserted, 'A'],
  ]);
  const eas = s.valid === 0 ? 'invalid' : `${s.masked === 1 ? 'M' : ' '} end:${hex(s.endIndex)} data:${hex(s.data, 8)}`;
  return `${hex(index, 6)} ${s.lsi === 1 ? 'LSI' : 'MSI'} ${state} ${eas}`;
}

function endLine(e: End, index: number): string {
  const flags = letters([
    [e.valid, 'v'],
    [e.enqueue, 'q'],
    [e.notify, 'n'],
    [e.backlog, 'b'],
    [e.escalate, 'e'],
    [e.unconditional, 'u'],
    [e.silent, 's'],
  ]);
  const queue = e.enqueue === 0 ? '' : ` eq:@${hex(e.qaddrHi)}${hex(e.qaddrLo, 8)} ${e.index} ^${e.generation}`;
  return `${hex(index, 6)} ${flags} prio:${e.priority} nvt:${hex(e.nvtIndex)}${queue}`;
}

function threadLines(t: Thread, index: number): string[] {
  return ['USER', 'OS', 'POOL', 'PHYS'].flatMap((name, ring) => {
    const r = t.rings.at(ring);
    if (r.w2 === 0 && r.cppr === 0 && r.ipb === 0) return [];
    return [
      `${index} ${name.padEnd(4)} NSR:${hex(r.nsr, 2)} CPPR:${hex(r.cppr, 2)} IPB:${hex(r.ipb, 2)} PIPR:${hex(r.pipr, 2)} W2:${hex(r.w2, 8)}`,
    ];
  });
}

/** Sections of the hardware. */
export function xiveInspect({ sources, ends, threads }: XiveState): readonly InspectSection[] {
  const all = <T>(a: { length: number; at(i: number): T }): T[] => Array.from({ length: a.length }, (_, i) => a.at(i));
  return [
    { title: 'sources', lines: all(sources).flatMap((s, i) => (s.kind === 0 ? [] : [sourceLine(s, i)])) },
    { title: 'ENDs', lines: all(ends).flatMap((e, i) => (e.valid === 0 ? [] : [endLine(e, i)])) },
    { title: 'TIMA', lines: all(threads).flatMap(threadLines) },
  ];
}
