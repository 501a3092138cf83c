// A device posts while its interrupt moves from one vCPU to another and the vCPUs halt and are preempted: doorbell, GA log, or nobody. Linux 6.17: arch/x86/kvm/svm/avic.c.

import { bits, u1, u8, u16 } from '@virq/irq-core/arena';
import { VCPU_MODE } from '@virq/irq-core/kvm';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { avicPiUpdateIrte } from '../protocols/avic-pi-update.ts';
import { svmVcpuBlock, svmVcpuLoad, svmVcpuPut } from '../protocols/avic-run.ts';
import { pollGaLog } from '../protocols/ga-log.ts';
import { settled, targetOf } from './avic-ir-list.ts';
import { bindVectors, chipOf, routeVector, smallMachine, type X86Machine } from './machine.ts';

const MOST_VCPUS = 3;
/** Every vCPU gets the interrupt under a vector of its own, so that one that was posted to the wrong vCPU is not mistaken for another. */
const VECTOR = 0x31;

/** What happens to a vCPU in the guest: something reaches it, it halts, it is preempted, or it computes from now on without an exit. */
const [LOOK, HALT, COMPUTE] = [0, 1, 3];

const { protocol } = protocolsOn<X86Machine>();
const { always, quiescent, sometimes } = propertiesOn<X86Machine>();

const RUN_LOCALS = { vm: u8, vcpu: u16, cpu: u8, log: u1, next: u16, left: bits(2) } as const;
type RunFrame = { vm: number; vcpu: number; cpu: number; log: number; next: number; left: number };

/** The guest takes what its IRR has and ends it. */
function serveGuest(m: X86Machine, vcpu: number): void {
  const { avic, lapics } = chipOf(m);
  lapics.at(vcpu).irr.clear();
  avic.host.takeDoorbell(0, vcpu);
}

function enterGuest(m: X86Machine, vcpu: number): void {
  const { avic } = chipOf(m);
  avic.vcpus.enterGuest(vcpu);
  avic.host.enterGuest(0, vcpu);
  serveGuest(m, vcpu);
}

/** What reaches a guest that stays where it is: a doorbell makes the CPU look at the IRR, a kick makes it exit and enter anew. */
function lookInGuest(m: X86Machine, vcpu: number): 'guest' | typeof BLOCKED {
  const { avic } = chipOf(m);
  const kicked = avic.vcpus.mode(vcpu) === VCPU_MODE.EXITING_GUEST_MODE;
  if (kicked) {
    avic.host.leaveGuest(0, vcpu);
    enterGuest(m, vcpu);
  } else {
    if (m.parts.x86.state.cpus.at(vcpu).doorbell === 0) return BLOCKED;
    serveGuest(m, vcpu);
  }
  return 'guest';
}

/**
 * vcpu_enter_guest and the guest behind it: it halts or is preempted up to `left` times, then computes for ever without an exit.
 * Abstraction: vCPU n is pinned to CPU n. Doorbells for a vCPU that has moved to another CPU are the matter of avic-ir-list.
 */
const runVcpu = (of: StandIn) =>
  protocol(
    'vcpu_enter_guest',
    RUN_LOCALS,
    (p: Combinators<X86Machine, RunFrame>) =>
      ({
        enterGuest: (m: X86Machine, f: RunFrame) => enterGuest(m, f.vcpu),
        guest: p.idle(
          p.choose(COMPUTE + 1, (m, f, _self, choice) => {
            if (choice === LOOK) return lookInGuest(m, f.vcpu);
            if (f.left === 0) return BLOCKED;
            f.left = choice === COMPUTE ? 0 : f.left - 1;
            if (choice === COMPUTE) return 'guest';
            f.cpu = f.vcpu;
            return choice === HALT ? 'halt.leaveGuest' : 'put.leaveGuest';
          }),
        ),
        ...p.include('halt', of(svmVcpuBlock) as never),
        woken: () => 'again',
        ...p.include('put', of(svmVcpuPut) as never),
        ...p.include('load', of(svmVcpuLoad) as never),
        again(_m: X86Machine, f: RunFrame) {
          f.log = 0;
          return 'enterGuest';
        },
      }) as never,
  );

/**
 * The previous vCPU looks once more after an interrupt was moved away from it. Not in Linux: from `deletePrevious` to `program` the IRTE posts to a vCPU
 * that no longer keeps it up to date.
 */
export const kickPrevious = protocol('kick previous vCPU', { from: u16 }, () => ({
  kick(m, f) {
    if (f.from !== 0) chipOf(m).avic.vcpus.kick(f.from - 1);
  },
}));

const MOVE_LOCALS = {
  vm: u8,
  irqfd: u16,
  irq: u16,
  to: u16,
  from: u16,
  vector: u8,
  failed: u1,
  left: bits(2),
} as const;
type MoveFrame = {
  vm: number;
  irqfd: number;
  irq: number;
  to: number;
  from: number;
  vector: number;
  failed: number;
  left: number;
};

