// A changed interrupt is put on the list of the vCPU that has to see it. Linux: arch/arm64/kvm/vgic/vgic.c vgic_queue_irq_unlock, kvm_vgic_inject_irq.

import { u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { CONFIG, INTID, type Irq } from '../irq/layout.ts';
import { append } from './ap-list.ts';
import { targetOf, type VgicLists, type VgicMachine, vgicOf } from './world.ts';

const { protocol } = protocolsOn<VgicMachine>();

/**
 * `irq` is a handle; `level` and `owner` belong to an injection, with `value` and `target` to a register's write. `to` is 1 + the vCPU that has to have it,
 * `changed` says the change is made.
 */
export const QUEUE_LOCALS = {
  vm: u8,
  irq: u16,
  level: u1,
  owner: u8,
  value: u32,
  target: u16,
  to: u16,
  changed: u1,
  listed: u1,
  broadcast: u1,
} as const;
type QueueFrame = { -readonly [K in keyof typeof QUEUE_LOCALS]: number };

/** What a change is about. */
export type ChangeFrame = Readonly<Record<'level' | 'owner' | 'value' | 'target', number>>;
/** Changes an interrupt under its lock; true if it may have to be queued then. */
export type Change = (i: Irq, f: ChangeFrame, w: VgicLists) => boolean;

const irqOf = (m: VgicMachine, f: QueueFrame): Irq => vgicOf(m, f).irqs.at(f.irq);
const apLockOf = (m: VgicMachine, f: QueueFrame) => vgicOf(m, f).apLists.at(f.to - 1).apLock;

/** Linux: 7.x tells all vCPUs to trap DIR once there is an SPI that one of them could deactivate for another. */
function countsSpi(w: VgicLists, i: Irq): boolean {
  if (w.form.overflow === 'underflow' || w.host !== 3 || w.v2 || !w.hasTdir) return false;
  return i.intid >= INTID.SPI && i.intid < INTID.LPI;
}

/** Puts the interrupt on the list of vCPU `to` - 1; true if all vCPUs have to hear of it. */
export function putOnList(w: VgicLists, irq: number, to: number): boolean {
  const i = w.irqs.at(irq);
  w.getRef(irq);
  append(w.irqs, w.apLists.at(to - 1), irq);
  i.vcpu = to;
  return countsSpi(w, i) && w.counters.activeSpis++ === 0;
}

/** The path of a change that can make an interrupt deliverable, up to the kick: lock, change, queue. */
export const queueing = (name: string, change: Change) =>
  protocol(name, QUEUE_LOCALS, (p: Combinators<VgicMachine, QueueFrame>) => ({
    ...p.spinlocked('irq', (m, f) => irqOf(m, f).irqLock, {
      change(m, f): Outcome<'unlock irq'> {
        f.to = 0;
        if (f.changed === 0 && !change(irqOf(m, f), f, vgicOf(m, f))) return 'unlock irq';
        f.changed = 1;
      },
      decide(m, f) {
        f.to = targetOf(vgicOf(m, f), irqOf(m, f));
        f.listed = irqOf(m, f).vcpu === 0 ? 0 : 1;
      },
    }),
    leave(_m, f): Outcome<'kick'> {
      if (f.to === 0) return DONE;
      return f.listed === 1 ? 'kick' : undefined;
    },
    ...p.spinlocked('ap', apLockOf, {
      ...p.spinlocked('listed irq', (m, f) => irqOf(m, f).irqLock, {
        revalidate(m, f): Outcome<'unlock listed irq'> {
          const i = irqOf(m, f);
          return i.vcpu === 0 && targetOf(vgicOf(m, f), i) === f.to ? undefined : 'unlock listed irq';
        },
        put(m, f) {
          f.broadcast = putOnList(vgicOf(m, f), f.irq, f.to) ? 1 : 0;
          f.listed = 1;
        },
      }),
    }),
    retry: (_m, f): Outcome<'lock irq'> => (f.listed === 1 ? undefined : 'lock irq'),
    kick(m, f) {
      const w = vgicOf(m, f);
      if (f.broadcast === 1) w.kickAll();
      else w.kick(f.to - 1);
    },
  }));

/** A level counts if it changes, an edge if it rises; the owner of the wire has to be the one it has. */
export function drive(i: Irq, level: number, owner: number): boolean {
  if (i.owner !== owner) return false;
  if (i.config === CONFIG.LEVEL) {
    if (i.lineLevel === level) return false;
    i.lineLevel = level;
    return true;
  }
  if (level === 1) i.pendingLatch = 1;
  return level === 1;
}

/** kvm_vgic_inject_irq once the VGIC is initialised and the interrupt found. */
export const vgicInjectIrq = queueing('kvm_vgic_inject_irq', (i, f) => drive(i, f.level, f.owner));

/** vgic_queue_irq_unlock after a change that was made under the lock already, such as a write to ISACTIVER. */
export const vgicQueueIrqUnlock = queueing('vgic_queue_irq_unlock', () => true);
