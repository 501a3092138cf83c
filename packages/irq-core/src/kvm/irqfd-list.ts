// The list of active irqfds of a VM (kvm->irqfds.items) and what is done to one of its members under irqfds.lock.

import { ROUTE } from './arch.ts';
import { irqfdInject } from './irqfd-inject.ts';
import type { Irqfd } from './layout.ts';
import { copyRoute } from './routing.ts';
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

/**
 * irqfd_update: the only route of the GSI, or "none" when there are several or no routes. Under irqfds.lock; the sequence count is odd
 * while the snapshot is being written.
 */
export function refreshRoute(k: KvmParts, irqfd: Irqfd): void {
  beginRouteWrite(k, irqfd);
  endRouteWrite(k, irqfd);
}

/** First half of {@link refreshRoute}: the type. */
export function beginRouteWrite(k: KvmParts, irqfd: Irqfd): void {
  irqfd.seq++;
  const index = k.routing.sole(irqfd.gsi);
  irqfd.route.type = index === 0 ? ROUTE.NONE : k.routing.entry(k.state.table, index).type;
}

/** Second half of {@link refreshRoute}: target and message. */
export function endRouteWrite(k: KvmParts, irqfd: Irqfd): void {
  const index = k.routing.sole(irqfd.gsi);
  if (index !== 0) copyRoute(irqfd.route, k.routing.entry(k.state.table, index));
  irqfd.seq++;
}

/** Queues the inject work; a second queueing before it runs is the same work. */
export function queueInject(k: KvmParts, handle: number): void {
  const irqfd = k.state.irqfds.at(handle);
  if (irqfd.injectQueued === 1) return;
  irqfd.injectQueued = 1;
  k.spawn(irqfdInject, { vm: k.vm, irqfd: handle });
}

/** Drops the eventfds and the irqfd itself. */
export function freeIrqfd(k: KvmParts, handle: number): void {
  const { eventfd, resamplefd } = k.state.irqfds.at(handle);
  if (resamplefd !== 0) k.eventfds.put(resamplefd);
  k.eventfds.put(eventfd);
  k.state.irqfds.free(handle);
}

/**
 * Whether a consumer can come or go now: under the bypass mutex, and since 6.15 (and stable) under irqfds.lock. Without that lock a
 * routing update in its middle races with it.
 */
export const producersMayChange = (k: KvmParts): boolean =>
  k.bypass()?.busy() !== true && (!k.profile.bypassTakesIrqfdsLock || k.state.irqfdsLock.holder === 0);
