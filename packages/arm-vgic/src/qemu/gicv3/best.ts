// What each CPU would be told next. QEMU keeps it per CPU and compares changes with it; only what it holds by itself is looked for anew. QEMU 7.2: hw/intc/arm_gicv3.c gicv3_update,
// gicv3_redist_update, gicv3_full_update.

import { INTID } from '../../irq/layout.ts';
import { pendingWord, test } from '../bank.ts';
import type { Bank, Best, Cpu } from '../layout.ts';
import { IRQS, PRIVATE, type Virt, WORDS } from '../machine.ts';
import { signal } from './signal.ts';

/** Priority that is never signalled: nothing is pending. */
export const NOTHING = 0xff;

/** Would replace what is there: more urgent, or as urgent with no higher INTID; the same interrupt always would. */
export const isBetter = (than: Best, intid: number, priority: number): boolean =>
  priority < than.priority || (priority === than.priority && intid <= than.intid);

/** Interrupts of a word that can be signalled: pending, enabled, not active, of a group that the distributor lets through. */
function deliverable({ state: { ctlr } }: Virt, b: Bank, n: number): number {
  const group = b.group.get(n);
  const groups = ((ctlr & 2) !== 0 ? group : 0) | ((ctlr & 1) !== 0 ? ~group : 0);
  return (pendingWord(b, n) & b.enabled.get(n) & ~b.active.get(n) & groups) >>> 0;
}

function take(best: Best, b: Bank, intid: number): void {
  best.intid = intid;
  best.priority = b.priority.get(intid);
  best.group = test(b, 'group', intid) ? 1 : 0;
}

/** Index of the CPU that an SPI goes to: Aff3.Aff2.Aff1.Aff0 of GICD_IROUTER, IRM not looked at; -1 for none. */
export function targetOf({ state, cpus }: Virt, intid: number): number {
  const affinity = state.router.get(intid) & 0xffffff;
  return (state.routerHigh.get(intid) & 0xff) === 0 && affinity < cpus ? affinity : -1;
}

/** CPUs that found something at least as good among changed interrupts, a bit each. */
function offer(m: Virt, first: number, count: number): number {
  const { bank, cpus } = m.state;
  let found = 0;
  let ready = 0;
  for (let intid = first; intid < first + count; intid++) {
    if (intid === first || (intid & 31) === 0) ready = deliverable(m, bank, intid >> 5);
    if (((ready >>> (intid & 31)) & 1) === 0) continue;
    const cpu = targetOf(m, intid);
    if (cpu < 0) continue;
    const { best } = cpus.at(cpu);
    if (!isBetter(best, intid, bank.priority.get(intid))) continue;
    take(best, bank, intid);
    found |= 1 << cpu;
  }
  return found;
}

/** After a change of SPIs: if what a CPU holds is among them and nothing better is, all CPUs look at everything. */
function refreshSpis(m: Virt, first: number, count: number): void {
  const found = offer(m, first, count);
  for (let n = 0; n < m.cpus; n++) {
    const { best } = m.state.cpus.at(n);
    const held = best.priority !== NOTHING && best.intid >= first && best.intid < first + count;
    if (((found >> n) & 1) === 1 || !held) continue;
    refreshAll(m);
    return;
  }
}

/** The best LPI that the redistributor knows of replaces what is there. */
function offerLpi({ state: { ctlr } }: Virt, { lpis, lpi, best }: Cpu): boolean {
  if (lpis === 0 || (ctlr & 2) === 0 || lpi.priority === NOTHING || !isBetter(best, lpi.intid, lpi.priority))
    return false;
  best.intid = lpi.intid;
  best.priority = lpi.priority;
  best.group = lpi.group;
  return true;
}

function offerPrivate(m: Virt, { bank, best }: Cpu): boolean {
  let found = false;
  for (let ready = deliverable(m, bank, 0); ready !== 0; ready &= ready - 1) {
    const intid = 31 - Math.clz32(ready & -ready);
    if (!isBetter(best, intid, bank.priority.get(intid))) continue;
    take(best, bank, intid);
    found = true;
  }
  return found;
}

/** After a change of a CPU's own interrupts or LPIs. */
function refreshPrivate(m: Virt, cpu: Cpu): void {
  const found = offerPrivate(m, cpu);
  const { best } = cpu;
  if (offerLpi(m, cpu) || found || best.priority === NOTHING) return;
  if (best.intid < PRIVATE || best.intid >= INTID.LPI) refreshAll(m);
}

/** All CPUs look at everything; none is told. */
function refreshAll(m: Virt): void {
  for (let n = 0; n < m.cpus; n++) m.state.cpus.at(n).best.priority = NOTHING;
  refreshSpis(m, PRIVATE, IRQS - PRIVATE);
  for (let n = 0; n < m.cpus; n++) refreshPrivate(m, m.state.cpus.at(n));
}

function signalAll(m: Virt): void {
  for (let n = 0; n < m.cpus; n++) signal(m, n);
}

/** gicv3_update: SPIs have changed. An INTID beyond them finds nothing, and may be what a CPU holds. */
export function spisChanged(m: Virt, first: number, count: number): void {
  if (first >> 5 < WORDS) refreshSpis(m, first, count);
  else if (holdsOneOf(m, first, count)) refreshAll(m);
  signalAll(m);
}

function holdsOneOf({ state, cpus }: Virt, first: number, count: number): boolean {
  for (let n = 0; n < cpus; n++) {
    const { intid, priority } = state.cpus.at(n).best;
    if (priority !== NOTHING && intid >= first && intid < first + count) return true;
  }
  return false;
}

/** gicv3_redist_update: interrupts of one CPU have changed. QEMU_7_2.otherCpusHearLater. */
export function privateChanged(m: Virt, cpu: number): void {
  refreshPrivate(m, m.state.cpus.at(cpu));
  signal(m, cpu);
}

/** gicv3_full_update: the distributor's enables have changed. */
export function everythingChanged(m: Virt): void {
  refreshAll(m);
  signalAll(m);
}
