// A list register goes back into its interrupt after the guest has run. Linux: arch/arm64/kvm/vgic/vgic-v2.c vgic_v2_fold_lr_state, vgic-v3.c vgic_v3_fold_lr_state.

import { CONFIG, INTID, type Irq } from '../irq/layout.ts';
import { isMappedLevel } from '../irq/state.ts';
import { LR_STATE } from './format.ts';
import type { LrForm } from './forms.ts';
import type { Lr } from './layout.ts';

/** The physical interrupt behind a mapped one. */
export interface PhysicalIrq {
  /** Level of its line, 0 or 1. */
  line(pintid: number): number;
  /** Clears its active state, so that its next assertion is seen. */
  clearActive(pintid: number): void;
}

/** The guest has ended the LR's interrupt and KVM wanted to know (EISR): empty, EOI set, not hardware's. */
export const signalsEoi = (lr: Lr): boolean => lr.state === LR_STATE.INVALID && lr.eoi === 1 && lr.hw === 0;

/** Whether the fold of this LR tells the irqfds of its GSI; `spis` counts the VM's. */
export const acksSpi = (lr: Lr, spis: number): boolean =>
  signalsEoi(lr) && lr.intid >= INTID.SPI && lr.intid < INTID.SPI + spis;

function resample(i: Irq, deactivated: boolean, pending: boolean, physical: PhysicalIrq): void {
  if (!isMappedLevel(i)) return;
  let clear = false;
  if (i.softwareResample === 1) clear = i.active === 0 && i.pendingLatch === 0;
  else if (pending || (deactivated && i.lineLevel === 1)) {
    i.lineLevel = physical.line(i.hostIrq);
    clear = i.lineLevel === 0;
  }
  if (clear) physical.clearActive(i.hostIrq);
}

/** What of a fold depends on kernel and machine. */
export interface FoldRules {
  readonly form: LrForm;
  /** The guest's GIC is a GICv2. */
  readonly v2: boolean;
  readonly physical: PhysicalIrq;
}

/** Fold of one LR under its interrupt's lock. True if the interrupt was active in software and no longer is. */
export function foldLr(i: Irq, lr: Lr, { form, v2, physical }: FoldRules): boolean {
  if (form.dropsLpiActive && i.intid >= INTID.LPI) lr.state &= ~LR_STATE.ACTIVE;
  const active = (lr.state & LR_STATE.ACTIVE) === 0 ? 0 : 1;
  const pending = (lr.state & LR_STATE.PENDING) !== 0;
  const deactivated = i.active === 1 && active === 0;
  i.active = active;
  if (v2 && i.intid < INTID.PPI) {
    if (active === 1) i.activeSource = lr.source;
    if (pending) i.source |= 1 << lr.source;
  }
  if (i.config === CONFIG.EDGE && pending) i.pendingLatch = 1;
  if (i.config === CONFIG.LEVEL && lr.state === LR_STATE.INVALID) i.pendingLatch = 0;
  resample(i, deactivated, pending, physical);
  i.onLr = 0;
  return deactivated;
}
