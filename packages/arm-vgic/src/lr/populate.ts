// An interrupt goes into a list register. Linux: arch/arm64/kvm/vgic/vgic-v2.c vgic_v2_populate_lr, vgic-v3.c vgic_v3_populate_lr.

import { CONFIG, INTID, type Irq } from '../irq/layout.ts';
import { isMappedLevel, isPending } from '../irq/state.ts';
import { LR_STATE } from './format.ts';
import type { LrForm } from './forms.ts';
import type { Lr } from './layout.ts';

const isV2Sgi = (i: Irq, v2: boolean): boolean => v2 && i.intid < INTID.PPI;

/** Handled in hardware: the physical interrupt is deactivated with the virtual one. */
const isForwarded = (i: Irq): boolean => i.hw === 1 && i.softwareResample === 0;

/** An SGI with more than one sender is presented to the guest once for each. */
function sendersOf(source: number): number {
  let n = 0;
  for (let s = source; s !== 0; s &= s - 1) n++;
  return n;
}

/** LRs an interrupt would like to have: one, an SGI one per sender. */
export const lrWeight = (i: Irq): number =>
  i.intid < INTID.PPI && i.source !== 0 ? sendersOf(i.source) + i.active : 1;

/** What the LR's HW bit ties it to. Linux: for a vLPI hwintid is never written, so that it is 0. */
const pintidOf = (i: Irq): number => (isForwarded(i) && i.intid < INTID.LPI ? i.hostIrq : 0);

const lowest = (source: number): number => 31 - Math.clz32(source & -source);

/** Pending beside active is for edges only: not for level interrupts (67b5b673ad4d), nor where the physical GIC keeps the pending state. */
function showsPending(i: Irq): boolean {
  if (!isPending(i)) return false;
  return i.active === 0 || !(isForwarded(i) || i.config === CONFIG.LEVEL || lrWeight(i) > 1);
}

function needsEoi(i: Irq, v2Sgi: boolean): boolean {
  if (!isForwarded(i) && i.config === CONFIG.LEVEL) return true;
  if (i.active === 1) return lrWeight(i) > 1;
  return v2Sgi && sendersOf(i.source) > 1;
}

/** Empties a list register. */
export function clearLr(lr: Lr): void {
  lr.intid = 0;
  lr.state = LR_STATE.INVALID;
  lr.priority = 0;
  lr.group = 0;
  lr.hw = 0;
  lr.pintid = 0;
  lr.eoi = 0;
  lr.source = 0;
}

/** What an LR of the interrupt has to be; the interrupt stays as it is. `v2`: the guest's GIC is a GICv2, whose SGIs have senders. */
export function computeLr(i: Irq, lr: Lr, v2: boolean): void {
  const pending = showsPending(i);
  const sgi = isV2Sgi(i, v2);
  lr.intid = i.intid;
  lr.state = (pending ? LR_STATE.PENDING : 0) | (i.active === 1 ? LR_STATE.ACTIVE : 0);
  lr.priority = i.priority;
  lr.group = i.group;
  lr.hw = isForwarded(i) ? 1 : 0;
  lr.pintid = pintidOf(i);
  lr.eoi = needsEoi(i, sgi) ? 1 : 0;
  lr.source = (sgi && i.active === 1 ? i.activeSource : 0) | (sgi && pending ? lowest(i.source) : 0);
}

/** What of the interrupt is in the LR now is no longer in software. */
function consume(i: Irq, v2Sgi: boolean): void {
  if (i.config === CONFIG.EDGE) i.pendingLatch = 0;
  if (v2Sgi) {
    i.source &= i.source - 1;
    if (i.source !== 0) i.pendingLatch = 1;
  }
  if (isMappedLevel(i)) i.lineLevel = 0;
}

/** vgic_populate_lr, under the interrupt's lock. */
export function populateLr(i: Irq, lr: Lr, v2: boolean, form: LrForm): void {
  const sgi = isV2Sgi(i, v2);
  const pending = showsPending(i);
  if (sgi && pending && i.source === 0) {
    if (form.sourceless === 'stale') i.pendingLatch = 0;
    else clearLr(lr);
    i.onLr = 1;
    return;
  }
  computeLr(i, lr, v2);
  if (pending) consume(i, sgi);
  i.onLr = 1;
}
