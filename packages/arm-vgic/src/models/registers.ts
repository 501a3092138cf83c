// A guest's writes to distributor registers as the models need them, beside those of the distributor itself. Linux: vgic-mmio-v3.c vgic_mmio_write_irouter, vgic_mmio_write_v3_misc.

import { u8 } from '@virq/irq-core/arena';
import { BLOCKED, type Combinators, DONE, type Outcome, omit, protocolsOn } from '@virq/irq-core/protocol';
import { ARM_REQ } from '../context.ts';
import { writeRouter } from '../distributor/changes.ts';
import { WRITE } from '../distributor/writes.ts';
import type { Irq } from '../irq/layout.ts';
import { hasPendingIrq } from '../lists/pending.ts';
import { type Change, QUEUE_LOCALS, queueing, vgicQueueIrqUnlock } from '../lists/queue.ts';
import type { VgicLists } from '../lists/world.ts';
import { type ArmMachine, chipOf } from './machine.ts';

const { protocol } = protocolsOn<ArmMachine>();

/** `at` and `spis` are what a walk has still to look at: vCPUs, then SPIs. */
export const WRITE_LOCALS = { ...QUEUE_LOCALS, at: u8, spis: u8 } as const;
export type WriteFrame = { -readonly [K in keyof typeof WRITE_LOCALS]: number };

/** vgic_queue_irq_unlock of the frame's interrupt. */
export const queueAfter = (p: Combinators<ArmMachine, WriteFrame>) => p.include('queue', vgicQueueIrqUnlock as never);

/** GICD_IROUTER, `target` 1 + the vCPU's index or 0 for an affinity that nobody has. Queues the interrupt, which could not be before; the kernel's is WRITE.router. */
export const writeIrouter = queueing('vgic_mmio_write_irouter, queueing', (i, f, w) => {
  writeRouter(i, f, w);
  return true;
});
export const writeIrouterKernel = WRITE.router.protocol;

/** A write of one step to the interrupt of a frame; it waits for the lock. */
export const changing =
  (change: Change, args: Partial<WriteFrame> = {}) =>
  (m: ArmMachine, f: WriteFrame): Outcome<never> => {
    const i: Irq = chipOf(m, f.vm).irqs.at(f.irq);
    if (i.irqLock.holder !== 0) return BLOCKED;
    change(i, { ...f, level: 0, owner: 0, value: 0, target: 0, ...args }, chipOf(m, f.vm).lists);
    return undefined;
  };

/** Somebody holds a lock that kvm_vgic_vcpu_pending_irq takes. */
function isPendingBusy({ apLists, irqs }: VgicLists, vcpu: number): boolean {
  const { first, apLock } = apLists.at(vcpu);
  for (let at = first; at !== 0; at = irqs.at(at - 1).next) if (irqs.at(at - 1).irqLock.holder !== 0) return true;
  return apLock.holder !== 0;
}

/** vgic_kick_vcpus, one vCPU. */
function kickNext(m: ArmMachine, f: WriteFrame): Outcome<'kick'> {
  const { lists, context, options } = chipOf(m, f.vm);
  if (f.at === options.vcpus) return undefined;
  if (isPendingBusy(lists, f.at)) return BLOCKED;
  if (hasPendingIrq(lists, f.at)) context.kvm.vcpus.notify(f.at, ARM_REQ.IRQ_PENDING);
  f.at++;
  return 'kick';
}

/** GICD_CTLR off and on. Once it is on, vCPUs with something on their list are kicked, and what was pending while it was off is queued. `irq` is the first of `spis` SPIs. */
export const writeCtlr = protocol(
  'vgic_mmio_write_v3_misc',
  WRITE_LOCALS,
  (p: Combinators<ArmMachine, WriteFrame>) => ({
    disable(m, f) {
      chipOf(m, f.vm).state.dist.enabled = 0;
    },
    enable(m, f) {
      chipOf(m, f.vm).state.dist.enabled = 1;
    },
    kick: kickNext,
    nextSpi(_m, f): Outcome<never> {
      if (f.spis === 0) return DONE;
      f.spis--;
      f.changed = 0;
    },
    ...queueAfter(p),
    again(_m, f): Outcome<'nextSpi'> {
      f.irq++;
      return 'nextSpi';
    },
  }),
);
/** As the kernel has it: only lists are looked at. */
export const writeCtlrKernel = omit(
  writeCtlr,
  'nextSpi',
  ...writeCtlr.labels.filter((l) => l.startsWith('queue.')),
  'again',
);
