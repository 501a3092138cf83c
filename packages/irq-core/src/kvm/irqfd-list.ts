// The list of active irqfds of a VM (kvm->irqfds.items) and what is done to one of its members under irqfds.lock.

import { EWOULDBLOCK } from '../errors.ts';
import { ROUTE } from './arch.ts';
import { irqfdInject } from './irqfd-inject.ts';
import type { Irqfd } from './layout.ts';
import { copyRoute } from './routing.ts';
import { SOURCE } from './sources.ts';
import type { KvmParts } from './world.ts';

/** list_add_tail to items. */
export function activate(k: KvmParts, irqfd: number): void {
  const { state } = k;
  state.irqfds.at(irqfd).active = 1;
  if (state.items === 0) {
    state.items = irqfd;
    return;
  }
  let h = state.items;
  while (state.irqfds.at(h).next !== 0) h = state.irqfds.at(h).next;
  state.irqfds.at(h).next = irqfd;
}

/** Takes it off items; from here on a routing update does not see it. */
export function deactivate(k: KvmParts, irqfd: number): void {
  const { state } = k;
  const { next } = state.irqfds.at(irqfd);
  if (state.items === irqfd) state.items = next;
  else {
    let h = state.items;
    while (state.irqfds.at(h).next !== irqfd) h = state.irqfds.at(h).next;
    state.irqfds.at(h).next = next;
  }
  const f = state.irqfds.at(irqfd);
  f.next = 0;
  f.active = 0;
}

/** Active irqfd on an eventfd, 0 if none. */
export function findActive(k: KvmParts, eventfd: number): number {
  let h = k.state.items;
  while (h !== 0 && k.state.irqfds.at(h).eventfd !== eventfd) h = k.state.irqfds.at(h).next;
  return h;
}

/** irqfd_update: the only route of the GSI, or "none" when there are several or no routes. Under irqfds.lock, in a sequence count. */
export function refreshRoute(k: KvmParts, irqfd: Irqfd): void {
  const index = k.routing.sole(irqfd.gsi);
  irqfd.seq++;
  if (index === 0) irqfd.route.type = ROUTE.NONE;
  else copyRoute(irqfd.route, k.routing.entry(k.state.table, index));
}

/** Queues the inject work; a second queueing before it runs is the same work. */
export function queueInject(k: KvmParts, handle: number): void {
  const irqfd = k.state.irqfds.at(handle);
  if (irqfd.injectQueued === 1) return;
  irqfd.injectQueued = 1;
  k.spawn(irqfdInject, { vm: k.vm, irqfd: handle });
}

/**
 * irqfd_wakeup with EPOLLIN: consumes the counter, tries the fast path, else queues the work. Runs in the writer's context.
 * The fast path does not know resamplers (T35). Abstraction: the sequence count retry is one step, the lock is held with
 * interrupts off and the section has no call-outs.
 */
export function wakeup(k: KvmParts, handle: number): boolean {
  const irqfd = k.state.irqfds.at(handle);
  k.eventfds.read(irqfd.eventfd);
  const decided =
    irqfd.route.type === ROUTE.NONE ? -EWOULDBLOCK : k.arch().setIrqInatomic(irqfd.route, SOURCE.USERSPACE, 1);
  if (decided === -EWOULDBLOCK) queueInject(k, handle);
  return true;
}
