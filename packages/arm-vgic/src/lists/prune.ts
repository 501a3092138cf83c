// A vCPU takes off its list what has nothing to do there any more, and passes on what belongs to another. Linux: arch/arm64/kvm/vgic/vgic.c vgic_prune_ap_list.

import { u8, u16 } from '@virq/irq-core/arena';
import { assert, type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import type { Irq } from '../irq/layout.ts';
import { append, remove } from './ap-list.ts';
import { targetOf, type VgicMachine, vgicOf } from './world.ts';

const { protocol } = protocolsOn<VgicMachine>();

/** `irq` and `next` are handles + 1. `to` is 1 + the vCPU that the interrupt goes to, `kick` the same once it has gone. */
export const PRUNE_LOCALS = { vm: u8, vcpu: u16, irq: u16, next: u16, to: u16, kick: u16 } as const;
type PruneFrame = { -readonly [K in keyof typeof PRUNE_LOCALS]: number };

const listOf = (m: VgicMachine, f: PruneFrame) => vgicOf(m, f).apLists.at(f.vcpu);
const irqOf = (m: VgicMachine, f: PruneFrame): Irq => vgicOf(m, f).irqs.at(f.irq - 1);
const irqLockOf = (m: VgicMachine, f: PruneFrame) => irqOf(m, f).irqLock;

/** Of two list locks the one of the lower vcpu_id comes first. */
function apLockOf(m: VgicMachine, f: PruneFrame, first: boolean) {
  const w = vgicOf(m, f);
  const other = f.to - 1;
  const isOwn = w.idOf(f.vcpu) < w.idOf(other) === first;
  return w.apLists.at(isOwn ? f.vcpu : other).apLock;
}

function look(m: VgicMachine, f: PruneFrame): void {
  const w = vgicOf(m, f);
  const i = irqOf(m, f);
  assert(i.vcpu === f.vcpu + 1, `INTID ${i.intid} is on the list of vCPU ${f.vcpu} and says vCPU ${i.vcpu - 1}`);
  f.next = i.next;
  const to = targetOf(w, i);
  f.to = to === f.vcpu + 1 ? 0 : to;
  if (f.to !== 0) w.getRef(f.irq - 1);
  if (to !== 0) return;
  remove(w.irqs, listOf(m, f), f.irq - 1);
  i.vcpu = 0;
  w.putRef(f.irq - 1);
}

function move(m: VgicMachine, f: PruneFrame): void {
  const w = vgicOf(m, f);
  const i = irqOf(m, f);
  if (i.vcpu !== f.vcpu + 1 || targetOf(w, i) !== f.to) return;
  remove(w.irqs, listOf(m, f), f.irq - 1);
  append(w.irqs, w.apLists.at(f.to - 1), f.irq - 1);
  i.vcpu = f.to;
  f.kick = f.to;
}

/** vgic_prune_ap_list of vCPU `vcpu`, by its own thread. */
export const vgicPruneApList = protocol(
  'vgic_prune_ap_list',
  PRUNE_LOCALS,
  (p: Combinators<VgicMachine, PruneFrame>) => ({
    ...p.spinlocked('ap', (m, f) => listOf(m, f).apLock, {
      first(m, f) {
        f.to = 0;
        f.kick = 0;
        f.irq = listOf(m, f).first;
      },
      isEnd: (_m, f): Outcome<'forgetLast'> => (f.irq === 0 ? 'forgetLast' : undefined),
      ...p.spinlocked('irq', irqLockOf, { look }),
      next(_m, f): Outcome<'isEnd' | 'unlock ap'> {
        if (f.to !== 0) return 'unlock ap';
        f.irq = f.next;
        return 'isEnd';
      },
      forgetLast(m, f) {
        const c = vgicOf(m, f).interfaces.at(f.vcpu);
        if (c.last !== 0) vgicOf(m, f).putRef(c.last - 1);
        c.last = 0;
      },
    }),
    isDone: (_m, f) => (f.to === 0 ? DONE : undefined),
    ...p.spinlocked('lower ap', (m, f) => apLockOf(m, f, true), {
      ...p.spinlocked('higher ap', (m, f) => apLockOf(m, f, false), {
        ...p.spinlocked('moving irq', irqLockOf, { move }),
      }),
    }),
    release(m, f): Outcome<'lock ap'> {
      vgicOf(m, f).putRef(f.irq - 1);
      if (f.kick !== 0) vgicOf(m, f).kick(f.kick - 1);
      return 'lock ap';
    },
  }),
);
