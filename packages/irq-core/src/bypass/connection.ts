// What connecting and disconnecting a producer and a consumer consists of. Linux: virt/lib/irqbypass.c __connect, __disconnect; arch/x86/kvm/irq.c.

import type { Irqfd, KvmParts, KvmWorld } from '../kvm/index.ts';
import { ROUTE } from '../kvm/index.ts';
import type { BypassState, Consumer } from './layout.ts';

/** Callbacks around a connection, in the order the manager calls them; all optional but add_producer and del_producer. */
export type BypassStep =
  | 'stop producer'
  | 'stop consumer'
  | 'add_consumer'
  | 'add_producer'
  | 'del_consumer'
  | 'del_producer'
  | 'start consumer'
  | 'start producer';

/** A producer and a consumer by their handles. */
export interface Pair {
  readonly producer: number;
  readonly consumer: number;
}

/** What the pieces work on. */
export interface BypassParts {
  readonly state: BypassState;
  readonly world: KvmWorld;
  /** Told of every callback, for tests and traces. */
  say(step: BypassStep): void;
}

function peerOf(b: BypassParts, pair: Pair): { k: KvmParts; c: Consumer; irqfd: Irqfd } {
  const c = b.state.consumers.at(pair.consumer);
  const k = b.world.kvms[c.vm] as KvmParts;
  return { k, c, irqfd: k.state.irqfds.at(c.irqfd) };
}

/** Whether add_producer and del_producer could take irqfds.lock now. */
export const irqfdsLockIsFree = (b: BypassParts, pair: Pair): boolean => {
  const { k } = peerOf(b, pair);
  return !k.profile.bypassTakesIrqfdsLock || k.state.irqfdsLock.holder === 0;
};

/** producer->stop: VFIO has none, so nothing but the mark. */
export function stopProducer(b: BypassParts, { producer }: Pair): void {
  b.say('stop producer');
  b.state.producers.at(producer).stopped = 1;
}

/** consumer->stop: nothing on x86; GICv4 halts the VM. */
export function stopConsumer(b: BypassParts, { consumer }: Pair): void {
  b.say('stop consumer');
  b.state.consumers.at(consumer).stopped = 1;
}

/** consumer->start. */
export function startConsumer(b: BypassParts, { consumer }: Pair): void {
  b.say('start consumer');
  b.state.consumers.at(consumer).stopped = 0;
}

/** producer->start. */
export function startProducer(b: BypassParts, { producer }: Pair): void {
  b.say('start producer');
  b.state.producers.at(producer).stopped = 0;
}

/**
 * kvm_arch_irq_bypass_add_producer: posts the interrupt if its route is an MSI. Returns 0 or negative errno, POWER's also 1.
 * Linux: on failure irqfd->producer stays set, so a later routing update tries again although nothing is connected.
 */
export function addProducer(b: BypassParts, pair: Pair, waits = false): number {
  b.say('add_producer');
  const { k, c, irqfd } = peerOf(b, pair);
  const { irq } = b.state.producers.at(pair.producer);
  const { addProducer: handOver, startAddProducer: start } = k.arch();
  if (handOver !== undefined) {
    const failed = waits && start !== undefined ? start(c.irqfd, irq) : handOver(irqfd.gsi, irq, c.irqfd);
    if (failed === 0) Object.assign(irqfd, { producer: pair.producer, hostIrq: irq });
    return failed;
  }
  irqfd.producer = pair.producer;
  irqfd.hostIrq = irq;
  k.state.bypassIrqs++;
  if (k.state.bypassIrqs === 1) k.arch().startBypass?.();
  const result = irqfd.route.type === ROUTE.MSI ? k.arch().updateIrte(c.irqfd, irq, irqfd.route) : 0;
  if (result < 0) k.state.bypassIrqs--;
  return Math.min(0, result);
}

/** kvm_arch_irq_bypass_del_producer: back to host mode, if the snapshot says that it was posted. A failure is only logged. */
export function delProducer(b: BypassParts, pair: Pair, waits = false): void {
  b.say('del_producer');
  const { k, c, irqfd } = peerOf(b, pair);
  const { hostIrq } = irqfd;
  const { delProducer: takeBack, startDelProducer: start, updateIrte } = k.arch();
  if (takeBack === undefined && irqfd.route.type === ROUTE.MSI) updateIrte(c.irqfd, hostIrq, null);
  irqfd.producer = 0;
  irqfd.hostIrq = 0;
  if (takeBack !== undefined) {
    const { irq } = b.state.producers.at(pair.producer);
    return waits && start !== undefined ? start(c.irqfd, irq) : takeBack(irqfd.gsi, irq, c.irqfd);
  }
  k.state.bypassIrqs--;
}

/** Both know each other. */
export function link(b: BypassParts, { producer, consumer }: Pair): void {
  const c = b.state.consumers.at(consumer);
  b.state.producers.at(producer).consumer = consumer;
  c.producer = producer;
  c.connected = 1;
}

/** Neither knows the other any more. */
export function unlink(b: BypassParts, { producer, consumer }: Pair): void {
  const c = b.state.consumers.at(consumer);
  b.state.producers.at(producer).consumer = 0;
  c.producer = 0;
  c.connected = 0;
}

/**
 * __connect in one go. Whatever comes of it, both are started again. Returns 0 or what add_producer returned. `waits`: the irqfd waits for a
 * hand-over that takes its time (Abstraction: the two count as connected meanwhile).
 */
export function connect(b: BypassParts, pair: Pair, waits = false): number {
  stopProducer(b, pair);
  stopConsumer(b, pair);
  b.say('add_consumer');
  const failed = addProducer(b, pair, waits);
  if (failed !== 0) b.say('del_consumer');
  startConsumer(b, pair);
  startProducer(b, pair);
  if (failed === 0) link(b, pair);
  return failed;
}

/** __disconnect in one go. */
export function disconnect(b: BypassParts, pair: Pair, waits = false): void {
  stopProducer(b, pair);
  stopConsumer(b, pair);
  delProducer(b, pair, waits);
  b.say('del_consumer');
  startConsumer(b, pair);
  startProducer(b, pair);
  unlink(b, pair);
}
