// List registers go back into the interrupts after an exit, and EOIs beyond them are replayed. Linux: vgic_v2_fold_lr_state, vgic_v3_fold_lr_state.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { BLOCKED, type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { INTID, type Irq } from '../irq/layout.ts';
import { acksSpi, foldLr } from '../lr/fold.ts';
import { LR_STATE } from '../lr/format.ts';
import type { CpuInterface, Lr } from '../lr/layout.ts';
import { computeLr } from '../lr/populate.ts';
import { isInputBusy, targetOf, type VgicLists, type VgicMachine, vgicOf } from './world.ts';

const { protocol } = protocolsOn<VgicMachine>();

/** `lr` is the next list register, the first one unless `goesOn` is set; `walking` says they are done and the list follows, `irq` is a handle + 1, `eois` counts EOIs to replay. */
export const FOLD_LOCALS = {
  vm: u8,
  vcpu: u16,
  lr: u8,
  goesOn: u1,
  walking: u1,
  irq: u16,
  next: u16,
  deactivated: u1,
  eois: u8,
} as const;
type FoldFrame = { -readonly [K in keyof typeof FOLD_LOCALS]: number };

const cpuOf = (m: VgicMachine, f: FoldFrame): CpuInterface => vgicOf(m, f).interfaces.at(f.vcpu);
const irqOf = (m: VgicMachine, f: FoldFrame): Irq => vgicOf(m, f).irqs.at(f.irq - 1);
const irqLockOf = (m: VgicMachine, f: FoldFrame) => irqOf(m, f).irqLock;
const lrOf = (m: VgicMachine, f: FoldFrame): Lr => (f.walking === 1 ? cpuOf(m, f).pseudo : cpuOf(m, f).lrs.at(f.lr));

/** Tells the irqfds of the LR's SPI that the guest has ended it; on a GICv3 of 7.x one SPI less is then in flight. */
export function ackEoi(w: VgicLists, lr: Lr): void {
  if (!acksSpi(lr, w.spis)) return;
  w.notifyAcked(lr.intid - INTID.SPI);
  if (w.form.ack[w.host] === 'deactivated' && w.counters.activeSpis > 0) w.counters.activeSpis--;
}

/** Before the fold, whatever software knows of the interrupt. */
export function ackBefore(w: VgicLists, lr: Lr): void {
  if (w.form.ack[w.host] === 'always') ackEoi(w, lr);
}

/** After the fold, if the interrupt was active in software. */
export function ackAfter(w: VgicLists, lr: Lr, deactivated: boolean): void {
  if (deactivated && w.form.ack[w.host] === 'deactivated') ackEoi(w, lr);
}

/** An acknowledgement is one step, which waits for the locks that the lowering of the line takes. `irq` is a handle + 1. */
export const isAckBusy = (w: VgicLists, lr: Lr, { irq }: { readonly irq: number }): boolean =>
  acksSpi(lr, w.spis) && isInputBusy(w, w.irqs.at(irq - 1));

/** EOIs to replay beyond the LRs; the count is known only if the hardware was asked to report it. */
export const eoisOf = (w: VgicLists, { hcr }: CpuInterface): number =>
  w.form.overflow !== 'underflow' && hcr.lrenpie === 1 ? hcr.eoiCount : 0;

/** Where the replay of EOIs starts. */
function startWalk(m: VgicMachine, f: FoldFrame): void {
  const w = vgicOf(m, f);
  const c = cpuOf(m, f);
  c.used = 0;
  f.walking = 1;
  f.eois = eoisOf(w, c);
  if (w.form.overflow === 'head-walk') f.irq = w.apLists.at(f.vcpu).first;
  else f.irq = c.last === 0 ? 0 : w.irqs.at(c.last - 1).next;
}

const isReplayed = (w: VgicLists, f: FoldFrame, i: Irq): boolean => targetOf(w, i) === f.vcpu + 1 && i.active === 1;

/** An active interrupt of this vCPU gets an LR in which it is no longer active. */
function makePseudo(m: VgicMachine, f: FoldFrame): void {
  const w = vgicOf(m, f);
  const i = irqOf(m, f);
  f.next = i.next;
  f.deactivated = isReplayed(w, f, i) ? 1 : 0;
  if (f.deactivated === 0) return;
  const { pseudo } = cpuOf(m, f);
  computeLr(i, pseudo, w.v2);
  pseudo.state &= ~LR_STATE.ACTIVE;
  f.eois--;
}

/** Linux: no lock is held between the pseudo LR and its fold, nor over the walk. */
function afterPseudo(m: VgicMachine, f: FoldFrame): Outcome<'ackEarly' | 'isWalkDone'> {
  if (f.deactivated === 0) {
    f.irq = f.next;
    return 'isWalkDone';
  }
  const { pseudo } = cpuOf(m, f);
  if (pseudo.hw === 1) vgicOf(m, f).physical.deactivate(pseudo.pintid);
  return 'ackEarly';
}

/** The fold of kvm_vgic_sync_hwstate on vCPU `vcpu`, interrupts off. */
export const vgicFoldLrState = protocol(
  'vgic_fold_lr_state',
  FOLD_LOCALS,
  (p: Combinators<VgicMachine, FoldFrame>) => ({
    begin(_m, f) {
      if (f.goesOn === 0) f.lr = 0;
      f.goesOn = 0;
      f.walking = 0;
    },
    find(m, f): Outcome<'startWalk' | 'advance'> {
      if (f.lr >= cpuOf(m, f).used) return 'startWalk';
      f.irq = vgicOf(m, f).find(f.vcpu, lrOf(m, f).intid) + 1;
      return f.irq === 0 ? 'advance' : undefined;
    },
    ackEarly(m, f): Outcome<never> {
      if (isAckBusy(vgicOf(m, f), lrOf(m, f), f)) return BLOCKED;
      ackBefore(vgicOf(m, f), lrOf(m, f));
    },
    ...p.spinlocked('irq', irqLockOf, {
      fold(m, f) {
        const w = vgicOf(m, f);
        f.deactivated = foldLr(irqOf(m, f), lrOf(m, f), w) ? 1 : 0;
      },
    }),
    ackLate(m, f): Outcome<never> {
      if (isAckBusy(vgicOf(m, f), lrOf(m, f), f)) return BLOCKED;
      ackAfter(vgicOf(m, f), lrOf(m, f), f.deactivated === 1);
    },
    advance(_m, f): Outcome<'find' | 'isWalkDone'> {
      if (f.walking === 0) {
        f.lr++;
        return 'find';
      }
      f.irq = f.next;
      return 'isWalkDone';
    },
    startWalk,
    isWalkDone: (_m, f) => (f.eois === 0 || f.irq === 0 ? DONE : undefined),
    ...p.spinlocked('replayed irq', irqLockOf, { makePseudo }),
    afterPseudo,
  }),
);
