// Who is registered: at most one producer and one consumer per eventfd, system-wide. Linux: virt/lib/irqbypass.c.

import type { Pool } from '../arena/index.ts';
import { EBUSY, EINVAL, ENOMEM } from '../errors.ts';
import type { BypassParts } from './connection.ts';

function find(pool: Pool<{ eventfd: number }>, eventfd: number): number {
  for (let i = pool.next(0); i >= 0; i = pool.next(i + 1))
    if (pool.slot(i).eventfd === eventfd) return pool.handleOf(i);
  return 0;
}

/** Producer on an eventfd, 0 if none. */
export const producerOn = (b: BypassParts, eventfd: number): number => find(b.state.producers, eventfd);
/** Consumer on an eventfd, 0 if none. */
export const consumerOn = (b: BypassParts, eventfd: number): number => find(b.state.consumers, eventfd);

/** Consumer of an irqfd, 0 if it never registered. */
export function consumerOf({ state: { consumers } }: BypassParts, vm: number, irqfd: number): number {
  for (let i = consumers.next(0); i >= 0; i = consumers.next(i + 1)) {
    const c = consumers.slot(i);
    if (c.vm === vm && c.irqfd === irqfd) return consumers.handleOf(i);
  }
  return 0;
}

/** Registers a producer without connecting it: its handle, -EINVAL without eventfd, -EBUSY for a second one, -ENOMEM. */
export function insertProducer(b: BypassParts, p: { eventfd: number; irq: number; owner: number }): number {
  if (p.eventfd === 0) return -EINVAL;
  if (producerOn(b, p.eventfd) !== 0) return -EBUSY;
  const h = b.state.producers.alloc();
  if (h === 0) return -ENOMEM;
  const producer = b.state.producers.at(h);
  producer.eventfd = p.eventfd;
  producer.irq = p.irq;
  producer.owner = p.owner;
  return h;
}

/** Registers a consumer without connecting it; errors as for producers. */
export function insertConsumer(b: BypassParts, c: { eventfd: number; vm: number; irqfd: number }): number {
  if (c.eventfd === 0) return -EINVAL;
  if (consumerOn(b, c.eventfd) !== 0) return -EBUSY;
  const h = b.state.consumers.alloc();
  if (h === 0) return -ENOMEM;
  const consumer = b.state.consumers.at(h);
  consumer.eventfd = c.eventfd;
  consumer.vm = c.vm;
  consumer.irqfd = c.irqfd;
  return h;
}
