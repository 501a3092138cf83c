// QEMU's own tables of a pseries machine: EAT and ENDT as words, found by LISN, server and priority. QEMU: hw/intc/spapr_xive.c, include/hw/ppc/xive_regs.h.

import { VirqError } from '@virq/irq-core/errors';
import { NVT_BASE } from './codes.ts';
import type { SpaprEnd, SpaprIrq, SpaprState } from './layout.ts';

/** Fields of an EAS, IBM bits 0, 4-7, 8-31, 32, 33-63. */
export const EAS = {
  VALID: 1n << 63n,
  MASKED: 1n << 31n,
  END_INDEX_SHIFT: 32n,
  END_INDEX: 0xffffffn,
  DATA: 0x7fffffffn,
} as const;

/** Fields of an END's words. */
export const END = {
  W0_VALID: 0x80000000,
  W0_ENQUEUE: 0x40000000,
  W0_NOTIFY: 0x20000000,
  W0_QSIZE: 0x000f0000,
  W0_QSIZE_SHIFT: 16,
  W1_ESB_OFF: 0x50000000,
  W1_GENERATION: 0x00400000,
  W1_INDEX: 0x003fffff,
  W2_ADDRESS: 0x0fffffff,
  W6_NVT: 0x0007ffff,
  W7_PRIORITY_SHIFT: 16,
} as const;

/** An EAS as its parts. */
export interface EasParts {
  readonly end: number;
  readonly masked: boolean;
  readonly data: number;
}

/** The word of a valid EAS. */
export const easWord = ({ end, masked, data }: EasParts): bigint =>
  EAS.VALID | (BigInt(end) << EAS.END_INDEX_SHIFT) | (masked ? EAS.MASKED : 0n) | BigInt(data);

/** Its parts. */
export const easParts = (eas: bigint): EasParts => ({
  end: Number((eas >> EAS.END_INDEX_SHIFT) & EAS.END_INDEX),
  masked: (eas & EAS.MASKED) !== 0n,
  data: Number(eas & EAS.DATA),
});

/** A queue as an END's words describe it. `qsize` is log2 of bytes, 0 without a queue. */
export interface EndParts {
  readonly valid: boolean;
  readonly notify: boolean;
  readonly qaddr: bigint;
  readonly qsize: number;
  readonly generation: number;
  readonly index: number;
  readonly nvt: number;
  readonly priority: number;
}

/** Parts of an END. */
export function endParts({ w }: SpaprEnd): EndParts {
  const word = (i: number): number => w.get(i);
  const enqueue = (word(0) & END.W0_ENQUEUE) !== 0;
  return {
    valid: word(0) >>> 31 === 1,
    notify: (word(0) & END.W0_NOTIFY) !== 0,
    qaddr: enqueue ? (BigInt(word(2) & END.W2_ADDRESS) << 32n) | BigInt(word(3)) : 0n,
    qsize: enqueue ? ((word(0) & END.W0_QSIZE) >>> END.W0_QSIZE_SHIFT) + 12 : 0,
    generation: (word(1) & END.W1_GENERATION) === 0 ? 0 : 1,
    index: word(1) & END.W1_INDEX,
    nvt: word(6) & END.W6_NVT,
    priority: (word(7) >>> END.W7_PRIORITY_SHIFT) & 0xff,
  };
}

/** What H_INT_SET_QUEUE_CONFIG makes of an END. */
export interface EndSetup {
  readonly server: number;
  readonly priority: number;
  readonly qaddr: bigint;
  readonly qsize: number;
  readonly notify: boolean;
}

/** Words of an END with a queue; generation 1 and index 0, as it starts. */
export const endWords = ({ server, priority, qaddr, qsize, notify }: EndSetup): readonly number[] => [
  (END.W0_VALID | END.W0_ENQUEUE | (notify ? END.W0_NOTIFY : 0) | ((qsize - 12) << END.W0_QSIZE_SHIFT)) >>> 0,
  END.W1_GENERATION,
  Number((qaddr >> 32n) & BigInt(END.W2_ADDRESS)),
  Number(qaddr & 0xffffffffn),
  0,
  0,
  NVT_BASE + server,
  priority << END.W7_PRIORITY_SHIFT,
];

/** spapr_xive_end_reset: nothing but both of its ESBs switched off. */
export const END_RESET: readonly number[] = [0, END.W1_ESB_OFF, 0, 0, 0, 0, 0, 0];

/** Puts words into an END. */
export function setEnd({ w }: SpaprEnd, words: readonly number[]): void {
  for (let i = 0; i < 8; i++) w.set(i, words[i] as number);
}

/** Tables of one machine. */
export interface SpaprTables {
  /** A LISN that was claimed once, null for all others. */
  irq(lisn: number): SpaprIrq | null;
  /** The same, made if need be. */
  create(lisn: number): SpaprIrq;
  /** True if its EAS is valid: claimed, and not freed since. */
  isValid(lisn: number): boolean;
  /** Calls `each` for every valid LISN, in the order of the numbers. */
  forEach(each: (irq: SpaprIrq, lisn: number) => void): void;
  /** Number of ENDs. */
  readonly ends: number;
  end(index: number): SpaprEnd;
}

/** Creates the tables over zeroed state. */
export function createTables({ irqs, ends }: SpaprState): SpaprTables {
  const mask = irqs.length - 1;

  function slotOf(lisn: number): SpaprIrq | null {
    let slot = Math.imul(lisn + 1, 0x9e3779b1) & mask;
    for (let probes = 0; probes < irqs.length; probes++) {
      const s = irqs.at(slot);
      if (s.key === lisn + 1 || s.key === 0) return s;
      slot = (slot + 1) & mask;
    }
    return null;
  }

  function irq(lisn: number): SpaprIrq | null {
    const s = slotOf(lisn);
    return s === null || s.key === 0 ? null : s;
  }

  return {
    irq,
    create(lisn) {
      const s = slotOf(lisn);
      if (s === null)
        throw new VirqError('VIRQ-P102', `the machine uses more than ${irqs.length} interrupt sources`, {
          hint: 'give it more: vm: { sources: N }',
        });
      if (s.key === 0) s.key = lisn + 1;
      return s;
    },
    isValid(lisn) {
      const s = irq(lisn);
      return s !== null && s.easHi >>> 31 === 1;
    },
    forEach(each) {
      const numbers: number[] = [];
      for (let i = 0; i < irqs.length; i++) {
        const s = irqs.at(i);
        if (s.key !== 0 && s.easHi >>> 31 === 1) numbers.push(s.key - 1);
      }
      for (const lisn of numbers.sort((a, b) => a - b)) each(irq(lisn) as SpaprIrq, lisn);
    },
    ends: ends.length,
    end: (index) => ends.at(index),
  };
}
