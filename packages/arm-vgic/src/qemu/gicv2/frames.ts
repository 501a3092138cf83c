// Accesses to QEMU's GICv2. The distributor is written a byte at a time, lowest first, and looks at everything after each. QEMU 7.2: hw/intc/arm_gic.c gic_dist_writeb, gic_dist_writel,
// gic_cpu_write.

import { type Behaviours, behave, type RowBehaviour } from '@virq/irq-core/registers';
import { INTID } from '../../irq/layout.ts';
import { type BankSet, pendingWord, put, test } from '../bank.ts';
import { PRIVATE, type Virt } from '../machine.ts';
import { acknowledge, deactivate, endOfInterrupt, highestPending, IDLE, runningOf, update } from './interface.ts';
import { GICC, GICD } from './registers.ts';

type Row = RowBehaviour<Virt>;

const IDS = [0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1];

const bitOf = (word: number, intid: number): number => (word >>> (intid & 31)) & 1;
const shows =
  (set: BankSet): NonNullable<Row['read']> =>
  ({ state }, intid) =>
    test(state.bank, set, intid) ? 1 : 0;
const showsPending: NonNullable<Row['read']> = ({ state }, intid) => bitOf(pendingWord(state.bank, intid >> 5), intid);

/** Ones put interrupts from `from` on into a set, or take them out. */
const ones = (set: BankSet, on: boolean, { from = 0, read = shows(set) } = {}): Row => ({
  read,
  write({ state }, value, intid) {
    if (value === 1 && intid >= from) put(state.bank, set, intid, on);
  },
});

/** ISACTIVER and ICACTIVER as they read: active at any CPU. */
export const activeWord = ({ state }: Virt, n: number): number =>
  (state.bank.active.get(n) | state.gicv2.elsewhere.get(n)) >>> 0;

/** QEMU_7_2.activeAtAllCpus. */
const activity = (on: boolean): Row => ({
  read: (m, intid) => bitOf(activeWord(m, intid >> 5), intid),
  write({ state: { bank, gicv2 } }, value, intid) {
    if (value === 0) return;
    put(bank, 'active', intid, on);
    if (intid < PRIVATE) return;
    const word = gicv2.elsewhere.get(intid >> 5);
    const bit = 1 << (intid & 31);
    gicv2.elsewhere.set(intid >> 5, (on ? word | bit : word & ~bit) >>> 0);
  },
});

const group: Row = {
  read: shows('group'),
  write: ({ state }, value, intid) => put(state.bank, 'group', intid, value === 1),
};

/** SGIs are edges; the trigger of PPIs can be written. */
const trigger: Row = {
  read: ({ state }, intid) => (test(state.bank, 'edge', intid) ? 2 : 0),
  write: ({ state }, value, intid) => put(state.bank, 'edge', intid, intid < INTID.PPI || value >= 2),
};

/** Who is asked by a filter of GICD_SGIR, as a mask of CPUs; the sender is CPU 0. */
const TARGETS: readonly ((list: number) => number)[] = [(list) => list, () => 0xfe, () => 1, () => 0xff];

function sendSgi({ state }: Virt, value: number): void {
  const to = TARGETS[(value >>> 24) & 3] as (list: number) => number;
  if ((to((value >>> 16) & 0xff) & 1) === 0) return;
  const intid = value & 0xf;
  put(state.bank, 'pending', intid, true);
  state.gicv2.senders.set(intid, state.gicv2.senders.get(intid) | 1);
}

const senders: NonNullable<Row['read']> = ({ state }, sgi) => state.gicv2.senders.get(sgi);

