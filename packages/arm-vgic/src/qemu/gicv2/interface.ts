// The CPU interface of QEMU's GICv2: what it signals, and how an interrupt is taken and ended. Recomputed from everything after each change. QEMU 7.2: hw/intc/arm_gic.c gic_update_internal,
// gic_acknowledge_irq, gic_complete_irq.

import { INTID } from '../../irq/layout.ts';
import { pendingWord, put, test } from '../bank.ts';
import type { Gicv2Cpu } from '../layout.ts';
import { IRQS, type Virt } from '../machine.ts';
import { drive, PIN } from '../pins.ts';

/** Bits of GICC_CTLR. */
export const CTLR = { GROUP0: 1, GROUP1: 2, ACK_CTL: 4, FIQ_EN: 8, CBPR: 0x10, EOI_MODE: 0x200 } as const;
/** Running priority of a CPU that handles nothing. */
export const IDLE = 0x100;
/** What IAR and HPPIR read when the interrupt is of group 1 and AckCtl is clear. */
const WRONG_GROUP = 1022;
/** Least group priority shift: all 8 bits of a priority are there. */
const LEVEL_SHIFT = 1;

const groupOf = ({ state }: Virt, intid: number): number => (test(state.bank, 'group', intid) ? 1 : 0);

/** The deliverable interrupt of highest priority, the lowest INTID of equals; {@link INTID.SPURIOUS} for none. */
function bestOf({ state: { bank } }: Virt): number {
  let best: number = INTID.SPURIOUS;
  let priority = IDLE;
  for (let intid = 0; intid < IRQS; intid++) {
    if ((intid & 31) === 0 && pendingWord(bank, intid >> 5) === 0) {
      intid += 31;
      continue;
    }
    const ready = (pendingWord(bank, intid >> 5) & bank.enabled.get(intid >> 5) & ~bank.active.get(intid >> 5)) >>> 0;
    if (((ready >>> (intid & 31)) & 1) === 0 || bank.priority.get(intid) >= priority) continue;
    best = intid;
    priority = bank.priority.get(intid);
  }
  return best;
}

/** Which pin an interrupt raises, -1 for none. */
function pinOf(m: Virt, best: number): number {
  const { ctlr, gicv2 } = m.state;
  const group = groupOf(m, best);
  if (m.state.bank.priority.get(best) >= gicv2.running || (ctlr & gicv2.ctlr & (1 << group)) === 0) return -1;
  return group === 0 && (gicv2.ctlr & CTLR.FIQ_EN) !== 0 ? PIN.FIQ : PIN.IRQ;
}

/** gic_update: what is pending for the CPU, and its pins. */
export function update(m: Virt): void {
  const { state } = m;
  const { gicv2 } = state;
  gicv2.best = INTID.SPURIOUS;
  let pin = -1;
  if ((state.ctlr & 3) !== 0 && (gicv2.ctlr & 3) !== 0) {
    const best = bestOf(m);
    if (best !== INTID.SPURIOUS && state.bank.priority.get(best) < gicv2.pmr) {
      gicv2.best = best;
      pin = pinOf(m, best);
    }
  }
  drive(state, PIN.IRQ, pin === PIN.IRQ ? 1 : 0);
  drive(state, PIN.FIQ, pin === PIN.FIQ ? 1 : 0);
}

/** GICC_HPPIR: what would be taken, hidden if its group is. */
export function highestPending(m: Virt): number {
  const { best, ctlr } = m.state.gicv2;
  if (best >= INTID.SPECIAL || groupOf(m, best) === 0) return best;
  return (ctlr & CTLR.ACK_CTL) === 0 ? WRONG_GROUP : best;
}

function groupPriority(m: Virt, intid: number): number {
  const { ctlr, bpr, abpr } = m.state.gicv2;
  const own = groupOf(m, intid) === 1 && (ctlr & CTLR.CBPR) === 0;
  const point = own ? abpr - 1 : bpr;
  return m.state.bank.priority.get(intid) & (0xff << (point + 1)) & 0xff;
}

/** An SGI goes with one of its senders, the lowest. */
function takeSgi({ state: { bank, gicv2 } }: Virt, intid: number): number {
  const senders = gicv2.senders.get(intid);
  const sender = senders === 0 ? 0 : 31 - Math.clz32(senders & -senders);
  gicv2.senders.set(intid, senders & ~(1 << sender));
  if (gicv2.senders.get(intid) === 0) put(bank, 'pending', intid, false);
  return intid | (sender << 10);
}

/** GICC_IAR. */
export function acknowledge(m: Virt): number {
  const { bank, gicv2 } = m.state;
  const intid = highestPending(m);
  if (intid >= INTID.SPECIAL) return intid;
  if (bank.priority.get(intid) >= gicv2.running) return INTID.SPURIOUS;
  const priority = groupPriority(m, intid);
  const level = priority >> LEVEL_SHIFT;
  const aps = groupOf(m, intid) === 1 ? gicv2.nsapr : gicv2.apr;
  aps.set(level >> 5, (aps.get(level >> 5) | (1 << (level & 31))) >>> 0);
  gicv2.running = priority;
  put(bank, 'active', intid, true);
  let answer = intid;
  if (intid < INTID.PPI) answer = takeSgi(m, intid);
  else put(bank, 'pending', intid, false);
  update(m);
  return answer;
}

/** The running priority that the active priorities mean. */
export function runningOf({ apr, nsapr }: Gicv2Cpu): number {
  for (let n = 0; n < apr.length; n++) {
    const active = apr.get(n) | nsapr.get(n);
    if (active !== 0) return (32 * n + 31 - Math.clz32(active & -active)) << LEVEL_SHIFT;
  }
  return IDLE;
}

function drop(cpu: Gicv2Cpu, group: number): void {
  const aps = group === 1 ? cpu.nsapr : cpu.apr;
  for (let n = 0; n < aps.length; n++) {
    const active = aps.get(n);
    if (active === 0) continue;
    aps.set(n, (active & (active - 1)) >>> 0);
    break;
  }
  cpu.running = runningOf(cpu);
}

/** GICC_EOIR: the priority of the interrupt's group drops, whichever that is; deactivation follows unless EOImode says later. */
export function endOfInterrupt(m: Virt, value: number): void {
  const intid = value & 0x3ff;
  const { bank, gicv2 } = m.state;
  if (intid >= IRQS || gicv2.running === IDLE) return;
  drop(gicv2, groupOf(m, intid));
  if ((gicv2.ctlr & CTLR.EOI_MODE) === 0) put(bank, 'active', intid, false);
  update(m);
}

/** GICC_DIR: only with EOImode. */
export function deactivate(m: Virt, value: number): void {
  const intid = value & 0x3ff;
  if (intid >= IRQS || (m.state.gicv2.ctlr & CTLR.EOI_MODE) === 0) return;
  put(m.state.bank, 'active', intid, false);
  update(m);
}
