// The XIVE as a kernel engineer reads it: a line per source, END, escalation, NVT and ring that is not at reset, as in QEMU's `info pic`.

import type { InspectSection } from '@virq/irq-core/backend';
import { PQ } from './esb.ts';
import type { End, Nvt, Ring, Source, Thread } from './layout.ts';
import { entriesOf, frameOf } from './queue.ts';
import type { Xive } from './xive.ts';

const letters = (pairs: readonly (readonly [number, string])[]): string =>
  pairs.map(([set, letter]) => (set === 0 ? '-' : letter)).join('');
const pqOf = (pq: number): string =>
  letters([
    [pq & 2, 'P'],
    [pq & 1, 'Q'],
  ]);
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
/** Block and index of an END or an NVT. */
const place = (block: number, index: number): string => `${hex(block, 2)}/${hex(index, 4)}`;

/** Entries of a queue that are shown, the one to come last. */
const WINDOW = 6;

function sourceLine(s: Source, index: number): string {
  const state = `${s.lsi === 1 ? 'LSI' : 'MSI'} ${pqOf(s.pq)}${s.asserted === 1 ? 'A' : ' '}`;
  if (s.valid === 0) return `${hex(index, 8)} ${state} no EAS`;
  return `${hex(index, 8)} ${state} ${s.masked === 1 ? 'M' : ' '} end:${place(s.endBlock, s.endIndex)} data:${hex(s.data, 8)}`;
}

function queueText(e: End, { ram }: Xive): string {
  const entries = entriesOf(e);
  const entry = (back: number): string => {
    const i = (e.index - back) & (entries - 1);
    return hex(ram.load(frameOf(e) + (i >>> 10), (i << 2) & 0xfff), 8);
  };
  const window = Array.from({ length: WINDOW }, (_, i) => `${i === WINDOW - 1 ? '^' : ''}${entry(WINDOW - 1 - i)}`);
  const at = `${e.qaddrHi === 0 ? '' : hex(e.qaddrHi, 0)}${hex(e.qaddrLo, 8)}`;
  return ` eq:@${at} ${e.index}/${entries} ^${e.generation} [ ${window.join(' ')} ]`;
}

function endLine(e: End, index: number, xive: Xive): string {
  const flags = letters([
    [e.valid, 'v'],
    [e.enqueue, 'q'],
    [e.notify, 'n'],
    [e.backlog, 'b'],
    [e.escalate, 'e'],
    [e.unconditional, 'u'],
    [e.silent, 's'],
  ]);
  const target = `prio:${e.priority} nvt:${place(e.nvtBlock, e.nvtIndex)}`;
  return `${hex(index, 8)} ${pqOf(e.esn)} ${flags} ${target}${e.enqueue === 0 ? '' : queueText(e, xive)}`;
}

const escalationLine = (e: End, index: number): string =>
  `${hex(index, 8)} ${pqOf(e.ese)} end:${place(e.escBlock, e.escIndex)} data:${hex(e.escData, 8)}`;

function nvtLine(n: Nvt, index: number): string {
  const context =
    n.saveRestore === 0 ? '' : ` CPPR:${hex(n.cppr, 2)}${n.checkedOut === 1 ? ` CO:${hex(n.thread, 4)}` : ''}`;
  return `${hex(index, 8)} end:${place(n.endBlock, n.endIndex)} IPB:${hex(n.ipb, 2)}${context}`;
}

const RINGS = ['USER', 'OS', 'POOL', 'PHYS'];
const HEAD = '      QW   NSR CPPR IPB LSMFB ACK# INC AGE PIPR W2';

function ringLine(r: Ring, cpu: number, name: string): string {
  const [nsr, cppr, ipb, lsmfb] = [r.nsr, r.cppr, r.ipb, r.lsmfb].map((v) => hex(v, 2));
  const [ack, inc, age, pipr] = [r.ack, r.inc, r.age, r.pipr].map((v) => hex(v, 2));
  return `${String(cpu).padStart(4)}: ${name.padEnd(4)} ${nsr}  ${cppr}   ${ipb}  ${lsmfb}    ${ack}   ${inc}  ${age}  ${pipr}   ${hex(r.w2, 8)}`;
}

/** A ring that nobody has used: empty but for the bytes that say so. */
const atReset = ({ nsr, cppr, ipb, w2 }: Ring): boolean => nsr === 0 && cppr === 0 && ipb === 0 && w2 === 0;

const threadLines = (t: Thread, cpu: number): string[] =>
  RINGS.flatMap((name, i) => (atReset(t.rings.at(i)) ? [] : [ringLine(t.rings.at(i), cpu, name)]));

function lines<T>(
  list: { readonly length: number; at(i: number): T },
  shown: (t: T) => boolean,
  line: (t: T, i: number) => string,
): string[] {
  return Array.from({ length: list.length }, (_, i) => list.at(i)).flatMap((t, i) => (shown(t) ? [line(t, i)] : []));
}

/** Sections of the hardware. Sources that are off and have no EAS of their own, and tables' empty entries, are left out. */
export function xiveInspect(xive: Xive): readonly InspectSection[] {
  const { sources, ends, nvts, threads } = xive.state;
  const used = (s: Source): boolean => s.kind !== 0 && (s.pq !== PQ.OFF || (s.valid === 1 && s.masked === 0));
  const contexts = Array.from({ length: threads.length }, (_, i) => threadLines(threads.at(i), i)).flat();
  return [
    { title: 'Sources (P pending, Q queued, A asserted, M masked)', lines: lines(sources, used, sourceLine) },
    {
      title: 'ENDs (ESn, v q n b e u s)',
      lines: lines(
        ends,
        (e) => e.valid === 1,
        (e, i) => endLine(e, i, xive),
      ),
    },
    {
      title: 'Escalations (ESe)',
      lines: lines(ends, (e) => e.valid === 1 && e.escalate === 1, escalationLine),
    },
    { title: 'NVTs', lines: lines(nvts, (n) => n.valid === 1, nvtLine) },
    { title: 'TIMA', lines: contexts.length === 0 ? [] : [HEAD, ...contexts] },
  ];
}
