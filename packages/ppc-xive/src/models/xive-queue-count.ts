// A guest moves an interrupt between its vCPUs for a long time: what the queues count. Linux: arch/powerpc/kvm/book3s_xive_native.c kvmppc_xive_native_update_source_config, book3s_xive.c xive_try_pick_queue.
//
// A queue may have one entry of each source that is routed to it, so KVM counts sources in and refuses those that would not fit. In native mode the kernel
// never counts one out. The corrected form does, in the place where it is safe: once the source is routed elsewhere.
//
// Abstraction: the EISN names the server that the guest asked for, so that the state says where the interrupt should be.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import {
  assert,
  BLOCKED,
  type Combinators,
  DONE,
  defineFamily,
  propertiesOn,
  protocolsOn,
} from '@virq/irq-core/protocol';
import { updateSourceConfig } from '../kvm/native-source.ts';
import { MASKED } from '../kvm/priority.ts';
import { findServer } from '../kvm/targets.ts';
import { chipOf, GSI, makeQueue, makeSource, type PowerMachine, smallMachine } from './machine.ts';

/** The one priority that Linux guests use. */
const PRIORITY = 6;
/** The guest balances over the first two; the third has a queue with room. */
const [VCPUS, BALANCED] = [3, 2];
const EISN = 0x100;

const { protocol } = protocolsOn<PowerMachine>();
const { always, sometimes } = propertiesOn<PowerMachine>();

/** `from` is 1 + vCPU whose queue the source leaves, 0 for none; `failed` what SOURCE_CONFIG returned was an errno. */
const LOCALS = { server: u16, from: u8, failed: u1 } as const;
type Frame = { server: number; from: number; failed: number };

const sourceOf = (m: PowerMachine) => chipOf(m).sources.find(GSI) as NonNullable<ReturnType<typeof findSource>>;
const findSource = (m: PowerMachine) => chipOf(m).sources.find(GSI);

/** SOURCE_CONFIG in native mode: picks a queue with room, counts the source in, routes it, and counts it out of the queue that it has left. */
export const updateNativeSource = protocol(
  'kvmppc_xive_native_update_source_config',
  LOCALS,
  (p: Combinators<PowerMachine, Frame>) => ({
    ...p.locked('sb', (m) => chipOf(m).state.kvm.sbLocks.at(0), {
      leave(m, f) {
        const { actPriority, actServer } = sourceOf(m);
        f.from = actPriority === MASKED ? 0 : 1 + findServer(chipOf(m).state.kvm, actServer);
      },
      route(m, f) {
        const { context, sources } = chipOf(m);
        const to = { priority: PRIORITY, server: f.server, masked: false, eisn: EISN + f.server };
        f.failed = updateSourceConfig(context, sources, sourceOf(m), to) === 0 ? 0 : 1;
      },
      countOut(m, f) {
        if (f.from !== 0 && f.failed === 0)
          chipOf(m)
            .state.kvm.vcpus.at(f.from - 1)
            .queues.at(PRIORITY).count--;
      },
    }),
  }),
);

/** irqbalance in the guest: another vCPU, `left` times. A setting that is there already does nothing. */
const balance = (of: StandIn) =>
  protocol('irqbalance', { ...LOCALS, left: u8 }, (p: Combinators<PowerMachine, Frame & { left: number }>) => ({
    choose: p.choose(BALANCED, (m, f, _self, choice) => {
      if (f.left === 0) return DONE;
      if (sourceOf(m).eisn === EISN + choice) return BLOCKED;
      f.left--;
      f.server = choice;
      return undefined;
    }),
    ...p.include('config', of(updateNativeSource) as never),
    again(_m, f) {
      assert(f.failed === 0, 'H_INT_SET_SOURCE_CONFIG fails: no queue has room');
      return 'choose';
    },
  }));

/** Sources that are routed to a vCPU's queue. */
const routedTo = (m: PowerMachine, vcpu: number): number => {
  const { actPriority, actServer } = sourceOf(m);
  return actPriority === PRIORITY && findServer(chipOf(m).state.kvm, actServer) === vcpu ? 1 : 0;
};

const isBusy = (m: PowerMachine): boolean => chipOf(m).state.kvm.sbLocks.at(0).holder !== 0;

const properties = [
  always(
    'an interrupt goes to the server that the guest has asked for',
    (m) => isBusy(m) || sourceOf(m).eisn === EISN + sourceOf(m).actServer,
    { consequence: 'interrupts of a guest that balances them arrive at another vCPU, and after that nowhere' },
  ),
  always(
    'a queue counts the sources that are routed to it',
    (m, vcpu) => isBusy(m) || chipOf(m).state.kvm.vcpus.at(vcpu).queues.at(PRIORITY).count >= routedTo(m, vcpu),
    {
      over: VCPUS,
      consequence: 'more sources than entries: the hardware overwrites entries that the guest has not read',
    },
  ),
  sometimes('the interrupt has moved', (m) => routedTo(m, 1) === 1),
];

/** The guest balances its interrupts. */
export const xiveQueueCount = defineFamily({
  name: 'xive-queue-count',
  summary: 'XIVE native: a guest moves an interrupt between its vCPUs, and their queues count sources',
  scope: {
    before: { says: 'moves made before the check begins', default: 0, min: 0, max: 65_536 },
    moves: { says: 'moves, in every way', default: 3, min: 1, max: 8 },
  },
  build: ({ before, moves }) =>
    defineMachineModel({
      name: 'xive-queue-count',
      machine: smallMachine({ vcpus: VCPUS, processes: 2 }),
      paths: [updateNativeSource],
      agents: (of) => [updateNativeSource, balance(of)] as never,
      start(m, [config, balance]) {
        makeSource(m);
        for (let vcpu = 0; vcpu < VCPUS; vcpu++) makeQueue(m, vcpu, PRIORITY);
        const { call, spawn } = m.processes as unknown as Record<
          'call' | 'spawn',
          (p: unknown, args: object) => number
        >;
        for (let move = 0; move <= before; move++) call(config, { server: move % BALANCED });
        spawn(balance, { left: moves });
      },
      properties: properties as never,
    }),
});
