// Producers coming and going beside everything else, step by step under the global mutex. Linux: virt/lib/irqbypass.c.

import { u8, u16, u32 } from '../arena/index.ts';
import type { KvmWorld } from '../kvm/index.ts';
import { type AnyProtocol, BLOCKED, protocolsOn } from '../protocol/index.ts';
import {
  addProducer,
  type BypassParts,
  delProducer,
  irqfdsLockIsFree,
  link,
  startConsumer,
  startProducer,
  stopConsumer,
  stopProducer,
  unlink,
} from './connection.ts';
import { consumerOn, insertProducer } from './registry.ts';

/** A machine with an irqbypass manager. */
export interface BypassWorld extends KvmWorld {
  readonly bypass: BypassParts;
}

const { protocol } = protocolsOn<BypassWorld>();

/** `ret` is an errno as a positive number, 0 for success. */
const PAIR = { ret: u8, producer: u16, consumer: u16 } as const;

/** __connect. Stop and start come in pairs whether or not add_producer succeeds (C-BYPASS-START). */
export const irqBypassConnect = protocol('irq_bypass_connect', PAIR, () => ({
  stopProducer: (m, f) => stopProducer(m.bypass, f),
  stopConsumer: (m, f) => stopConsumer(m.bypass, f),
  addConsumer: (m) => m.bypass.say('add_consumer'),
  addProducer(m, f) {
    if (!irqfdsLockIsFree(m.bypass, f)) return BLOCKED;
    f.ret = 0 - addProducer(m.bypass, f);
    return f.ret === 0 ? 'startConsumer' : undefined;
  },
  delConsumer: (m) => m.bypass.say('del_consumer'),
  startConsumer: (m, f) => startConsumer(m.bypass, f),
  startProducer: (m, f) => startProducer(m.bypass, f),
  link(m, f) {
    if (f.ret === 0) link(m.bypass, f);
  },
}));

/** irq_bypass_register_producer: an entry whose connection fails is erased again. */
export const irqBypassRegisterProducer = protocol(
  'irq_bypass_register_producer',
  { ...PAIR, eventfd: u16, owner: u16, irq: u32 },
  (p) => ({
    ...p.locked('bypass', (m) => m.bypass.state.guard, {
      insert(m, f) {
        const h = insertProducer(m.bypass, f);
        f.ret = h < 0 ? -h : 0;
        f.producer = Math.max(0, h);
        f.consumer = consumerOn(m.bypass, f.eventfd);
        return h < 0 || f.consumer === 0 ? 'unlock bypass' : undefined;
      },
      ...p.include('connect', irqBypassConnect),
      eraseIfFailed(m, f) {
        if (f.ret === 0) return;
        m.bypass.state.producers.free(f.producer);
        f.producer = 0;
      },
    }),
  }),
);

/** irq_bypass_unregister_producer; one that was never registered is left alone. */
export const irqBypassUnregisterProducer = protocol('irq_bypass_unregister_producer', PAIR, (p) => ({
  ...p.locked('bypass', (m) => m.bypass.state.guard, {
    find(m, f) {
      const { producers } = m.bypass.state;
      if (!producers.isLive(f.producer)) return 'unlock bypass';
      f.consumer = producers.at(f.producer).consumer;
      return f.consumer === 0 ? 'erase' : undefined;
    },
    stopProducer: (m, f) => stopProducer(m.bypass, f),
    stopConsumer: (m, f) => stopConsumer(m.bypass, f),
    delProducer(m, f) {
      if (!irqfdsLockIsFree(m.bypass, f)) return BLOCKED;
      delProducer(m.bypass, f);
      return undefined;
    },
    delConsumer: (m) => m.bypass.say('del_consumer'),
    startConsumer: (m, f) => startConsumer(m.bypass, f),
    startProducer: (m, f) => startProducer(m.bypass, f),
    unlink: (m, f) => unlink(m.bypass, f),
    erase: (m, f) => m.bypass.state.producers.free(f.producer),
  }),
}));

/** For the machine's process table. */
export const BYPASS_PROTOCOLS: readonly AnyProtocol<BypassWorld>[] = [
  irqBypassRegisterProducer,
  irqBypassUnregisterProducer,
];
