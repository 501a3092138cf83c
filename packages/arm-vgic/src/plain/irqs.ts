// Plain interrupts: neither an SGI of a GICv2 nor tied to hardware. What KVM asks of them, on the words of the arena.
// The rules are those of irq/state.ts, lists/queue.ts and lists/ap-list.ts; run/straight.test.ts holds both against each other.

import { addressOf, type Bare } from '@virq/irq-core/arena';
import { INTID } from '../irq/layout.ts';
import type { ArmState } from '../layout.ts';
import {
  ACTIVE,
  AP_LOCK,
  COUNT,
  DIST_ENABLED,
  DIST_FLAGS,
  ENABLED,
  FIRST,
  HW,
  IRQ_LOCK,
  IRQ_STATE,
  IRQ_WORDS,
  LAST,
  LATCH,
  LEVEL,
  LINE,
  LIST_HALVES,
  MODEL,
  NEXT,
  NR_SPIS,
  OWNER,
  PREVIOUS,
  REFS,
  TARGET,
  VCPU,
} from './words.ts';

/** How a change of a plain interrupt ended, beside the vCPU to kick: nobody has to be, or it is not plain and nothing was done. */
export const PLAIN = { DONE: -1, NOT: -2 } as const;

/** The interrupts and lists of a VM; an interrupt goes by its first word, `at` of its handle. */
export class PlainIrqs {
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
  readonly bytes: Uint8Array;
  readonly firstSpi: number;
  readonly firstLpi: number;
  private readonly _base: number;
  private readonly _lpiBase: number;
  private readonly _lists: number;
  private readonly _dist: number;

  constructor({ words, halves, bytes }: Bare, { irqs, dist }: ArmState) {
    this.words = words;
    this.halves = halves;
    this.bytes = bytes;
    this.firstSpi = irqs.apLists.length * INTID.SPI;
    this.firstLpi = this.firstSpi + irqs.spis.length;
    this._base = addressOf(irqs.private.at(0)) >> 2;
    this._lpiBase = (addressOf(irqs.lpis.slot(0)) >> 2) - this.firstLpi * IRQ_WORDS;
    this._lists = addressOf(irqs.apLists.at(0)) >> 1;
    this._dist = addressOf(dist);
  }

  /** First word of an interrupt; private ones and SPIs lie in a row. */
  at(handle: number): number {
    return handle * IRQ_WORDS + (handle < this.firstLpi ? this._base : this._lpiBase);
  }

  /** The guest has a GICv3, whose SGIs are like other interrupts. */
  isV3(): boolean {
    return this.bytes[this._dist + MODEL] === 3;
  }

  /** Handle of an SPI, -1 if it is none that the VM has. */
  spi(intid: number): number {
    const spi = intid - INTID.SPI;
    return spi >= 0 && spi < (this.halves[(this._dist >> 1) + NR_SPIS] as number) ? this.firstSpi + spi : -1;
  }

  /** Handle of an SPI or a private interrupt as a vCPU sees it. */
  wired(vcpu: number, intid: number): number {
    return intid < INTID.SPI ? vcpu * INTID.SPI + intid : this.spi(intid);
  }

  isLocked(p: number): boolean {
    return this.bytes[(p << 2) + IRQ_LOCK] !== 0;
  }

  /** First half word of a vCPU's list. */
  listOf(vcpu: number): number {
    return this._lists + vcpu * LIST_HALVES;
  }

  isListLocked(list: number): boolean {
    return this.bytes[(list << 1) + AP_LOCK] !== 0;
  }

  /** vgic_target_oracle. */
  targetOf(p: number): number {
    const state = this.words[p + IRQ_STATE] as number;
    const target = this.halves[(p << 1) + TARGET] as number;
    if ((state & ACTIVE) !== 0) {
      const vcpu = this.halves[(p << 1) + VCPU] as number;
      return vcpu === 0 ? target : vcpu;
    }
    if ((state & ENABLED) === 0 || !isPendingState(state)) return 0;
    return target !== 0 && ((this.bytes[this._dist + DIST_FLAGS] as number) & DIST_ENABLED) === 0 ? 0 : target;
  }

  /** list_add_tail. */
  append(list: number, handle: number, p: number): void {
    const { halves } = this;
    const last = halves[list + LAST] as number;
    halves[(p << 1) + PREVIOUS] = last;
    halves[(p << 1) + NEXT] = 0;
    if (last === 0) halves[list + FIRST] = handle + 1;
    else halves[(this.at(last - 1) << 1) + NEXT] = handle + 1;
    halves[list + LAST] = handle + 1;
    halves[list + COUNT]++;
  }

  /** list_del. */
  remove(list: number, p: number): void {
    const { halves } = this;
    const next = halves[(p << 1) + NEXT] as number;
    const previous = halves[(p << 1) + PREVIOUS] as number;
    if (previous === 0) halves[list + FIRST] = next;
    else halves[(this.at(previous - 1) << 1) + NEXT] = next;
    if (next === 0) halves[list + LAST] = previous;
    else halves[(this.at(next - 1) << 1) + PREVIOUS] = previous;
    halves[(p << 1) + NEXT] = 0;
    halves[(p << 1) + PREVIOUS] = 0;
    halves[list + COUNT]--;
  }

  /** kvm_vgic_inject_irq up to the kick: the vCPU to kick, or one of {@link PLAIN}. `counts`: SPIs on lists are counted, which is not done here. */
  inject(handle: number, level: number, owner: number, counts: boolean): number {
    const p = this.at(handle);
    if (level > 1 || this.isBusy(handle, p, counts)) return PLAIN.NOT;
    if (this.bytes[(p << 2) + OWNER] !== owner) return PLAIN.DONE;
    const state = this.words[p + IRQ_STATE] as number;
    if ((state & LEVEL) === 0) {
      if (level !== 1) return PLAIN.DONE;
      this.words[p + IRQ_STATE] = state | LATCH;
    } else {
      const line = level === 1 ? LINE : 0;
      if ((state & LINE) === line) return PLAIN.DONE;
      this.words[p + IRQ_STATE] = (state & ~LINE) | line;
    }
    return this.settle(handle, p);
  }

  /** vgic_queue_irq_unlock up to the kick, likewise. */
  queue(handle: number, counts: boolean): number {
    const p = this.at(handle);
    return this.isBusy(handle, p, counts) ? PLAIN.NOT : this.settle(handle, p);
  }

  private isBusy(handle: number, p: number, counts: boolean): boolean {
    if (this.isLocked(p) || (counts && handle >= this.firstSpi && handle < this.firstLpi)) return true;
    if (handle >= this.firstLpi && this.halves[(p << 1) + REFS] === 0) return true;
    const target = this.halves[(p << 1) + TARGET] as number;
    return target !== 0 && this.isListLocked(this.listOf(target - 1));
  }

  private settle(handle: number, p: number): number {
    const to = this.targetOf(p);
    if (to === 0) return PLAIN.DONE;
    if (this.halves[(p << 1) + VCPU] === 0) {
      if (handle >= this.firstLpi) this.halves[(p << 1) + REFS]++;
      this.append(this.listOf(to - 1), handle, p);
      this.halves[(p << 1) + VCPU] = to;
    }
    return to - 1;
  }

  /** An interrupt that is not tied to one of the host. */
  isPlain(p: number): boolean {
    return ((this.words[p + IRQ_STATE] as number) & HW) === 0 && !this.isLocked(p);
  }
}

/** irq_is_pending. */
export const isPendingState = (state: number): boolean =>
  (state & LATCH) !== 0 || (state & (LEVEL | LINE)) === (LEVEL | LINE);
