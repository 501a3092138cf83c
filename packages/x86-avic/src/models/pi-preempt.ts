// Interrupts are posted to vCPUs that are preempted, halt and move between CPUs. Linux: arch/x86/kvm/vmx/posted_intr.c.

import { defineMachineModel } from '@virq/irq-core/machine';
import { defineFamily, propertiesOn } from '@virq/irq-core/protocol';
import { NOTIFY } from '../posted/pi-descriptor.ts';
import { piWakeupHandler } from '../protocols/pi-wakeup.ts';
import { vmxDeliverInterrupt } from '../protocols/vmx-deliver.ts';
import { vmxVcpuBlock, vmxVcpuLoad, vmxVcpuPut } from '../protocols/vmx-run.ts';
import { vmxSyncPirToIrr } from '../protocols/vmx-sync.ts';
import { bindVectors, chipOf, routeVector, smallMachine, type X86Machine } from './machine.ts';
import { postingDevice, runVmxVcpu } from './vmx-vcpu.ts';

const VECTOR = 0x31;

const { always, quiescent, sometimes } = propertiesOn<X86Machine>();

const descriptor = (m: X86Machine, vcpu: number) => chipOf(m).vmx.at(vcpu).desc;
const isInGuest = (m: X86Machine, vcpu: number): boolean =>
  m.parts.x86.pcpus.cpus.at(Math.max(0, chipOf(m).vmx.vcpus.pcpu(vcpu))).inGuest === 1 &&
  chipOf(m).vmx.vcpus.pcpu(vcpu) >= 0;

/** It has been put, and nobody has woken it. */
export const isAsleep = (m: X86Machine, vcpu: number): boolean => {
  const { vcpus } = chipOf(m).vmx;
  return vcpus.isBlocking(vcpu) && vcpus.pcpu(vcpu) < 0;
};

/** CPUs on whose wake-up list a vCPU is. */
function listsOf(m: X86Machine, vcpu: number): number[] {
  const { wakeups } = m.parts.x86.posted.state;
  return Array.from({ length: wakeups.length }, (_, cpu) => cpu).filter((cpu) => wakeups.at(cpu).vcpus.has(vcpu));
}

function sleeperIsListed(m: X86Machine, vcpu: number): boolean {
  if (!isAsleep(m, vcpu) || !chipOf(m).vmx.canUseVtdPi()) return true;
  const { nv, sn, ndst } = descriptor(m, vcpu);
  const lists = listsOf(m, vcpu);
  return nv === NOTIFY.WAKEUP && sn === 0 && lists.length === 1 && m.parts.x86.posted.ndst(lists[0] as number) === ndst;
}

function runnerIsNotified(m: X86Machine, vcpu: number): boolean {
  if (!isInGuest(m, vcpu)) return true;
  const { nv, sn, ndst } = descriptor(m, vcpu);
  return nv === NOTIFY.POSTED && sn === 0 && ndst === m.parts.x86.posted.ndst(chipOf(m).vmx.vcpus.pcpu(vcpu));
}

/** Nothing that was posted or delivered waits. */
export const unseen = (vcpus: number) =>
  quiescent(
    'no posted interrupt is left unseen',
    (m, vcpu) => descriptor(m, vcpu).pir.isEmpty() && chipOf(m).lapics.at(vcpu).irr.isEmpty(),
    {
      over: vcpus,
      consequence:
        'the interrupt waits for something unrelated to wake the vCPU: stalls of seconds, RCU warnings in the guest',
    },
  );

const properties = (vcpus: number) => [
  unseen(vcpus),
  always('a vCPU that sleeps is on the wake-up list of the CPU to which its notifications go', sleeperIsListed, {
    over: vcpus,
    consequence: 'an interrupt of the device does not wake the guest from its halt',
  }),
  always('a vCPU is on the wake-up list of one CPU at most', (m, vcpu) => listsOf(m, vcpu).length <= 1, {
    over: vcpus,
    consequence: 'a list of the kernel is corrupted',
  }),
  always('a vCPU in the guest is notified where it runs', runnerIsNotified, {
    over: vcpus,
    consequence: 'interrupts wait until the guest exits for another reason',
  }),
  sometimes('a notification is on its way to a guest', (m) => m.parts.x86.pcpus.cpus.at(0).notification === 1),
  sometimes(
    'a wake-up is on its way to a vCPU that sleeps',
    (m) => isAsleep(m, 0) && m.parts.x86.pcpus.cpus.at(0).wakeup === 1,
  ),
  sometimes('a preempted vCPU has an interrupt of which nobody was notified', (m) => {
    const { pir, on, sn } = descriptor(m, 0);
    return sn === 1 && on === 0 && !pir.isEmpty();
  }),
];

/** A device posts, and KVM delivers, to vCPUs that come and go. */
export const piPreempt = defineFamily({
  name: 'pi-preempt',
  summary: 'VT-d: interrupts are posted while their vCPU is preempted, halts, and moves to another CPU',
  scope: {
    vcpus: { says: 'vCPUs', default: 1, min: 1, max: 2 },
    cpus: { says: 'physical CPUs', default: 2, min: 1, max: 3 },
    exits: { says: 'times that each vCPU halts or is preempted', default: 1, min: 1, max: 3 },
    posts: { says: 'interrupts that the device posts', default: 1, min: 0, max: 3 },
    posting: { says: '0: interrupts of devices are never posted', default: 1, min: 0, max: 1 },
    since617: { says: '1: SN is set whenever a vCPU is put without the wake-up vector', default: 1, min: 0, max: 1 },
    deliveries: { says: 'interrupts that KVM delivers', default: 1, min: 0, max: 2 },
  },
  build: ({ vcpus, cpus, exits, posts, posting, since617, deliveries }) =>
    defineMachineModel({
      name: 'pi-preempt',
      machine: {
        ...smallMachine({ vcpus, cpus, vectors: 1, processes: vcpus + deliveries + cpus + 3, intel: true }),
        kernel: since617 === 1 ? '6.18' : '6.12',
      },
      paths: [vmxVcpuLoad, vmxVcpuPut, vmxVcpuBlock, piWakeupHandler, vmxDeliverInterrupt, vmxSyncPirToIrr],
      agents: (of) => [runVmxVcpu(of), postingDevice] as never,
      start(m, [run]) {
        if (posting === 1) bindVectors(m, 1);
        for (let vcpu = 0; vcpu < vcpus; vcpu++) chipOf(m).apicv.load(vcpu, vcpu % cpus);
        routeVector(m, VECTOR);
        for (let vcpu = 0; vcpu < vcpus; vcpu++) m.processes.spawn(run as never, { vcpu, left: exits } as never);
        m.processes.spawn(postingDevice as never, { left: posting * posts } as never);
        for (let i = 0; i < deliveries; i++)
          m.processes.spawn(vmxDeliverInterrupt as never, { vector: VECTOR + 1 + i } as never);
      },
      properties: properties(vcpus) as never,
    }),
});
