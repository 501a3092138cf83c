// List registers are filled before a vCPU enters its guest. Linux: arch/arm64/kvm/vgic/vgic.c vgic_flush_lr_state, vgic_sort_ap_list.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { BLOCKED, type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { INTID, type Irq } from '../irq/layout.ts';
import type { CpuInterface } from '../lr/layout.ts';
import { clearLr, lrWeight, populateLr } from '../lr/populate.ts';
import { sortList } from './ap-list.ts';
import { targetOf, type VgicLists, type VgicMachine, vgicOf } from './world.ts';

const { protocol } = protocolsOn<VgicMachine>();

/** What the list holds: `pending`, `active`, `sgis` of this vCPU; `weight` in LRs, `many` if an SGI has several senders. `irq` is a handle + 1, `floor` the priority of the SGI before, + 1; `stop` ends the walk. */
export const FLUSH_LOCALS = {
  vm: u8,
  vcpu: u16,
  irq: u16,
  filled: u8,
  floor: u16,
  pending: u16,
  active: u16,
  sgis: u8,
  weight: u16,
  many: u1,
  stop: u1,
} as const;
export type FlushFrame = { -readonly [K in keyof typeof FLUSH_LOCALS]: number };

const listOf = (m: VgicMachine, f: FlushFrame) => vgicOf(m, f).apLists.at(f.vcpu);
const irqOf = (m: VgicMachine, f: FlushFrame): Irq => vgicOf(m, f).irqs.at(f.irq - 1);

/** Whether somebody holds the lock of an interrupt on the list: steps that look at all of them take each in turn. */
export function isListBusy({ apLists, irqs }: VgicLists, vcpu: number): boolean {
  for (let at = apLists.at(vcpu).first; at !== 0; at = irqs.at(at - 1).next)
    if (irqs.at(at - 1).irqLock.holder !== 0) return true;
  return false;
}

/** What is on the list, counted. */
export function summarise(w: VgicLists, f: FlushFrame): void {
  f.filled = f.floor = f.pending = f.active = f.sgis = f.weight = f.many = f.stop = 0;
  for (let at = w.apLists.at(f.vcpu).first; at !== 0; ) {
    const i = w.irqs.at(at - 1);
    at = i.next;
    const weight = lrWeight(i);
    f.weight += weight;
    if (weight > 1) f.many = 1;
    if (targetOf(w, i) !== f.vcpu + 1) continue;
    if (i.active === 1) f.active++;
    else f.pending++;
    if (i.intid < INTID.PPI) f.sgis++;
  }
}

/** Linux: 6.x counts an SGI once per sender and whatever is on the list, 7.x only what is for this vCPU. */
export const needsSort = (w: VgicLists, f: FlushFrame): boolean =>
  w.form.sgisFirst ? f.weight > w.nrLr || f.many === 1 : f.pending + f.active > w.nrLr;

/** Before the first interrupt. */
export function startFilling(w: VgicLists, f: FlushFrame): void {
  const c = w.interfaces.at(f.vcpu);
  f.irq = w.apLists.at(f.vcpu).first;
  c.last = 0;
  c.hcr.uie = 0;
}

/** The interrupt of the frame goes into the next LR, if it is for this vCPU. */
export function populate(w: VgicLists, f: FlushFrame): void {
  const i = w.irqs.at(f.irq - 1);
  if (w.form.sgisFirst && f.many === 1 && f.floor !== 0 && i.priority >= f.floor) {
    f.stop = 1;
    return;
  }
  if (targetOf(w, i) !== f.vcpu + 1) return;
  populateLr(i, w.interfaces.at(f.vcpu).lrs.at(f.filled++), w.v2, w.form);
  if (i.source !== 0) f.floor = i.priority + 1;
}

/** All LRs are full: which interrupt has the last one, or that more are waiting. */
function noteLast(w: VgicLists, f: FlushFrame): void {
  const c = w.interfaces.at(f.vcpu);
  if (w.form.overflow === 'underflow') c.hcr.uie = w.irqs.at(f.irq - 1).next === 0 ? 0 : 1;
  else {
    w.getRef(f.irq - 1);
    c.last = f.irq;
  }
}

/** Goes on to the next interrupt: false if no more are taken. */
export function goOn(w: VgicLists, f: FlushFrame): boolean {
  const isFull = f.stop === 0 && f.filled === w.nrLr;
  if (isFull) noteLast(w, f);
  f.irq = w.irqs.at(f.irq - 1).next;
  return !isFull && f.stop === 0;
}

/** vgic_v3_configure_hcr and vgic_v2_configure_hcr: which changes the hardware has to report. */
function configure(w: VgicLists, f: FlushFrame, { hcr, vmcr }: CpuInterface): void {
  hcr.en = 1;
  hcr.eoiCount = 0;
  if (w.form.overflow === 'underflow') return;
  const isOver = f.pending + f.active > w.nrLr;
  hcr.npie = f.pending > w.nrLr ? 1 : 0;
  hcr.lrenpie = f.active > 0 && isOver ? 1 : 0;
  hcr.uie = isOver ? 1 : 0;
  hcr.group0Off = vmcr.enable0;
  hcr.group0On = 1 - vmcr.enable0;
  hcr.group1Off = vmcr.enable1;
  hcr.group1On = 1 - vmcr.enable1;
  if (w.host !== 3) return;
  hcr.sgiEoiCount = f.sgis === 0 ? 1 : 0;
  hcr.tdir = !w.hasTdir || hcr.lrenpie === 1 || w.counters.activeSpis > 0 ? 1 : 0;
}

/** After the last interrupt. LRs that were in use and no longer are become empty; the others are empty already. */
export function finish(w: VgicLists, f: FlushFrame): void {
  const c = w.interfaces.at(f.vcpu);
  for (let n = f.filled; n < c.dirty; n++) clearLr(c.lrs.at(n));
  c.used = f.filled;
  c.dirty = f.filled;
  configure(w, f, c);
}

/** kvm_vgic_flush_hwstate of vCPU `vcpu`, interrupts off. */
export const vgicFlushLrState = protocol(
  'vgic_flush_lr_state',
  FLUSH_LOCALS,
  (p: Combinators<VgicMachine, FlushFrame>) => ({
    ...p.spinlocked('ap', (m, f) => listOf(m, f).apLock, {
      summarise(m, f): Outcome<never> {
        if (isListBusy(vgicOf(m, f), f.vcpu)) return BLOCKED;
        summarise(vgicOf(m, f), f);
      },
      sort(m, f): Outcome<never> {
        const w = vgicOf(m, f);
        if (!needsSort(w, f)) return;
        if (isListBusy(w, f.vcpu)) return BLOCKED;
        sortList(w, f.vcpu);
      },
      first: (m, f) => startFilling(vgicOf(m, f), f),
      isEnd: (_m, f): Outcome<'finish'> => (f.irq === 0 ? 'finish' : undefined),
      ...p.spinlocked('irq', (m, f) => irqOf(m, f).irqLock, { populate: (m, f) => populate(vgicOf(m, f), f) }),
      next: (m, f): Outcome<'isEnd' | 'finish'> => (goOn(vgicOf(m, f), f) ? 'isEnd' : 'finish'),
      finish: (m, f) => finish(vgicOf(m, f), f),
    }),
  }),
);
