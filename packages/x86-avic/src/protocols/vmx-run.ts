// A vCPU with APICv on VMX that is scheduled in and out and halts: NDST, SN and NV of its descriptor. Linux: arch/x86/kvm/vmx/posted_intr.c vmx_vcpu_pi_load, vmx_vcpu_pi_put.

import { REQ } from '@virq/irq-core/kvm';
import { BLOCKED, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { NOTIFY, setControl, testAndClearSn } from '../posted/pi-descriptor.ts';
import { leaveWakeupList, PI_LOCALS, piEnableWakeupHandler, wakeupListOf } from './pi-wakeup.ts';
import { type PostedWorld, vmxOf } from './posted-world.ts';

const { protocol } = protocolsOn<PostedWorld>();

/**
 * vmx_vcpu_pi_load onto `cpu`: the vCPU leaves the wake-up list of the CPU it slept on, notifications go to the new CPU again, and what was posted
 * while they were suppressed is made visible by ON (c112b5f50232).
 */
export const vmxVcpuPiLoad = protocol('vmx_vcpu_pi_load', PI_LOCALS, (p) => ({
  isUpToDate(m, f) {
    const { desc, lastCpu } = vmxOf(m, f).at(f.vcpu);
    if (desc.nv === NOTIFY.WAKEUP) return undefined;
    if (lastCpu !== f.cpu + 1) return 'redirect';
    return testAndClearSn(desc) ? 'recomputeOn' : DONE;
  },
  ...p.spinlocked('wakeup_vcpus', (m, f) => wakeupListOf(m, f).lock, { leaveList: leaveWakeupList }),
  redirect(m, f) {
    const { at, posted } = vmxOf(m, f);
    setControl(at(f.vcpu).desc, { ndst: posted.ndst(f.cpu), sn: 0, nv: NOTIFY.POSTED });
  },
  recomputeOn(m, f) {
    const { desc } = vmxOf(m, f).at(f.vcpu);
    if (!desc.pir.isEmpty()) desc.on = 1;
  },
}));

/** vmx_vcpu_pi_put: the wake-up vector for a vCPU that blocks, else SN. Abstraction: guests halt with interrupts enabled. */
export const vmxVcpuPiPut = protocol('vmx_vcpu_pi_put', PI_LOCALS, (p) => ({
  needsWakeup(m, f) {
    const vmx = vmxOf(m, f);
    if (!vmx.canUseVtdPi()) return DONE;
    const blocks = vmx.vcpus.isBlocking(f.vcpu) && !(vmx.profile.suppressesWhenPut && f.preempted === 1);
    return blocks ? undefined : 'suppress';
  },
  ...p.include('wakeup', piEnableWakeupHandler),
  isPreempted: (_m, f) => (f.preempted === 1 ? undefined : DONE),
  suppress(m, f) {
    const { at, profile } = vmxOf(m, f);
    if (profile.suppressesWhenPut || f.preempted === 1) at(f.vcpu).desc.sn = 1;
  },
}));

/** vmx_vcpu_load when the scheduler gives the vCPU's thread a CPU. */
export const vmxVcpuLoad = protocol('vmx_vcpu_load', PI_LOCALS, (p) => ({
  ...p.include('pi', vmxVcpuPiLoad),
  setCpu(m, f) {
    const { at, vcpus, pcpus } = vmxOf(m, f);
    at(f.vcpu).lastCpu = f.cpu + 1;
    vcpus.load(f.vcpu, f.cpu);
    pcpus.occupy(f.cpu, f.vm, f.vcpu);
  },
}));

/** vmx_vcpu_put when it is scheduled out. */
export const vmxVcpuPut = protocol('vmx_vcpu_put', PI_LOCALS, (p) => ({
  leaveGuest(m, f) {
    const { vcpus, pcpus } = vmxOf(m, f);
    pcpus.leaveGuest(f.vm, f.vcpu);
    vcpus.exitGuest(f.vcpu);
    f.preempted = 1;
  },
  ...p.include('pi', vmxVcpuPiPut),
  leaveCpu(m, f) {
    const { vcpus, pcpus } = vmxOf(m, f);
    pcpus.vacate(f.vm, f.vcpu);
    vcpus.put(f.vcpu);
  },
}));

/**
 * kvm_vcpu_halt, kvm_vcpu_block: the vCPU announces itself, looks, and is scheduled out; KVM_REQ_UNBLOCK makes it leave and halt anew, so that it is put
 * again. Abstraction: it wakes on the CPU on which it fell asleep, and nobody else gets that CPU meanwhile.
 */
export const vmxVcpuBlock = protocol('kvm_vcpu_block (vmx)', PI_LOCALS, (p) => ({
  leaveGuest(m, f) {
    const { vcpus, pcpus } = vmxOf(m, f);
    pcpus.leaveGuest(f.vm, f.vcpu);
    vcpus.exitGuest(f.vcpu);
    f.cpu = Math.max(0, vcpus.pcpu(f.vcpu));
  },
  announce: (m, f) => vmxOf(m, f).vcpus.block(f.vcpu),
  look(m, f) {
    const vmx = vmxOf(m, f);
    if (vmx.isRunnable(f.vcpu)) return 'run';
    return vmx.vcpus.check(f.vcpu, REQ.UNBLOCK) ? 'announce' : undefined;
  },
  ...p.include('put', vmxVcpuPiPut),
  sleep: p.idle((m, f) => (vmxOf(m, f).vcpus.isBlocking(f.vcpu) ? BLOCKED : undefined)),
  ...p.include('load', vmxVcpuPiLoad),
  again: () => 'announce',
  run: (m, f) => vmxOf(m, f).vcpus.unblock(f.vcpu),
}));

/** vmx_pi_start_bypass: the VM's first posted interrupt; vCPUs that blocked without the wake-up vector are to block anew (a2486020a82e). */
export const vmxPiStartBypass = protocol('vmx_pi_start_bypass', PI_LOCALS, () => ({
  requestUnblock: (m, f) => vmxOf(m, f).vcpus.requestAll(REQ.UNBLOCK),
  kickAll(m, f) {
    const { vcpus } = vmxOf(m, f);
    if (f.vcpu >= vcpus.count) return DONE;
    vcpus.kick(f.vcpu);
    f.vcpu++;
    return 'kickAll';
  },
}));
