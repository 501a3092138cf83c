// A vCPU that is scheduled in and out and halts: IsRunning in the table, IsRun in the IRTEs that post to it. Linux 6.17: arch/x86/kvm/svm/avic.c.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { BLOCKED, DONE, protocolsOn } from '@virq/irq-core/protocol';
import type { Avic } from '../avic/avic.ts';
import { writeRuns } from '../iommu/amd.ts';
import { avicOf, type X86World } from './world.ts';

const { protocol } = protocolsOn<X86World>();

/** `log`: put because it blocks, so that posts are to be told through the GA log. `next`: host irq from which the walk over ir_list goes on. */
const LOCALS = { vm: u8, vcpu: u16, cpu: u8, log: u1, next: u16 } as const;

/** avic_update_iommu_vcpu_affinity, one IRTE a call: true while there are more. Nothing is invalidated, for the fields are not cached. */
function tellIommu(m: X86World, f: { vm: number; vcpu: number; next: number }, cpu: number, log: number): boolean {
  const a = avicOf(m, f);
  const irq = a.at(f.vcpu).irList.next(f.next);
  f.next = irq + 1;
  if (irq < 0) return false;
  const { entry } = a.host.irq(irq);
  if (entry.guestMode === 1) writeRuns(entry, cpu, a.profile.logsOnlyBlocking ? log : 1);
  return true;
}

/** Both copies of the physical table's entry: running on `cpu`, or not. The host id stays when it stops. */
function setRunning(a: Avic, vcpu: number, cpu: number, log: number): void {
  for (const e of a.runningEntries(vcpu)) {
    e.isRunning = cpu >= 0 ? 1 : 0;
    if (cpu >= 0) e.hostId = cpu;
  }
  a.at(vcpu).entry.gaLogIntr = cpu >= 0 ? 0 : log;
}

/** __avic_vcpu_load: entry and IRTEs change under the lock of the list. */
export const avicVcpuLoad = protocol('avic_vcpu_load', LOCALS, (p) => ({
  ...p.spinlocked('ir_list', (m, f) => avicOf(m, f).at(f.vcpu).irListLock, {
    setRunning: (m, f) => setRunning(avicOf(m, f), f.vcpu, f.cpu, 0),
    tellIommu: (m, f) => (tellIommu(m, f, f.cpu, 0) ? 'tellIommu' : undefined),
  }),
}));

/** __avic_vcpu_put: the IRTEs first. */
export const avicVcpuPut = protocol('avic_vcpu_put', LOCALS, (p) => ({
  isRunning: (m, f) => (avicOf(m, f).at(f.vcpu).entry.isRunning === 1 ? undefined : DONE),
  ...p.spinlocked('ir_list', (m, f) => avicOf(m, f).at(f.vcpu).irListLock, {
    tellIommuOut: (m, f) => (tellIommu(m, f, -1, f.log) ? 'tellIommuOut' : undefined),
    clearRunning: (m, f) => setRunning(avicOf(m, f), f.vcpu, -1, f.log),
  }),
}));

/** svm_vcpu_load when the scheduler gives the vCPU's thread a CPU. A vCPU that blocks is left as it is. */
export const svmVcpuLoad = protocol('svm_vcpu_load', LOCALS, (p) => ({
  setCpu(m, f) {
    const a = avicOf(m, f);
    a.vcpus.load(f.vcpu, f.cpu);
    a.host.occupy(f.cpu, f.vm, f.vcpu);
    return a.isActive(f.vcpu) && !a.vcpus.isBlocking(f.vcpu) ? undefined : DONE;
  },
  ...p.include('avic', avicVcpuLoad),
}));

/** svm_vcpu_put when it is scheduled out. */
export const svmVcpuPut = protocol('svm_vcpu_put', LOCALS, (p) => ({
  leaveGuest(m, f) {
    const a = avicOf(m, f);
    a.host.leaveGuest(f.vm, f.vcpu);
    a.vcpus.exitGuest(f.vcpu);
    f.log = 0;
    return a.isActive(f.vcpu) ? undefined : 'leaveCpu';
  },
  ...p.include('avic', avicVcpuPut),
  leaveCpu(m, f) {
    const a = avicOf(m, f);
    a.host.vacate(f.vm, f.vcpu);
    a.vcpus.put(f.vcpu);
  },
}));

/**
 * kvm_vcpu_halt, kvm_vcpu_block: AVIC stops running first (avic_vcpu_blocking), the vCPU announces itself, looks once more, sleeps, and runs again
 * (avic_vcpu_unblocking). Abstraction: it wakes on the CPU on which it fell asleep.
 */
export const svmVcpuBlock = protocol('kvm_vcpu_block (svm)', LOCALS, (p) => ({
  leaveGuest(m, f) {
    const a = avicOf(m, f);
    a.host.leaveGuest(f.vm, f.vcpu);
    a.vcpus.exitGuest(f.vcpu);
    f.cpu = Math.max(0, a.vcpus.pcpu(f.vcpu));
    f.log = 1;
    return a.isActive(f.vcpu) ? undefined : 'announce';
  },
  ...p.include('blocking', avicVcpuPut),
  announce: (m, f) => avicOf(m, f).vcpus.block(f.vcpu),
  look: (m, f) => (avicOf(m, f).mustStayAwake(f.vcpu) ? 'run' : undefined),
  sleep: p.idle((m, f) => (avicOf(m, f).vcpus.isBlocking(f.vcpu) ? BLOCKED : 'announce')),
  run(m, f) {
    const a = avicOf(m, f);
    a.vcpus.unblock(f.vcpu);
    f.log = 0;
    return a.isActive(f.vcpu) ? undefined : DONE;
  },
  ...p.include('unblocking', avicVcpuLoad),
}));
