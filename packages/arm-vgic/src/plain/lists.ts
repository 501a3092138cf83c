// List registers are filled and read back for plain interrupts, where none needs more than that. Each leaves what lists/straight.ts would, or does nothing.

import { addressOf } from '@virq/irq-core/arena';
import { INTID } from '../irq/layout.ts';
import type { ArmState } from '../layout.ts';
import type { LrForm } from '../lr/forms.ts';
import { isPendingState, type PlainIrqs } from './irqs.ts';
import {
  ACTIVE,
  CPU_WORDS,
  DIRTY,
  EN,
  EOI_COUNT,
  FIRST,
  GROUP,
  HCR,
  IRQ_STATE,
  LAST_IRQ,
  LATCH,
  LEVEL,
  LR_EOI,
  LR_FLAGS,
  LR_GROUP,
  LR_HW,
  LR_PRIORITY,
  LR_STATE_MASK,
  LR_STATE_SHIFT,
  LR_WORDS,
  NEXT,
  ON_LR,
  PRIORITY,
  REFS,
  UIE,
  USED,
  VCPU,
} from './words.ts';

const PENDING_LR = 1 << LR_STATE_SHIFT;
const ACTIVE_LR = 2 << LR_STATE_SHIFT;
/** The guest has ended the LR's interrupt, and KVM wants to know. */
const ENDED = LR_STATE_MASK | LR_EOI | LR_HW;

/** What of a VM does not change. */
export interface PlainRules {
  readonly form: LrForm;
  readonly host: 2 | 3;
  readonly nrLr: number;
  readonly hasTdir: boolean;
  /** Handle of an interrupt, -1 for none. */
  find(vcpu: number, intid: number): number;
  /** kvm_notify_acked_irq of a pin. */
  notifyAcked(pin: number): void;
}

/** List registers of the vCPUs of a VM. */
export class PlainLists {
  private readonly _irqs: PlainIrqs;
  private readonly _first: number;
  private readonly _rules: PlainRules;
  private readonly _nrLr: number;
  /** EOIs beyond the LRs are counted, and acknowledged where software knew the interrupt as active. */
  private readonly _counts: boolean;

  constructor(irqs: PlainIrqs, { interfaces }: ArmState, rules: PlainRules) {
    this._irqs = irqs;
    this._first = addressOf(interfaces.at(0)) >> 2;
    this._rules = rules;
    this._nrLr = rules.nrLr;
    const { overflow, ack, dropsLpiActive } = rules.form;
    this._counts = overflow !== 'underflow' || ack[rules.host] !== 'always' || dropsLpiActive;
  }

  /** First word of a vCPU's CPU interface. */
  at(vcpu: number): number {
    return this._first + vcpu * CPU_WORDS;
  }

  /** Whether all of a list are plain and fit into the LRs. */
  private isPlain(list: number): boolean {
    const irqs = this._irqs;
    let n = 0;
    for (let at = irqs.halves[list + FIRST] as number; at !== 0; n++) {
      const p = irqs.at(at - 1);
      if (n === this._nrLr || !irqs.isPlain(p) || (irqs.words[p] as number) < INTID.PPI) return false;
      at = irqs.halves[(p << 1) + NEXT] as number;
    }
    return true;
  }

  /** vgic_populate_lr. */
  private populate(p: number, lr: number): void {
    const { words } = this._irqs;
    const state = words[p + IRQ_STATE] as number;
    const isLevel = (state & LEVEL) !== 0;
    const isActive = (state & ACTIVE) !== 0;
    const isPending = isPendingState(state) && !(isActive && isLevel);
    const flags =
      (isPending ? PENDING_LR : 0) |
      (isActive ? ACTIVE_LR : 0) |
      ((state & GROUP) === 0 ? 0 : LR_GROUP) |
      (isLevel ? LR_EOI : 0) |
      (((state >>> PRIORITY) & 0xff) << LR_PRIORITY);
    words[lr] = words[p] as number;
    words[lr + LR_FLAGS] = flags;
    words[p + IRQ_STATE] = (isPending && !isLevel ? state & ~LATCH : state) | ON_LR;
  }

