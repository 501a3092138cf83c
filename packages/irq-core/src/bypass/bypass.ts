// The irqbypass manager: brings an interrupt's producer (a VFIO vector) and its consumer (an irqfd) together by eventfd. Linux: virt/lib/irqbypass.c.

import { handle, pool, struct, u1, u16, u32, u8, type View } from '../arena/index.ts';
import { EBUSY, EINVAL, ENOMEM } from '../errors.ts';
import { type BypassConsumers, KERNELS, type KernelVersion, type KvmWorld, ROUTE } from '../kvm/index.ts';
import { type Lock, lock } from '../protocol/index.ts';

/** A producer: `owner` names the device vector to its driver, `consumer` is 1 + index of its peer. */
export const Producer = struct('producer', { eventfd: handle, irq: u32, owner: u16, consumer: handle });
/** A consumer: an irqfd of a VM. */
export const Consumer = struct('consumer', { eventfd: handle, vm: u8, irqfd: handle, producer: handle, connected: u1 });

/** State of the manager: one for the whole host. */
export const bypassLayout = (n: number) => struct('bypass', { guard: lock, producers: pool(Producer, n), consumers: pool(Consumer, n) });
export type BypassState = View<ReturnType<typeof bypassLayout>>;

/** Callbacks around a connection, in the order the manager calls them; all optional but add and del. */
export type BypassStep = 'stop producer' | 'stop consumer' | 'add_consumer' | 'add_producer' | 'del_consumer' | 'del_producer' | 'start consumer' | 'start producer';

/** The manager. Errors are negative errno. */
export interface Bypass extends BypassConsumers {
  readonly guard: Lock;
  /** irq_bypass_register_producer: the handle, -EBUSY for a second producer on the eventfd, or what connecting returned. */
  registerProducer(eventfd: number, irq: number, owner: number): number;
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
  const say = (step: BypassStep): void => onStep?.(step);
  const byTokenInLists = KERNELS[kernel].bypassRegistry === 'list';

  const find = (poolOf: typeof producers | typeof consumers, eventfd: number): number => {
    for (let i = poolOf.next(0); i >= 0; i = poolOf.next(i + 1)) if (poolOf.slot(i).eventfd === eventfd) return poolOf.handleOf(i);
    return 0;
  };

  /** kvm_arch_irq_bypass_add_producer (≥ 6.17 under irqfds.lock). */
  function addProducer(c: View<typeof Consumer>, p: View<typeof Producer>, ph: number): number {
    const k = world.kvms[c.vm];
    const irqfd = k.state.irqfds.at(c.irqfd);
    irqfd.producer = ph;
    irqfd.hostIrq = p.irq;
    k.state.bypassIrqs++;
    const failed = irqfd.route.type === ROUTE.MSI ? k.arch().updateIrte(c.irqfd, p.irq, irqfd.route) : 0;
    if (failed < 0) k.state.bypassIrqs--;
    return Math.min(0, failed);
  }

  /** kvm_arch_irq_bypass_del_producer: back to host mode. */
  function delProducer(c: View<typeof Consumer>): void {
    const k = world.kvms[c.vm];
    const irqfd = k.state.irqfds.at(c.irqfd);
    if (irqfd.route.type === ROUTE.MSI) k.arch().updateIrte(c.irqfd, irqfd.hostIrq, null);
    irqfd.producer = 0;
    irqfd.hostIrq = 0;
    k.state.bypassIrqs--;
  }

  /** __connect. On failure the consumer is taken back from the producer, and both are started again. */
  function connect(ph: number, ch: number): number {
    const [p, c] = [producers.at(ph), consumers.at(ch)];
    say('stop producer');
    say('stop consumer');
    say('add_consumer');
    say('add_producer');
    const failed = addProducer(c, p, ph);
    if (failed < 0) {
      say('del_consumer');
      world.kvms[c.vm].state.irqfds.at(c.irqfd).producer = 0;
    } else {
      c.connected = 1;
      p.consumer = ch;
      c.producer = ph;
    }
    say('start consumer');
    say('start producer');
    return failed;
  }

  function disconnect(ph: number, ch: number): void {
    const [p, c] = [producers.at(ph), consumers.at(ch)];
    say('stop producer');
    say('stop consumer');
    say('del_producer');
    delProducer(c);
    say('del_consumer');
    say('start consumer');
    say('start producer');
    c.connected = 0;
    p.consumer = 0;
    c.producer = 0;
  }

  return {
    guard: state.guard,
    registerProducer(eventfd, irq, owner) {
      if (eventfd === 0) return -EINVAL;
      if (find(producers, eventfd) !== 0) return -EBUSY;
      const h = producers.alloc();
      if (h === 0) return -ENOMEM;
      Object.assign(producers.at(h), { eventfd, irq, owner });
      const consumer = find(consumers, eventfd);
      const failed = consumer === 0 ? 0 : connect(h, consumer);
      if (failed < 0) producers.free(h);
      return failed < 0 ? failed : h;
    },
    unregisterProducer(producer) {
      if (!producers.isLive(producer)) return;
      const { consumer } = producers.at(producer);
      if (consumer !== 0) disconnect(producer, consumer);
      producers.free(producer);
    },
    registerConsumer(vm, irqfd, eventfd) {
      if (find(consumers, eventfd) !== 0) return -EBUSY;
      const h = consumers.alloc();
      if (h === 0) return -ENOMEM;
      Object.assign(consumers.at(h), { eventfd, vm, irqfd });
      const producer = find(producers, eventfd);
      const failed = producer === 0 ? 0 : connect(producer, h);
      if (failed < 0) consumers.free(h);
      return failed;
    },
    unregisterConsumer(vm, irqfd) {
      for (let i = consumers.next(0); i >= 0; i = consumers.next(i + 1)) {
        const c = consumers.slot(i);
        if (c.vm !== vm || c.irqfd !== irqfd) continue;
        // Lists are searched by token, so an unconnected consumer finds nothing to disconnect in either form.
        const producer = byTokenInLists ? find(producers, c.eventfd) : c.producer;
        if (c.connected === 1 && producer !== 0) disconnect(producer, consumers.handleOf(i));
        consumers.free(consumers.handleOf(i));
        return;
      }
    },
    peerOf(producer) {
      const { consumer } = producers.at(producer);
      if (consumer === 0) return null;
      const { vm, irqfd } = consumers.at(consumer);
      return { vm, irqfd };
    },
  };
}
