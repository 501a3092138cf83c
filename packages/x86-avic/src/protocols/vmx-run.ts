// A vCPU with APICv on VMX that is scheduled in and out and halts: NDST, SN and NV of its descriptor. Linux: arch/x86/kvm/vmx/posted_intr.c vmx_vcpu_pi_load, vmx_vcpu_pi_put.

import { REQ } from '@virq/irq-core/kvm';
import { BLOCKED, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { NOTIFY, setControl, testAndClearSn } from '../posted/pi-descriptor.ts';
import type { Vmx } from '../posted/vmx.ts';
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

/** SN: nobody need be notified while the vCPU waits for a CPU. */
function suppress(m: PostedWorld, f: { vm: number; vcpu: number }): void {
  vmxOf(m, f).at(f.vcpu).desc.sn = 1;
}

/**
 * vmx_vcpu_pi_put of a vCPU that blocks: the wake-up vector, or SN if it was woken meanwhile (vcpu->preempted). Before 6.17 it then got both.
 * Abstraction: guests halt with interrupts enabled.
 */
export const vmxVcpuPiPut = protocol('vmx_vcpu_pi_put', PI_LOCALS, (p) => ({
  needsWakeup(m, f) {
    const vmx = vmxOf(m, f);
    if (!vmx.canUseVtdPi()) return DONE;
    f.preempted = vmx.vcpus.isBlocking(f.vcpu) ? 0 : 1;
    return vmx.profile.suppressesWhenPut && f.preempted === 1 ? 'suppress' : undefined;
  },
  ...p.include('wakeup', piEnableWakeupHandler),
  isPreempted: (_m, f) => (f.preempted === 1 ? undefined : DONE),
  suppress,
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

/** vmx_vcpu_put when it is preempted, with vmx_vcpu_pi_put. */
export const vmxVcpuPut = protocol('vmx_vcpu_put', PI_LOCALS, () => ({
  leaveGuest(m, f) {
    const { vcpus, pcpus, canUseVtdPi } = vmxOf(m, f);
    pcpus.leaveGuest(f.vm, f.vcpu);
    vcpus.exitGuest(f.vcpu);
    return canUseVtdPi() ? undefined : 'leaveCpu';
  },
  suppress,
  leaveCpu(m, f) {
    const { vcpus, pcpus } = vmxOf(m, f);
    pcpus.vacate(f.vm, f.vcpu);
    vcpus.put(f.vcpu);
  },
}));

/** A CPU for a vCPU that was woken: the one on which it slept if that is free, or (`migrates`) another one; -1 if there is none. */
function cpuToWakeOn({ pcpus }: Vmx, slept: number, migrates: boolean): number {
  const isFree = (cpu: number): boolean => pcpus.cpus.at(cpu).vm === 0;
  if (isFree(slept) && !migrates) return slept;
  if (!isFree(slept) && migrates) return -1;
  for (let cpu = 0; cpu < pcpus.cpus.length; cpu++) if (cpu !== slept && isFree(cpu)) return cpu;
  return -1;
}

/**
 * kvm_vcpu_halt, kvm_vcpu_block: the vCPU announces itself, looks, and is scheduled out; KVM_REQ_UNBLOCK makes it leave and halt anew, so that it is put
 * again. The scheduler may wake it on another CPU than that on whose list it is.
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
  leaveCpu(m, f) {
    const { vcpus, pcpus } = vmxOf(m, f);
    pcpus.vacate(f.vm, f.vcpu);
    vcpus.put(f.vcpu);
  },
  sleep: p.idle((m, f) => (vmxOf(m, f).vcpus.isBlocking(f.vcpu) ? BLOCKED : undefined)),
  pickCpu: p.choose(2, (m, f, _self, choice) => {
    const vmx = vmxOf(m, f);
    const cpu = cpuToWakeOn(vmx, f.cpu, choice === 1);
    if (cpu < 0) return BLOCKED;
    f.cpu = cpu;
    vmx.pcpus.occupy(cpu, f.vm, f.vcpu);
    return undefined;
  }),
  ...p.include('load', vmxVcpuLoad),
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
