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

/** `lr` is the next list register, `walking` says they are done and the list follows, `irq` is a handle + 1, `eois` counts EOIs to replay. */
export const FOLD_LOCALS = {
  vm: u8,
  vcpu: u16,
  lr: u8,
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

/** The frame of a fold as far as its acknowledgement goes: `irq` is a handle + 1. */
interface Folded {
  readonly irq: number;
  readonly deactivated: number;
}

/** Tells the irqfds of the LR's SPI that the guest has ended it, in one step; it waits for the locks that the lowering of the line takes. */
export function ackEoi(w: VgicLists, lr: Lr, f: Folded): Outcome<never> {
  if (!acksSpi(lr, w.spis)) return undefined;
  if (isInputBusy(w, w.irqs.at(f.irq - 1))) return BLOCKED;
  w.notifyAcked(lr.intid - INTID.SPI);
  if (w.form.ack[w.host] === 'deactivated' && w.counters.activeSpis > 0) w.counters.activeSpis--;
  return undefined;
}

/** Before the fold, whatever software knew of the interrupt. */
export const ackBefore = (w: VgicLists, lr: Lr, f: Folded): Outcome<never> =>
  w.form.ack[w.host] === 'always' ? ackEoi(w, lr, f) : undefined;

/** After it, only for an interrupt that software knew as active. */
export const ackAfter = (w: VgicLists, lr: Lr, f: Folded): Outcome<never> =>
  w.form.ack[w.host] === 'deactivated' && f.deactivated === 1 ? ackEoi(w, lr, f) : undefined;

/** Where the replay of EOIs starts; the count is known only if the hardware was asked to report it. */
function startWalk(m: VgicMachine, f: FoldFrame): void {
  const w = vgicOf(m, f);
  const c = cpuOf(m, f);
  c.used = 0;
  f.walking = 1;
  f.eois = w.form.overflow !== 'underflow' && c.hcr.lrenpie === 1 ? c.hcr.eoiCount : 0;
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
      f.lr = 0;
      f.walking = 0;
    },
    find(m, f): Outcome<'startWalk' | 'advance'> {
      if (f.lr >= cpuOf(m, f).used) return 'startWalk';
      f.irq = vgicOf(m, f).find(f.vcpu, lrOf(m, f).intid) + 1;
      return f.irq === 0 ? 'advance' : undefined;
    },
    ackEarly: (m, f) => ackBefore(vgicOf(m, f), lrOf(m, f), f),
    ...p.spinlocked('irq', irqLockOf, {
      fold(m, f) {
        const w = vgicOf(m, f);
        f.deactivated = foldLr(irqOf(m, f), lrOf(m, f), w) ? 1 : 0;
      },
    }),
    ackLate: (m, f) => ackAfter(vgicOf(m, f), lrOf(m, f), f),
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
