// The irqbypass manager: brings an interrupt's producer (a VFIO vector) and its consumer (an irqfd) together by eventfd. Linux: virt/lib/irqbypass.c.

import { type BypassConsumers, KERNELS, type KernelVersion, type KvmWorld } from '../kvm/index.ts';
import type { Lock } from '../protocol/index.ts';
import { type BypassParts, type BypassStep, connect, disconnect } from './connection.ts';
import type { BypassState } from './layout.ts';
import { consumerOf, consumerOn, insertConsumer, insertProducer, producerOn } from './registry.ts';

/** The manager. Errors are negative errno. Its operations run in one go; beside other processes use {@link BYPASS_PROTOCOLS}. */
export interface Bypass extends BypassConsumers, BypassParts {
  readonly guard: Lock;
  /** irq_bypass_register_producer: the handle, -EBUSY for a second producer on the eventfd, or what connecting returned; 0 where that was positive. */
  registerProducer(eventfd: number, irq: number, owner: number): number;
  /** Disconnects and forgets a producer; an unknown handle is left alone. */
  unregisterProducer(producer: number): void;
  /** irqfd connected to a producer, as `{vm, irqfd}`, or null. */
  peerOf(producer: number): { readonly vm: number; readonly irqfd: number } | null;
}

/** What {@link createBypass} needs. */
export interface BypassInit {
  readonly state: BypassState;
  readonly world: KvmWorld;
  readonly kernel: KernelVersion;
  /** Called for every callback, for tests and traces. */
  readonly onStep?: (step: BypassStep) => void;
}

/** Creates the manager over zeroed state. */
export function createBypass({ state, world, kernel, onStep }: BypassInit): Bypass {
  const { producers, consumers } = state;
  const remembersPeers = KERNELS[kernel].bypassRegistry === 'xarray';
  const parts: BypassParts = { state, world, say: (step) => onStep?.(step) };

  return {
    ...parts,
    guard: state.guard,
    busy: () => state.guard.holder !== 0,
    registerProducer(eventfd, irq, owner) {
      const producer = insertProducer(parts, { eventfd, irq, owner });
      if (producer < 0) return producer;
      const consumer = consumerOn(parts, eventfd);
      const failed = consumer === 0 ? 0 : connect(parts, { producer, consumer });
      if (failed === 0) return producer;
      producers.free(producer);
      return Math.min(0, failed);
    },
    unregisterProducer(producer) {
      if (!producers.isLive(producer)) return;
      const { consumer } = producers.at(producer);
      if (consumer !== 0) disconnect(parts, { producer, consumer });
      producers.free(producer);
    },
    registerConsumer(vm, irqfd, eventfd) {
      const consumer = insertConsumer(parts, { eventfd, vm, irqfd });
      if (consumer < 0) return consumer;
      const producer = producerOn(parts, eventfd);
      const failed = producer === 0 ? 0 : connect(parts, { producer, consumer }, true);
      if (failed !== 0) consumers.free(consumer);
      return failed;
    },
    unregisterConsumer(vm, irqfd) {
      const consumer = consumerOf(parts, vm, irqfd);
      if (consumer === 0) return;
      const { connected, eventfd, producer: known } = consumers.at(consumer);
      const producer = remembersPeers ? known : producerOn(parts, eventfd);
      if (connected === 1 && producer !== 0) disconnect(parts, { producer, consumer }, true);
      consumers.free(consumer);
    },
    peerOf(producer) {
      const { consumer } = producers.at(producer);
      if (consumer === 0) return null;
      const { vm, irqfd } = consumers.at(consumer);
      return { vm, irqfd };
    },
  };
}
