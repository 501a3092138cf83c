// KVM_IRQFD, deassign, and the work item that takes an irqfd apart. Linux: virt/kvm/eventfd.c kvm_irqfd_deassign, irqfd_shutdown.

import { u8, u16, u32 } from '../arena/index.ts';
import { BLOCKED, protocolsOn } from '../protocol/index.ts';
import { ROUTE } from './arch.ts';
import { deactivate, freeIrqfd, producersMayChange } from './irqfd-list.ts';
import { irqfdResamplerShutdown } from './resampler.ts';
import type { KvmParts, KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** Takes an irqfd apart; the order of the steps is what makes it safe (1.6.8). */
export const irqfdShutdown = protocol('irqfd_shutdown', { vm: u8, old: u8, irqfd: u16 }, (p) => ({
  ...p.synchronize('irq_srcu', (m, f) => m.kvms[f.vm].state.irqSrcu, 'old'),
  leaveWaitQueue(m, f) {
    const k = m.kvms[f.vm];
    const irqfd = k.state.irqfds.at(f.irqfd);
    if (irqfd.waking > 0) return BLOCKED;
    if (irqfd.waiter !== 0) k.eventfds.unwait(irqfd.eventfd, irqfd.waiter);
    irqfd.waiter = 0;
    return undefined;
  },
  flushInject(m, f) {
    const irqfd = m.kvms[f.vm].state.irqfds.at(f.irqfd);
    return irqfd.injectQueued === 1 || irqfd.injecting === 1 ? BLOCKED : undefined;
  },
  hasResampler: (m, f) => (m.kvms[f.vm].state.irqfds.at(f.irqfd).resampler === 0 ? 'unregisterConsumer' : undefined),
  ...p.include('resampler', irqfdResamplerShutdown),
  unregisterConsumer(m, f) {
    const k = m.kvms[f.vm];
    const irqfd = k.state.irqfds.at(f.irqfd);
    if (irqfd.consumer === 0) return irqfd.irteBusy === 1 ? BLOCKED : undefined;
    if (!producersMayChange(k)) return BLOCKED;
    k.bypass()?.unregisterConsumer(k.vm, f.irqfd);
    if (irqfd.irteBusy === 0) return undefined;
    irqfd.consumer = 0;
    return 'unregisterConsumer';
  },
  free: (m, f) => freeIrqfd(m.kvms[f.vm], f.irqfd),
  nextWork(m, f) {
    const k = m.kvms[f.vm];
    f.irqfd = nextQueued(k);
    if (f.irqfd === 0) {
      k.state.cleanupWorkers--;
      return undefined;
    }
    k.state.irqfds.at(f.irqfd).shuttingDown = 1;
    return 'flip irq_srcu';
  },
}));

/**
 * Shutdowns of one VM that run at once; the others wait for a worker to be done. Abstraction: the kernel's workqueue
 * kvm-irqfd-cleanup runs hundreds; more than these add interleavings and no new behaviour.
 */
export const CLEANUP_WORKERS = 4;

/** irqfd_deactivate: off the list, shutdown queued. Under irqfds.lock. */
export function deactivateAndQueueShutdown(k: KvmParts, irqfd: number): void {
  deactivate(k, irqfd);
  k.state.irqfds.at(irqfd).shutdownQueued = 1;
  if (k.state.cleanupWorkers === CLEANUP_WORKERS) return;
  k.state.cleanupWorkers++;
  k.state.irqfds.at(irqfd).shuttingDown = 1;
  k.spawn(irqfdShutdown, { vm: k.vm, irqfd });
}

/** Handle of an irqfd whose shutdown is queued and that no worker has taken, 0 if there is none. */
function nextQueued(k: KvmParts): number {
  const { irqfds } = k.state;
  for (let i = irqfds.next(0); i >= 0; i = irqfds.next(i + 1)) {
    const irqfd = irqfds.slot(i);
    if (irqfd.shutdownQueued === 1 && irqfd.shuttingDown === 0) return irqfds.handleOf(i);
  }
  return 0;
}

const anyShutdown = (k: KvmParts): boolean => k.state.cleanupWorkers > 0;

/** Deassigns every active irqfd with this eventfd and GSI, then waits for the shutdown work. No match is success (T23). */
export const kvmIrqfdDeassign = protocol('kvm_irqfd_deassign', { vm: u8, fd: u16, gsi: u32 }, (p) => ({
  ...p.locked('irqfds', (m, f) => m.kvms[f.vm].state.irqfdsLock, {
    deactivateMatches(m, f) {
      const k = m.kvms[f.vm];
      for (let h = k.state.items; h !== 0; ) {
        const irqfd = k.state.irqfds.at(h);
        const match = irqfd.eventfd === f.fd && irqfd.gsi === f.gsi;
        if (match && k.profile.deassignClearsRoute) irqfd.route.type = ROUTE.NONE;
        const next = irqfd.next;
        if (match) deactivateAndQueueShutdown(k, h);
        h = next;
      }
    },
  }),
  flushCleanup: (m, f) => (anyShutdown(m.kvms[f.vm]) ? BLOCKED : undefined),
}));

/** kvm_irqfd_release, when the VM goes: deactivate all, wait for the shutdown work. */
export const kvmIrqfdRelease = protocol('kvm_irqfd_release', { vm: u8 }, (p) => ({
  ...p.locked('irqfds', (m, f) => m.kvms[f.vm].state.irqfdsLock, {
    deactivateAll(m, f) {
      const k = m.kvms[f.vm];
      while (k.state.items !== 0) deactivateAndQueueShutdown(k, k.state.items);
    },
  }),
  flushCleanup: (m, f) => (anyShutdown(m.kvms[f.vm]) ? BLOCKED : undefined),
}));
