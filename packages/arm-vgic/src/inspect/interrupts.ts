// Interrupts as KVM's debugfs file `vgic-state` has them, one line each: those that are as after reset are left out, neighbours that do not differ share a line.

import type { ArmChip } from '../chip.ts';
import { CONFIG, INTID, type Irq } from '../irq/layout.ts';
import { affinity, hex, letters } from './text.ts';

/** What the letters of a line mean. */
export const LETTERS = 'P latch, L line, A active, E enabled, H hardware, C level, G group 1';

const flagsOf = (i: Irq): string =>
  letters([
    [i.pendingLatch, 'P'],
    [i.lineLevel, 'L'],
    [i.active, 'A'],
    [i.enabled, 'E'],
    [i.hw, 'H'],
    [i.config === CONFIG.LEVEL, 'C'],
    [i.group, 'G'],
  ]);

/** Senders of an SGI of a GICv2. */
const sendersOf = (source: number): string =>
  [0, 1, 2, 3, 4, 5, 6, 7].filter((vcpu) => (source >>> vcpu) & 1).join(',');

function detailsOf(i: Irq, v2: boolean): string {
  const target = i.target === 0 ? `nobody (affinity ${affinity(i.mpidr)})` : `vCPU ${i.target - 1}`;
  const parts = [
    `prio ${hex(i.priority, 2)}`,
    `for ${target}`,
    i.hw === 1 ? `host irq ${i.hostIrq}` : '',
    i.owner === 0 ? '' : `owner ${i.owner}`,
    v2 && i.source !== 0 ? `from ${sendersOf(i.source)}` : '',
    i.intid >= INTID.LPI ? `refs ${i.refs}` : '',
    i.vcpu === 0 ? '' : `on the list of ${i.vcpu - 1}`,
  ];
  return parts.filter((p) => p !== '').join(' ');
}

/** Some interrupts in order, and what they are like after reset. */
interface Class {
  readonly name: string;
  readonly irqs: readonly Irq[];
  readonly config: number;
  readonly enabled: number;
}

/** Nothing has happened to it since reset. */
function isAtReset(i: Irq, { config, enabled }: Class, group: number): boolean {
  if ((i.pendingLatch | i.lineLevel | i.active | i.hw | i.owner | i.priority | i.source | i.vcpu) !== 0) return false;
  return i.config === config && i.enabled === enabled && i.group === group;
}

/** Lines of a class: of neighbours with the same text only the numbers differ. */
function linesOf(of: Class, v2: boolean): string[] {
  const lines: string[] = [];
  let first = 0;
  let last = -2;
  let text = '';
  const flush = (): void => {
    const range = first === last ? String(first) : `${first}-${last}`;
    if (last >= 0) lines.push(`${of.name} ${range.padEnd(9)} ${text}`);
  };
  for (const i of of.irqs) {
    if (of.name !== 'LPI' && isAtReset(i, of, v2 ? 0 : 1)) continue;
    const own = `${flagsOf(i)} ${detailsOf(i, v2)}`;
    if (i.intid !== last + 1 || own !== text) {
      flush();
      first = i.intid;
      text = own;
    }
    last = i.intid;
  }
  flush();
  return lines;
}

const range = (n: number, at: (i: number) => Irq): Irq[] => Array.from({ length: n }, (_, i) => at(i));

function lpisOf({ state }: ArmChip): Irq[] {
  const { lpis } = state.irqs;
  const found: Irq[] = [];
  for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1)) found.push(lpis.slot(i));
  return found.sort((a, b) => a.intid - b.intid);
}

/** Private interrupts of a vCPU. */
function privateLines({ irqs }: ArmChip, vcpu: number, v2: boolean): string[] {
  const at = (intid: number): Irq => irqs.at(irqs.private(vcpu, intid));
  const sgis = { name: 'SGI', irqs: range(INTID.PPI, at), config: CONFIG.EDGE, enabled: 1 };
  const ppis = {
    name: 'PPI',
    irqs: range(INTID.PPI, (i) => at(INTID.PPI + i)),
    config: CONFIG.LEVEL,
    enabled: 0,
  };
  return [...linesOf(sgis, v2), ...linesOf(ppis, v2)].map((line) => `vCPU ${vcpu} ${line}`);
}

/** Lines of all interrupts of a VM. */
export function interruptLines(c: ArmChip): string[] {
  const { irqs, state } = c;
  if (state.dist.initialized === 0) return [];
  const v2 = state.dist.model === 2;
  const spis = range(state.dist.nrSpis, (n) => irqs.at(irqs.firstSpi + n));
  return [
    ...Array.from({ length: state.dist.online }, (_, vcpu) => privateLines(c, vcpu, v2)).flat(),
    ...linesOf({ name: 'SPI', irqs: spis, config: CONFIG.EDGE, enabled: 0 }, v2),
    ...linesOf({ name: 'LPI', irqs: lpisOf(c), config: CONFIG.EDGE, enabled: 0 }, v2),
  ];
}