/** The guest moves the interrupt `left` times, or sends it to several vCPUs at once. Abstraction: in host mode it reaches vCPU 0, as the route says that does not change here. */
const moveRoute = (of: StandIn) =>
  protocol('kvm_irq_routing_update', MOVE_LOCALS, (p: Combinators<X86Machine, MoveFrame>) => ({
    chooseTarget: p.choose(MOST_VCPUS + 1, (m, f, _self, choice) => {
      if (f.left === 0) return DONE;
      if (choice > chipOf(m).lapics.count) return BLOCKED;
      f.left--;
      f.to = choice;
      f.vector = VECTOR;
      return undefined;
    }),
    ...p.locked('irqfds', (m) => m.kvms[0].state.irqfdsLock, {
      ...p.include('update', of(avicPiUpdateIrte) as never),
    }),
    ...p.include('kick', of(kickPrevious) as never),
    again(_m, f) {
      f.from = 0;
      f.to = 0;
      f.failed = 0;
      return 'chooseTarget';
    },
  }));

/**
 * The device posts `left` interrupts. Abstraction: one step. Destination, IsRun and tag are not cached by the IOMMU; less behaviour than hardware has
 * means that an interrupt lost here is lost by software.
 */
const device = protocol('device', { left: bits(2) }, () => ({
  post(m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    m.vfio.msi.raise(0, 0);
    return 'post';
  },
}));

const isAsleep = (m: X86Machine, vcpu: number): boolean => chipOf(m).avic.vcpus.isBlocking(vcpu);

function sleeperIsLogged(m: X86Machine, vcpu: number): boolean {
  if (!isAsleep(m, vcpu) || !chipOf(m).avic.at(vcpu).irList.has(0)) return true;
  const { entry } = m.parts.x86.irq(0);
  return entry.isRun === 0 && entry.gaLogIntr === 1;
}

const properties = (vcpus: number) => [
  always('the IRTE of a vCPU that sleeps writes to the GA log', sleeperIsLogged, {
    over: vcpus,
    consequence: 'an interrupt of the device does not wake the guest from its halt',
  }),
  quiescent('no posted interrupt is left unseen', (m, i) => chipOf(m).lapics.at(i).irr.isEmpty(), {
    over: vcpus,
    consequence: 'the interrupt waits until something unrelated wakes the vCPU or makes it exit: a stalled device',
  }),
  always('once an update is over the IOMMU goes by the new entry', goesByEntry, {
    consequence: 'the device goes on interrupting the vCPU that had the interrupt before',
  }),
  sometimes('a doorbell is on its way', (m) => m.parts.x86.state.cpus.at(0).doorbell === 1),
  sometimes('the GA log has a sleeping vCPU', (m) => isAsleep(m, 0) && m.parts.x86.state.amd.gaLog.tail !== 0),
  sometimes('a preempted vCPU has an interrupt that nobody logs', (m) => {
    const { avic, lapics } = chipOf(m);
    const { isRunning, gaLogIntr } = avic.at(0).entry;
    return !lapics.at(0).irr.isEmpty() && isRunning === 0 && gaLogIntr === 0;
  }),
  sometimes('an interrupt moves to a vCPU that sleeps', (m) => targetOf(m, 0) === 1 && isAsleep(m, 1)),
];

/** The IOMMU's copy, if it has one while nobody updates, says what the entry says. */
function goesByEntry(m: X86Machine): boolean {
  const { cache, entry, isCached } = m.parts.x86.irq(0);
  return !settled(m) || isCached === 0 || (cache.rootLo === entry.rootLo && cache.vector === entry.vector);
}

/** A device posts, its interrupt moves, vCPUs halt and are preempted. */
export const avicPost = defineFamily({
  name: 'avic-post',
  summary: 'AVIC: a device posts while its interrupt moves to another vCPU and vCPUs halt',
  scope: {
    vcpus: { says: 'vCPUs', default: 2, min: 2, max: MOST_VCPUS },
    exits: { says: 'times that each vCPU halts or is preempted', default: 1, min: 1, max: 3 },
    updates: { says: 'updates of the IRTE', default: 2, min: 1, max: 3 },
    posts: { says: 'interrupts that the device posts', default: 1, min: 1, max: 3 },
  },
  build: ({ vcpus, exits, updates, posts }) =>
    defineMachineModel({
      name: 'avic-post',
      machine: smallMachine({ vcpus, cpus: vcpus, vectors: 1, processes: vcpus + 4 }),
      paths: [svmVcpuBlock, svmVcpuPut, svmVcpuLoad, avicPiUpdateIrte, kickPrevious, pollGaLog],
      agents: (of) => [runVcpu(of), moveRoute(of), device, kickPrevious] as never,
      start(m, [run, move]) {
        bindVectors(m, 1);
        const { apicv } = chipOf(m);
        for (let vcpu = 0; vcpu < vcpus; vcpu++) apicv.load(vcpu, vcpu);
        routeVector(m, VECTOR);
        for (let vcpu = 0; vcpu < vcpus; vcpu++) m.processes.spawn(run as never, { vcpu, left: exits } as never);
        const irqfd = m.kvms[0]?.state.irqfds.handleOf(0) as number;
        m.processes.spawn(move as never, { irqfd, irq: 0, left: updates } as never);
        m.processes.spawn(device as never, { left: posts } as never);
      },
      properties: properties(vcpus) as never,
    }),
});
