// The ap_list paths in one go, for when nobody is between: they leave what the protocols of the same names leave, byte by byte, without processes and locks.
// Each does nothing, or stops where it says, when somebody holds a lock that it needs.

import { foldLr } from '../lr/fold.ts';
import { PLAIN } from '../plain/irqs.ts';
import { remove, sortList } from './ap-list.ts';
import {
  type FLUSH_LOCALS,
  type FlushFrame,
  finish,
  goOn,
  isListBusy,
  needsSort,
  populate,
  startFilling,
  summarise,
} from './flush.ts';
import { ackAfter, ackBefore, eoisOf } from './fold.ts';
import { drive, putOnList } from './queue.ts';
import { targetOf, type VgicLists } from './world.ts';

/** How far a change of an interrupt came: all the way, not at all, or made but not queued. */
export const CAME = { THROUGH: 0, NOWHERE: 1, CHANGED: 2 } as const;

function kicked(w: VgicLists, vcpu: number): true {
  if (vcpu >= 0) w.kick(vcpu);
  return true;
}

/** vgic_queue_irq_unlock: false if the list is locked. */
export function queueStraight(w: VgicLists, handle: number): boolean {
  if (w.plain != null) {
    const to = w.plain.irqs.queue(handle, w.plain.countsSpis);
    if (to !== PLAIN.NOT) return kicked(w, to);
  }
  const i = w.irqs.at(handle);
  const to = targetOf(w, i);
  if (to === 0) return true;
  if (i.vcpu === 0) {
    if (w.apLists.at(to - 1).apLock.holder !== 0) return false;
    if (putOnList(w, handle, to)) {
      w.kickAll();
      return true;
    }
  }
  w.kick(to - 1);
  return true;
}

/** kvm_vgic_inject_irq of an interrupt that was found: one of {@link CAME}. */
export function injectStraight(w: VgicLists, handle: number, level: number, owner: number): number {
  if (w.plain != null) {
    const to = w.plain.irqs.inject(handle, level, owner, w.plain.countsSpis);
    if (to !== PLAIN.NOT && kicked(w, to)) return CAME.THROUGH;
  }
  const i = w.irqs.at(handle);
  if (i.irqLock.holder !== 0) return CAME.NOWHERE;
  if (!drive(i, level, owner)) return CAME.THROUGH;
  return queueStraight(w, handle) ? CAME.THROUGH : CAME.CHANGED;
}

/** Locals of the flush; nothing of it lives longer than a call, and a call makes no other. */
const scratch: FlushFrame = {
  ...{ vm: 0, vcpu: 0, irq: 0, filled: 0, floor: 0, pending: 0, active: 0, sgis: 0, weight: 0, many: 0, stop: 0 },
} satisfies { [K in keyof typeof FLUSH_LOCALS]: number };

/** vgic_flush_lr_state: false, and nothing done, if a lock is held. */
export function flushStraight(w: VgicLists, vcpu: number): boolean {
  if (w.plain?.lists.flush(vcpu) === true) return true;
  if (w.apLists.at(vcpu).apLock.holder !== 0 || isListBusy(w, vcpu)) return false;
  scratch.vcpu = vcpu;
  summarise(w, scratch);
  if (needsSort(w, scratch)) sortList(w, vcpu);
  startFilling(w, scratch);
  while (scratch.irq !== 0) {
    populate(w, scratch);
    if (!goOn(w, scratch)) break;
  }
  finish(w, scratch);
  return true;
}

/** vgic_fold_lr_state: -1 if all is done, else the number of the LR from which the path has to go on. */
export function foldStraight(w: VgicLists, vcpu: number): number {
  const first = w.plain?.lists.fold(vcpu) ?? 0;
  if (first < 0) return -1;
  const c = w.interfaces.at(vcpu);
  if (eoisOf(w, c) !== 0) return 0;
  for (let n = first; n < c.used; n++) {
    const lr = c.lrs.at(n);
    const handle = w.find(vcpu, lr.intid);
    if (handle < 0) continue;
    const i = w.irqs.at(handle);
    if (i.irqLock.holder !== 0) return n;
    ackBefore(w, lr);
    ackAfter(w, lr, foldLr(i, lr, w));
  }
  c.used = 0;
  return -1;
}

/** vgic_prune_ap_list: false if somebody holds a lock or an interrupt belongs to another vCPU; the path then begins again. */
export function pruneStraight(w: VgicLists, vcpu: number): boolean {
  if (w.plain?.lists.prune(vcpu) === true) return true;
  const list = w.apLists.at(vcpu);
  if (list.apLock.holder !== 0) return false;
  for (let at = list.first; at !== 0; ) {
    const i = w.irqs.at(at - 1);
    if (i.irqLock.holder !== 0 || i.vcpu !== vcpu + 1) return false;
    const to = targetOf(w, i);
    if (to !== 0 && to !== vcpu + 1) return false;
    const handle = at - 1;
    at = i.next;
    if (to !== 0) continue;
    remove(w.irqs, list, handle);
    i.vcpu = 0;
    w.putRef(handle);
  }
  const c = w.interfaces.at(vcpu);
  if (c.last !== 0) w.putRef(c.last - 1);
  c.last = 0;
  return true;
}
