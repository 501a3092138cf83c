// Interrupts in words of 32, and the registers that both the distributor and the redistributors of a GICv3 have over them. QEMU 7.2: arm_gicv3_dist.c, arm_gicv3_redist.c.

import type { RowBehaviour } from '@virq/irq-core/registers';
import type { Bank } from './layout.ts';

/** One bit per interrupt. */
export type BankSet = Exclude<keyof Bank, 'priority'>;

/** ISPENDR as it reads: the latch, or the line of a level interrupt. */
export const pendingWord = (b: Bank, n: number): number => (b.pending.get(n) | (~b.edge.get(n) & b.level.get(n))) >>> 0;

export const test = (b: Bank, set: BankSet, intid: number): boolean =>
  ((b[set].get(intid >> 5) >>> (intid & 31)) & 1) === 1;

/** Puts an interrupt into a set, or takes it out. */
export function put(b: Bank, set: BankSet, intid: number, on: boolean): void {
  const bit = (1 << (intid & 31)) >>> 0;
  const word = b[set].get(intid >> 5);
  b[set].set(intid >> 5, (on ? word | bit : word & ~bit) >>> 0);
}

/** An input line; false if it is as before. A rising edge latches. */
export function setLine(b: Bank, intid: number, level: number): boolean {
  if (test(b, 'level', intid) === (level === 1)) return false;
  put(b, 'level', intid, level === 1);
  if (level === 1 && test(b, 'edge', intid)) put(b, 'pending', intid, true);
  return true;
}

/** Every second bit of a word, from bit 1 on, as the 16 bits of a half: ICFGR. */
export function fromConfig(word: number): number {
  let half = 0;
  for (let n = 0; n < 16; n++) half |= ((word >>> (2 * n + 1)) & 1) << n;
  return half;
}
/** ICFGR of the 16 bits of a half. */
export function toConfig(half: number): number {
  let word = 0;
  for (let n = 0; n < 16; n++) word |= ((half >>> n) & 1) << (2 * n + 1);
  return word >>> 0;
}

/** Where the rows of a frame find their bank. `has` says which words of 32 interrupts the frame has. */
export interface Banked<C> {
  bank(c: C): Bank;
  has(word: number): boolean;
  /** Interrupts of which something changed. */
  changed(c: C, first: number, count: number): void;
}

const RAZ_WI = 0;

/** A register whose ones change a set; it reads as `shown`. */
const changing =
  (set: BankSet, on: boolean, shown: (b: Bank, n: number) => number) =>
  <C>({ bank, has, changed }: Banked<C>): RowBehaviour<C> => ({
    read: (c, n) => (has(n) ? shown(bank(c), n) : RAZ_WI),
    write(c, value, n) {
      if (!has(n)) return;
      const words = bank(c)[set];
      words.set(n, (on ? words.get(n) | value : words.get(n) & ~value) >>> 0);
      changed(c, 32 * n, 32);
    },
  });

const enabled = (b: Bank, n: number): number => b.enabled.get(n);
const active = (b: Bank, n: number): number => b.active.get(n);

const ROWS = {
  ISENABLER: changing('enabled', true, enabled),
  ICENABLER: changing('enabled', false, enabled),
  ISPENDR: changing('pending', true, pendingWord),
  ICPENDR: changing('pending', false, pendingWord),
  ISACTIVER: changing('active', true, active),
  ICACTIVER: changing('active', false, active),
} as const;

/** Behaviour of the rows that take words of 32 interrupts, and of the priorities. */
export function bankRows<C>(of: Banked<C>) {
  const { bank, has, changed } = of;
  const priority: RowBehaviour<C> = {
    read: (c, intid) => (has(intid >> 5) ? bank(c).priority.get(intid) : RAZ_WI),
    write(c, value, intid) {
      if (!has(intid >> 5)) return;
      bank(c).priority.set(intid, value);
      changed(c, intid, 1);
    },
  };
  const group: RowBehaviour<C> = {
    read: (c, n) => (has(n) ? bank(c).group.get(n) : RAZ_WI),
    write(c, value, n) {
      if (!has(n)) return;
      bank(c).group.set(n, value);
      changed(c, 32 * n, 32);
    },
  };
  return {
    IGROUPR: group,
    ISENABLER: ROWS.ISENABLER(of),
    ICENABLER: ROWS.ICENABLER(of),
    ISPENDR: ROWS.ISPENDR(of),
    ICPENDR: ROWS.ICPENDR(of),
    ISACTIVER: ROWS.ISACTIVER(of),
    ICACTIVER: ROWS.ICACTIVER(of),
    IPRIORITYR: priority,
  };
}
