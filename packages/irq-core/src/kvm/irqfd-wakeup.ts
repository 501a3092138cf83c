// An event on an irqfd's eventfd: the fast path in the writer's context, or the work item. Linux: virt/kvm/eventfd.c irqfd_wakeup.

import { u8, u16 } from '../arena/index.ts';
import { EWOULDBLOCK } from '../errors.ts';
import { BLOCKED, protocolsOn } from '../protocol/index.ts';
import { ROUTE, type Route } from './arch.ts';
import { queueInject } from './irqfd-list.ts';
import { deactivateAndQueueShutdown } from './irqfd-shutdown.ts';
import { type Irqfd, RoutingEntry } from './layout.ts';
import { copyRoute } from './routing.ts';
import { SOURCE } from './sources.ts';
import type { KvmParts, KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

const isOdd = (n: number): boolean => (n & 1) === 1;

/**
 * A deactivated irqfd no longer hears of routing updates, so its snapshot is not to be used (b4d37cdb77a0). Kernels before that
 * fix clear the type instead, and only at deassign.
 */
const mayUseSnapshot = (k: KvmParts, irqfd: Irqfd): boolean => k.profile.deassignClearsRoute || irqfd.active === 1;

/** Tries the fast path with a route, else queues the work, which uses the routing table of its own time. */
function inject(k: KvmParts, handle: number, route: Route): void {
  const irqfd = k.state.irqfds.at(handle);
  const { setGsi, setIrqInatomic } = k.arch();
  const fast = (route.type !== ROUTE.NONE || setGsi !== undefined) && mayUseSnapshot(k, irqfd);
  const decided = !fast
    ? -EWOULDBLOCK
    : setGsi === undefined
      ? setIrqInatomic(route, SOURCE.USERSPACE, 1)
      : setGsi(irqfd.gsi, SOURCE.USERSPACE, 1);
  if (decided === -EWOULDBLOCK) queueInject(k, handle);
}

/** The locks of the interrupt controller are taken in the writer's context. */
const isBusy = (k: KvmParts, route: Route): boolean => k.arch().isBusy?.(route) === true;

/** The wake-up with its interleaving points: the snapshot is copied in two steps, and again if it was written meanwhile. */
export const irqfdWakeup = protocol(
  'irqfd_wakeup',
  { vm: u8, section: u8, irqfd: u16, seq: u16, copy: RoutingEntry },
  (p) => ({
    ...p.reading('irq_srcu', (m, f) => m.kvms[f.vm].state.irqSrcu, 'section', {
      readBegin(m, f) {
        const { seq } = m.kvms[f.vm].state.irqfds.at(f.irqfd);
        if (isOdd(seq)) return BLOCKED;
        f.seq = seq;
        return undefined;
      },
      copyType(m, f) {
        f.copy.type = m.kvms[f.vm].state.irqfds.at(f.irqfd).route.type;
      },
      copyMessage(m, f) {
        const { type } = f.copy;
        copyRoute(f.copy, m.kvms[f.vm].state.irqfds.at(f.irqfd).route);
        f.copy.type = type;
      },
      readRetry: (m, f) => (m.kvms[f.vm].state.irqfds.at(f.irqfd).seq === f.seq ? undefined : 'readBegin'),
      inject(m, f) {
        if (isBusy(m.kvms[f.vm], f.copy)) return BLOCKED;
        inject(m.kvms[f.vm], f.irqfd, f.copy);
        return undefined;
      },
    }),
    leaveWriter(m, f) {
      m.kvms[f.vm].state.irqfds.at(f.irqfd).waking--;
    },
  }),
);

/** Starts {@link irqfdWakeup} as a process; the irqfd stays on the wait queue until it is done. */
export function startWakeup(k: KvmParts, handle: number): void {
  k.state.irqfds.at(handle).waking++;
  k.spawn(irqfdWakeup, { vm: k.vm, irqfd: handle });
}

/**
 * irqfd_wakeup with EPOLLIN, in one go: consumes the counter, tries the fast path, else queues the work. The fast path does not
 * know resamplers (T35). While the snapshot is being written, or the interrupt controller is locked, the writer of the eventfd spins: the rest runs as a process.
 */
export function wakeup(k: KvmParts, handle: number): boolean {
  const irqfd = k.state.irqfds.at(handle);
  k.eventfds.take(irqfd.eventfd);
  if (isOdd(irqfd.seq) || isBusy(k, irqfd.route)) startWakeup(k, handle);
  else inject(k, handle, irqfd.route);
  return true;
}

const isActive = (k: KvmParts, handle: number): boolean => k.state.irqfds.at(handle).active === 1;

/** irqfd_wakeup with EPOLLHUP while another CPU holds irqfds.lock. */
export const irqfdHangup = protocol('irqfd_wakeup (EPOLLHUP)', { vm: u8, irqfd: u16 }, (p) => ({
  ...p.locked('irqfds', (m, f) => m.kvms[f.vm].state.irqfdsLock, {
    deactivateIfActive(m, f) {
      const k = m.kvms[f.vm];
      if (isActive(k, f.irqfd)) deactivateAndQueueShutdown(k, f.irqfd);
    },
  }),
  leaveCloser(m, f) {
    m.kvms[f.vm].state.irqfds.at(f.irqfd).waking--;
  },
}));

/** irqfd_wakeup with EPOLLHUP: the last descriptor of the eventfd is closed, the irqfd goes. */
export function hangup(k: KvmParts, handle: number): void {
  if (k.state.irqfdsLock.holder === 0) {
    if (isActive(k, handle)) deactivateAndQueueShutdown(k, handle);
    return;
  }
  k.state.irqfds.at(handle).waking++;
  k.spawn(irqfdHangup, { vm: k.vm, irqfd: handle });
}