const DISTRIBUTOR: Behaviours<Virt, keyof typeof GICD.rows & string> = {
  CTLR: {
    read: ({ state }) => state.ctlr,
    write({ state }, value) {
      state.ctlr = value;
    },
  },
  IGROUPR: group,
  ISENABLER: ones('enabled', true),
  ICENABLER: ones('enabled', false, { from: INTID.PPI }),
  ISPENDR: ones('pending', true, { from: INTID.PPI, read: showsPending }),
  ICPENDR: ones('pending', false, { from: INTID.PPI, read: showsPending }),
  ISACTIVER: activity(true),
  ICACTIVER: activity(false),
  IPRIORITYR: {
    read: ({ state }, intid) => state.bank.priority.get(intid),
    write: ({ state }, value, intid) => state.bank.priority.set(intid, value),
  },
  ICFGR: trigger,
  SGIR: { write: sendSgi },
  CPENDSGIR: {
    read: senders,
    write({ state: { bank, gicv2 } }, value, sgi) {
      gicv2.senders.set(sgi, gicv2.senders.get(sgi) & ~value);
      if (gicv2.senders.get(sgi) === 0) put(bank, 'pending', sgi, false);
    },
  },
  SPENDSGIR: {
    read: senders,
    write({ state: { bank, gicv2 } }, value, sgi) {
      put(bank, 'pending', sgi, true);
      gicv2.senders.set(sgi, gicv2.senders.get(sgi) | value);
    },
  },
  IDREGS: { read: (_m, n) => IDS[n] as number },
};

/** A field of the CPU interface; after a write everything is looked at. */
const field = (name: 'ctlr' | 'pmr' | 'bpr' | 'abpr', least = 0): Row => ({
  read: ({ state }) => state.gicv2[name],
  write(m, value) {
    m.state.gicv2[name] = Math.max(value, least);
    update(m);
  },
});

const active = (name: 'apr' | 'nsapr'): Row => ({
  read: ({ state }, n) => state.gicv2[name].get(n),
  write(m, value, n) {
    const { gicv2 } = m.state;
    gicv2[name].set(n, value);
    gicv2.running = runningOf(gicv2);
    update(m);
  },
});

const INTERFACE: Behaviours<Virt, keyof typeof GICC.rows & string> = {
  CTLR: field('ctlr'),
  PMR: field('pmr'),
  BPR: field('bpr'),
  ABPR: field('abpr', 1),
  IAR: { read: acknowledge },
  EOIR: { write: endOfInterrupt },
  RPR: { read: ({ state }) => Math.min(state.gicv2.running, IDLE - 1) },
  HPPIR: { read: highestPending },
  APR: active('apr'),
  NSAPR: active('nsapr'),
  DIR: { write: deactivate },
};

const note = (m: Virt, error: { block: string; offset: number; size: number; rule: string }): void => {
  if (m.trace.on) m.trace.emit('vgic_guest_error', error);
};

const distributor = behave(GICD, DISTRIBUTOR, note);
const cpuInterface = behave(GICC, INTERFACE, note);

/** A frame that qtest reads and writes: sizes of 1, 2 and 4 bytes; 8 are two of 4. */
export interface Frame {
  read(m: Virt, offset: number, size: number): number;
  write(m: Virt, offset: number, size: number, value: number): void;
}

const masked = (value: number, size: number): number => (size === 4 ? value : value & ((1 << (8 * size)) - 1)) >>> 0;

/** The distributor. */
export const gicv2Distributor: Frame = {
  read: (m, offset, size) => distributor.read(m, offset, size),
  write(m, offset, size, value) {
    if (size === 4 && offset === GICD.rows.SGIR.at) distributor.write(m, offset, size, value);
    else
      for (let n = 0; n < size; n++) {
        distributor.write(m, offset + n, 1, (value >>> (8 * n)) & 0xff);
        update(m);
      }
    update(m);
  },
};

/** The CPU interface. */
export const gicv2Interface: Frame = {
  read: (m, offset, size) => ((offset & 3) === 0 ? masked(cpuInterface.read(m, offset, 4), size) : 0),
  write(m, offset, size, value) {
    if ((offset & 3) === 0) cpuInterface.write(m, offset, 4, masked(value, size));
  },
};

/** Reset: SGIs are on, and edges. */
export function resetGicv2({ state: { bank, gicv2 } }: Virt): void {
  bank.enabled.set(0, 0xffff);
  bank.edge.set(0, 0xffff);
  gicv2.running = IDLE;
  gicv2.best = INTID.SPURIOUS;
  gicv2.abpr = 1;
}
