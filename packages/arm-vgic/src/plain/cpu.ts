// A guest takes and ends a plain interrupt at the CPU interface of a GICv3: the rules of cpuif/acknowledge.ts and cpuif/maintenance.ts for what is common, on the words of the arena.

import { IDLE, minimumBpr1, PREBITS } from '../cpuif/priorities.ts';
import { INTID } from '../irq/layout.ts';
import type { PlainIrqs } from './irqs.ts';
import type { PlainLists } from './lists.ts';
import {
  AP0,
  AP1,
  BPR0,
  BPR1,
  CBPR,
  DIRECT_PENDING,
  DIRECT_STATE,
  EN,
  ENABLE0,
  ENABLE1,
  EOI_MODE,
  HCR,
  LR_EOI,
  LR_FLAGS,
  LR_GROUP,
  LR_HW,
  LR_PRIORITY,
  LR_SOURCE,
  LR_STATE_MASK,
  LR_STATE_SHIFT,
  LR_WORDS,
  PMR,
  REASONS,
  USED,
  VMCR,
} from './words.ts';

const PENDING = 1 << LR_STATE_SHIFT;
const ACTIVE = 2 << LR_STATE_SHIFT;
const LEAST = minimumBpr1(PREBITS);

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);

/** The part of a group 1 priority that decides about preemption. */
function preemption(vmcr: number, priority: number): number {
  const shift = (vmcr & CBPR) === 0 ? (vmcr >>> BPR1) & 7 : Math.min(((vmcr >>> BPR0) & 7) + 1, 7);
  return priority & (0xff << shift) & 0xff;
}

/** The CPU interfaces of a VM's vCPUs. */
export class PlainCpus {
  private readonly _words: Uint32Array;
  private readonly _bytes: Uint8Array;
  private readonly _lists: PlainLists;

  constructor({ words, bytes }: PlainIrqs, lists: PlainLists) {
    this._words = words;
    this._bytes = bytes;
    this._lists = lists;
  }

  /** First word of the pending LR of the highest priority and an enabled group, 0 for none. */
  private highest(c: number): number {
    const words = this._words;
    const vmcr = words[c + VMCR] as number;
    const end = c + LR_WORDS * (this._bytes[(c << 2) + USED] as number);
    let best = 0;
    let priority = IDLE;
    for (let lr = c; lr < end; lr += LR_WORDS) {
      const flags = words[lr + LR_FLAGS] as number;
      const own = (flags >>> LR_PRIORITY) & 0xff;
      if ((flags & LR_STATE_MASK) !== PENDING || own >= priority) continue;
      if ((vmcr & ((flags & LR_GROUP) === 0 ? ENABLE0 : ENABLE1)) === 0) continue;
      best = lr;
      priority = own;
    }
    return best;
  }

  /** ICV_IAR1: the INTID, -1 if it is not plain and nothing was done. */
  acknowledge(vcpu: number): number {
    const words = this._words;
    const c = this._lists.at(vcpu);
    const lr = this.highest(c);
    if (lr === 0 || ((words[c + DIRECT_STATE] as number) & DIRECT_PENDING) !== 0) return -1;
    const flags = words[lr + LR_FLAGS] as number;
    const priority = (flags >>> LR_PRIORITY) & 0xff;
    const level = preemption(words[c + VMCR] as number, priority);
    const active = (words[c + AP0] as number) | (words[c + AP1] as number);
    if ((flags & (LR_GROUP | LR_SOURCE)) !== LR_GROUP || priority >= (this._bytes[(c << 2) + PMR] as number)) return -1;
    if (active !== 0 && level >= lowestBit(active) << LEAST) return -1;
    words[lr + LR_FLAGS] = (flags & ~LR_STATE_MASK) | ACTIVE;
    words[c + AP1] = (words[c + AP1] as number) | (1 << (level >> LEAST));
    return words[lr] as number;
  }

  /** ICV_EOIR1 with EOImode 0 of the interrupt that runs; false if it is not plain and nothing was done. */
  end(vcpu: number, intid: number): boolean {
    const words = this._words;
    const c = this._lists.at(vcpu);
    const zero = words[c + AP0] as number;
    const one = words[c + AP1] as number;
    const vmcr = words[c + VMCR] as number;
    if (zero !== 0 || one === 0 || (vmcr & EOI_MODE) !== 0) return false;
    const lr = this.activeLr(c, intid);
    if (lr === 0) return false;
    const flags = words[lr + LR_FLAGS] as number;
    if ((flags & (LR_HW | LR_GROUP | LR_SOURCE)) !== LR_GROUP) return false;
    if (preemption(vmcr, (flags >>> LR_PRIORITY) & 0xff) !== lowestBit(one) << LEAST) return false;
    words[c + AP1] = one & (one - 1);
    words[lr + LR_FLAGS] = flags & ~ACTIVE;
    return true;
  }

  private activeLr(c: number, intid: number): number {
    const words = this._words;
    if (intid >= INTID.SPECIAL && intid <= INTID.SPURIOUS) return 0;
    const end = c + LR_WORDS * (this._bytes[(c << 2) + USED] as number);
    for (let lr = c; lr < end; lr += LR_WORDS)
      if (words[lr] === intid && ((words[lr + LR_FLAGS] as number) & ACTIVE) !== 0) return lr;
    return 0;
  }

  /** No maintenance interrupt, seen at a glance: it was asked for EOIs only, and none has come. */
  isQuiet(vcpu: number): boolean {
    const words = this._words;
    const c = this._lists.at(vcpu);
    const hcr = words[c + HCR] as number;
    if ((hcr & EN) === 0) return true;
    if ((hcr & REASONS) !== 0) return false;
    const end = c + LR_WORDS * (this._bytes[(c << 2) + USED] as number);
    for (let lr = c; lr < end; lr += LR_WORDS)
      if (((words[lr + LR_FLAGS] as number) & (LR_STATE_MASK | LR_EOI | LR_HW)) === LR_EOI) return false;
    return true;
  }
}
