// State of the irqbypass manager: one for the whole host. Linux: virt/lib/irqbypass.c, struct irq_bypass_{producer,consumer}.

import { handle, pool, struct, u1, u8, u16, u32, type View } from '../arena/index.ts';
import { lock } from '../protocol/index.ts';

/** A producer: host irq `irq` signals `eventfd`; `owner` names the device vector to its driver. `stopped`: between stop and start. */
export const Producer = struct('producer', { eventfd: handle, irq: u32, owner: u16, consumer: handle, stopped: u1 });
export type Producer = View<typeof Producer>;

/** A consumer: an irqfd of a VM. */
export const Consumer = struct('consumer', {
  eventfd: handle,
  vm: u8,
  irqfd: handle,
  producer: handle,
  connected: u1,
  stopped: u1,
});
export type Consumer = View<typeof Consumer>;

/** `n` producers and as many consumers, under one global mutex. */
export const bypassLayout = (n: number) =>
  struct('bypass', { guard: lock, producers: pool(Producer, n), consumers: pool(Consumer, n) });
export type BypassState = View<ReturnType<typeof bypassLayout>>;