  /** vgic_flush_lr_state without what {@link PlainLists.isPlain} leaves out; false if nothing was done. */
  flush(vcpu: number): boolean {
    const irqs = this._irqs;
    const { words, halves, bytes } = irqs;
    const list = irqs.listOf(vcpu);
    if (this._counts || !irqs.isV3() || irqs.isListLocked(list) || !this.isPlain(list)) return false;
    const c = this.at(vcpu);
    let filled = 0;
    for (let at = halves[list + FIRST] as number; at !== 0; ) {
      const p = irqs.at(at - 1);
      if (irqs.targetOf(p) === vcpu + 1) this.populate(p, c + LR_WORDS * filled++);
      at = halves[(p << 1) + NEXT] as number;
    }
    const dirty = bytes[(c << 2) + DIRTY] as number;
    for (let at = c + LR_WORDS * filled; at < c + LR_WORDS * dirty; at++) words[at] = 0;
    bytes[(c << 2) + USED] = filled;
    bytes[(c << 2) + DIRTY] = filled;
    halves[(c << 1) + LAST_IRQ] = 0;
    words[c + HCR] = ((words[c + HCR] as number) & ~(UIE | EOI_COUNT)) | EN;
    return true;
  }

  /** vgic_v3_fold_lr_state: the number of the LR from which it has to go on otherwise, -1 for none. */
  fold(vcpu: number): number {
    const { bytes } = this._irqs;
    const c = this.at(vcpu);
    if (this._counts || !this._irqs.isV3()) return 0;
    const used = bytes[(c << 2) + USED] as number;
    for (let n = 0; n < used; n++) if (!this.foldLr(vcpu, c + n * LR_WORDS)) return n;
    bytes[(c << 2) + USED] = 0;
    return -1;
  }

  /** One LR; what is told of its end may change the interrupt. False, and nothing done, if it is not plain. */
  private foldLr(vcpu: number, lr: number): boolean {
    const irqs = this._irqs;
    const { words } = irqs;
    const intid = words[lr] as number;
    const flags = words[lr + LR_FLAGS] as number;
    const wired = irqs.wired(vcpu, intid);
    const handle = wired < 0 ? this._rules.find(vcpu, intid) : wired;
    if (handle < 0) return false;
    const p = irqs.at(handle);
    if (!irqs.isPlain(p)) return false;
    if ((flags & ENDED) === LR_EOI && wired >= irqs.firstSpi) this._rules.notifyAcked(intid - INTID.SPI);
    let state = (words[p + IRQ_STATE] as number) & ~(ACTIVE | ON_LR);
    if ((flags & ACTIVE_LR) !== 0) state |= ACTIVE;
    if ((state & LEVEL) === 0) {
      if ((flags & PENDING_LR) !== 0) state |= LATCH;
    } else if ((flags & LR_STATE_MASK) === 0) state &= ~LATCH;
    words[p + IRQ_STATE] = state;
    return true;
  }

  /** vgic_prune_ap_list; false if it has to go on otherwise. */
  prune(vcpu: number): boolean {
    const irqs = this._irqs;
    const { halves } = irqs;
    const list = irqs.listOf(vcpu);
    if (irqs.isListLocked(list) || halves[(this.at(vcpu) << 1) + LAST_IRQ] !== 0) return false;
    for (let at = halves[list + FIRST] as number; at !== 0; ) {
      const handle = at - 1;
      const p = irqs.at(handle);
      if (irqs.isLocked(p) || halves[(p << 1) + VCPU] !== vcpu + 1) return false;
      const to = irqs.targetOf(p);
      if (to !== 0 && to !== vcpu + 1) return false;
      at = halves[(p << 1) + NEXT] as number;
      if (to !== 0) continue;
      if (handle >= irqs.firstLpi && (halves[(p << 1) + REFS] as number) <= 1) return false;
      irqs.remove(list, p);
      halves[(p << 1) + VCPU] = 0;
      if (handle >= irqs.firstLpi) halves[(p << 1) + REFS]--;
    }
    return true;
  }
}
