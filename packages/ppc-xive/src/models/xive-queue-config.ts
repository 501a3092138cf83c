// The VMM sets, moves and resets the queues of a vCPU: references on the guest's pages, and escalations. Linux: arch/powerpc/kvm/book3s_xive_native.c kvmppc_xive_native_set_queue_config, book3s_xive.c kvmppc_xive_attach_escalation.
//
// KVM holds a reference on the page of each queue, and lets the old page go once a new one is in force. Each queue asks for its escalation interrupt; with single escalation all
// queues of a vCPU have the same, and Linux grants an interrupt that is not shared once. The corrected form takes xive->lock, which the kernel does not, and lets
// the queues share the escalation.

import { u1, u8 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { attachEscalation } from '../kvm/escalation.ts';
import { Q_COUNT } from '../kvm/layout.ts';
import { ALWAYS_NOTIFY, cleanupQueue, EQ_SHIFT } from '../kvm/native-queue.ts';
import { configureQueue } from '../kvm/queues.ts';
import { chipOf, type PowerMachine, smallMachine } from './machine.ts';

/** Priorities that the VMM sets queues up for. */
const PRIORITIES = [6, 5] as const;
const FRAMES_PER_PAGE = 16;

const { protocol } = protocolsOn<PowerMachine>();
const { never, quiescent, sometimes } = propertiesOn<PowerMachine>();

/** One EQ_CONFIG: `qshift` 16 or 0 for a reset, `page` of the guest; `had` that the queue had a page, `failed` that it returns an errno. */
const LOCALS = { priority: u8, qshift: u8, flags: u8, page: u8, had: u1, failed: u1 } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

const vcpuOf = (m: PowerMachine) => chipOf(m).state.kvm.vcpus.at(0);
const queueOf = (m: PowerMachine, f: Frame) => vcpuOf(m).queues.at(f.priority);

/** Whether the escalation of another queue of the vCPU serves this one too. */
const isShared = (m: PowerMachine, f: Frame): boolean =>
  chipOf(m).state.kvm.singleEscalation === 1 &&
  PRIORITIES.some((p) => p !== f.priority && vcpuOf(m).queues.at(p).escVirq === 1);

/** EQ_CONFIG. A reset ends before the flags are looked at (B-4). */
export const setNativeQueue = protocol(
  'kvmppc_xive_native_set_queue_config',
  LOCALS,
  (p: Combinators<PowerMachine, Frame>) => ({
    ...p.locked('xive', (m) => chipOf(m).state.kvm.xiveLock, {
      isReset: (_m, f) => (f.qshift === 0 ? 'readPrevious' : undefined),
      checkFlags(_m, f) {
        f.failed = f.flags === ALWAYS_NOTIFY ? 0 : 1;
        return f.failed === 1 ? 'unlock xive' : undefined;
      },
      getPage(m, f) {
        queueOf(m, f).refs++;
      },
      readPrevious(m, f) {
        f.had = queueOf(m, f).qpage;
      },
      configure(m, f) {
        const { context } = chipOf(m);
        const frame = f.qshift === 0 ? 0 : (1 + f.page) * FRAMES_PER_PAGE;
        configureQueue(context, vcpuOf(m), f.priority, { frame, qshift: f.qshift });
      },
      putPrevious(m, f) {
        if (f.had === 1) queueOf(m, f).refs--;
        return f.qshift === 0 ? 'unlock xive' : undefined;
      },
      isShared: (m, f) => (isShared(m, f) ? 'unlock xive' : undefined),
      attachEscalation(m, f) {
        f.failed = attachEscalation(chipOf(m).context, 0, f.priority) === 0 ? 0 : 1;
      },
      cleanup(m, f) {
        if (f.failed === 1) cleanupQueue(chipOf(m).context, vcpuOf(m), f.priority);
      },
    }),
  }),
);

const [SET, QUEUES] = [0, 4];

type VmmFrame = Frame & { left: number; queues: number; unplugged: number };

/** The VMM: `left` settings of either queue to either page, then both are reset as QEMU does it when a vCPU is unplugged, with flags 0. */
const vmm = (of: StandIn) =>
  protocol(
    'H_INT_SET_QUEUE_CONFIG',
    { ...LOCALS, left: u8, queues: u8, unplugged: u8 },
    (p: Combinators<PowerMachine, VmmFrame>) =>
      ({
        choose: p.choose(QUEUES, (_m, f, _self, choice) => {
          if (f.left === 0) return 'unplug';
          if ((choice & 1) >= f.queues) return BLOCKED;
          f.left--;
          f.priority = PRIORITIES[choice & 1] as number;
          Object.assign(f, { page: choice >> 1, qshift: EQ_SHIFT, flags: ALWAYS_NOTIFY, failed: SET, had: 0 });
          return undefined;
        }),
        ...p.include('config', of(setNativeQueue) as never),
        again: (_m: PowerMachine, f: VmmFrame) => (f.left === 0 ? undefined : 'choose'),
        unplug(_m: PowerMachine, f: VmmFrame) {
          if (f.unplugged === PRIORITIES.length) return DONE;
          f.priority = PRIORITIES[f.unplugged++] as number;
          Object.assign(f, { page: 0, qshift: 0, flags: 0, failed: 0, had: 0 });
          return 'config.lock xive';
        },
      }) as never,
  );

const queues = Array.from({ length: Q_COUNT }, (_, p) => p);

const properties = (vmms: number) => [
  quiescent(
    'KVM holds a reference on the page of each queue, and no other',
    (m) => queues.every((p) => vcpuOf(m).queues.at(p).refs === vcpuOf(m).queues.at(p).qpage),
    { consequence: 'memory of the guest that is never given back, or given back while hardware writes into it' },
  ),
  quiescent(
    'no queue is left once all are reset',
    (m) => vmms > 1 || queues.every((p) => vcpuOf(m).queues.at(p).qpage === 0),
    {
      consequence: 'a vCPU cannot be unplugged',
    },
  ),
  never('an escalation that a queue relies on is taken away', (m) => vcpuOf(m).escLost === 1, {
    consequence: 'the next time the vCPU idles the host loads from an address that is mapped no longer',
  }),
  sometimes('both queues are set up', (m) => PRIORITIES.every((p) => vcpuOf(m).queues.at(p).qpage === 1)),
  sometimes('a queue has an escalation', (m) => vcpuOf(m).queues.at(PRIORITIES[0]).escVirq === 1),
];

/** Queues are set, moved and reset. */
export const xiveQueueConfig = defineFamily({
  name: 'xive-queue-config',
  summary: 'XIVE native: the VMM sets, moves and resets the queues of a vCPU',
  scope: {
    queues: { says: 'queues of the vCPU', default: 2, min: 1, max: 2 },
    sets: { says: 'queues that each thread of the VMM sets up', default: 2, min: 1, max: 4 },
    vmms: { says: 'threads of the VMM that do so', default: 1, min: 1, max: 2 },
  },
  build: ({ queues, sets, vmms }) =>
    defineMachineModel({
      name: 'xive-queue-config',
      machine: smallMachine({ processes: vmms + 1 }),
      paths: [setNativeQueue],
      agents: (of) => [setNativeQueue, vmm(of)] as never,
      start(m, [, vmm]) {
        for (let i = 0; i < vmms; i++) m.processes.spawn(vmm as never, { left: sets, queues } as never);
      },
      properties: properties(vmms) as never,
      symmetry: [{ name: 'VMM', size: vmms, arrays: [], processes: [Array.from({ length: vmms }, (_, v) => v)] }],
    }),
});
