// Which IRTE is on which vCPU's list: updates of posted routes against vCPUs that are loaded and put. Linux 6.17: arch/x86/kvm/svm/avic.c.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { vcpuOfFrame } from '../avic/tables.ts';
import { destination, rootFrame } from '../iommu/irte.ts';
import { avicPiUpdateIrte } from '../protocols/avic-pi-update.ts';
import { svmVcpuLoad, svmVcpuPut } from '../protocols/avic-run.ts';
import { bindVectors, chipOf, smallMachine, type X86Machine, x86Of } from './machine.ts';

const [MOST_VCPUS, MOST_IRTES] = [3, 2];
const VECTOR = 0x31;

const { protocol } = protocolsOn<X86Machine>();
const { always, sometimes } = propertiesOn<X86Machine>();

const RUN_LOCALS = { vm: u8, vcpu: u16, cpu: u8, log: u1, next: u16 } as const;
type RunFrame = { vm: number; vcpu: number; cpu: number; log: number; next: number };

/** The scheduler: a vCPU gets a free CPU, runs, is preempted, for ever. */
const schedule = (of: StandIn) =>
  protocol('scheduler', RUN_LOCALS, (p: Combinators<X86Machine, RunFrame>) => ({
    pickCpu: p.choose(MOST_VCPUS, (m, f, _self, choice) => {
      const { cpus } = m.parts.x86.state;
      if (choice >= cpus.length || cpus.at(choice).vm !== 0) return BLOCKED;
      f.cpu = choice;
      cpus.at(choice).vm = 1;
      return undefined;
    }),
    ...p.include('load', of(svmVcpuLoad) as never),
    ...p.include('put', of(svmVcpuPut) as never),
    again(_m, f) {
      f.cpu = 0;
      return 'pickCpu';
    },
  }));

const UPDATE_LOCALS = { vm: u8, irqfd: u16, irq: u16, to: u16, from: u16, vector: u8, failed: u1 } as const;
type UpdateFrame = { vm: number; irqfd: number; irq: number; to: number; from: number; vector: number; failed: number };

/** The guest moves one interrupt from vCPU to vCPU, and to several at once, for ever. Linux: kvm_irq_routing_update, add_producer, del_producer. */
const moveRoute = (of: StandIn) =>
  protocol('kvm_irq_routing_update', UPDATE_LOCALS, (p: Combinators<X86Machine, UpdateFrame>) => ({
    chooseTarget: p.choose(MOST_VCPUS + 1, (m, f, _self, choice) => {
      if (choice > chipOf(m).lapics.count) return BLOCKED;
      f.to = choice;
      return undefined;
    }),
    ...p.locked('irqfds', (m) => m.kvms[0].state.irqfdsLock, {
      ...p.include('update', of(avicPiUpdateIrte) as never),
    }),
    again(_m, f) {
      f.to = 0;
      f.from = 0;
      f.failed = 0;
      return 'chooseTarget';
    },
  }));

/** Nobody is in the middle of an update. */
export const settled = (m: X86Machine): boolean => m.kvms[0].state.irqfdsLock.holder === 0;

/** vCPU that an IRTE posts to, -1 in host mode. */
export function targetOf(m: X86Machine, irq: number): number {
  const { entry } = m.parts.x86.irq(irq);
  return entry.guestMode === 1 ? vcpuOfFrame(rootFrame(entry)) : -1;
}

function isOnItsListOnly(m: X86Machine, irq: number): boolean {
  if (!settled(m)) return true;
  const target = targetOf(m, irq);
  const { avic, lapics } = chipOf(m);
  for (let v = 0; v < lapics.count; v++) if (avic.at(v).irList.has(irq) !== (target === v)) return false;
  return true;
}

/** A doorbell sent now would reach the vCPU. */
export function namesRunner(m: X86Machine, irq: number): boolean {
  const target = targetOf(m, irq);
  const { entry } = m.parts.x86.irq(irq);
  if (target < 0 || entry.isRun === 0) return true;
  const { isRunning, hostId } = chipOf(m).avic.at(target).entry;
  return isRunning === 1 && hostId === destination(entry);
}

/** A running vCPU is told by doorbell, not by the GA log. */
function runnerIsNamed(m: X86Machine, irq: number): boolean {
  const target = targetOf(m, irq);
  if (target < 0 || !settled(m) || m.parts.x86.irq(irq).entry.isRun === 1) return true;
  const { entry, irListLock } = chipOf(m).avic.at(target);
  return entry.isRunning === 0 || irListLock.holder !== 0;
}

/** Witnesses, of the last IRTE: the first may not post. */
const posting = (irq: number) => [
  sometimes('an IRTE posts to a running vCPU', (m) => targetOf(m, irq) >= 0 && m.parts.x86.irq(irq).entry.isRun === 1),
  sometimes('an IRTE posts to a sleeping vCPU', (m) => targetOf(m, irq) >= 0 && m.parts.x86.irq(irq).entry.isRun === 0),
];

const properties = (irtes: number, remapOnly: number) => [
  always('an IRTE is on the list of the vCPU it names, and on no other', isOnItsListOnly, {
    over: irtes,
    consequence: 'a vCPU that no longer owns the interrupt rewrites its IRTE whenever it is scheduled',
  }),
  always('an IRTE that says running names the CPU of its vCPU', (m, i) => !settled(m) || namesRunner(m, i), {
    over: irtes,
    consequence: 'the IOMMU rings the doorbell of another CPU, and the vCPU does not hear of the interrupt',
  }),
  always('the IRTE of a running vCPU says running', runnerIsNamed, {
    over: irtes,
    consequence: 'interrupts of the device wait until the vCPU is next scheduled: latency spikes of a time slice',
  }),
  ...posting(remapOnly),
];

/** vCPUs come and go while the guest moves its interrupts from one to another. */
export const avicIrList = defineFamily({
  name: 'avic-ir-list',
  summary: 'AVIC: routes of posted interrupts change while their vCPUs are loaded and put',
  scope: {
    vcpus: { says: 'vCPUs', default: 2, min: 1, max: MOST_VCPUS },
    cpus: { says: 'physical CPUs', default: 2, min: 1, max: MOST_VCPUS },
    irtes: { says: 'IRTEs, each updated for ever', default: 1, min: 1, max: MOST_IRTES },
    remapOnly: { says: '1: the first IRTE cannot post', default: 0, min: 0, max: 1 },
  },
  build: ({ vcpus, cpus, irtes, remapOnly }) =>
    defineMachineModel({
      name: 'avic-ir-list',
      machine: smallMachine({
        vcpus,
        cpus,
        vectors: irtes,
        processes: vcpus + irtes + 2,
      }),
      paths: [svmVcpuLoad, svmVcpuPut, avicPiUpdateIrte],
      agents: (of) => [schedule(of), moveRoute(of)] as never,
      start(m, [run, move]) {
        bindVectors(m, irtes);
        x86Of(m).irq(0).remapOnly = remapOnly;
        for (let vcpu = 0; vcpu < vcpus; vcpu++) m.processes.spawn(run as never, { vcpu } as never);
        for (let irq = 0; irq < irtes; irq++)
          m.processes.spawn(
            move as never,
            { irqfd: m.kvms[0]?.state.irqfds.handleOf(irq), irq, vector: VECTOR + irq } as never,
          );
      },
      properties: properties(irtes, remapOnly) as never,
    }),
});
