// A vCPU in and out of the guest: entry, exits, hypercalls, cede, and what each of them costs. Linux: arch/powerpc/kvm/book3s_hv.c kvmhv_run_single_vcpu, kvmhv_p9_guest_entry.

import type { BackendProcesses } from '@virq/irq-core/backend';
import { EBUSY, EINVAL } from '@virq/irq-core/errors';
import type { Context } from '../kvm/context.ts';
import { cedeVcpu, enterGuest, pullVcpu, signalVcpu } from '../protocols/xive-cede.ts';
import { H, H_NAMES, type HcallName } from '../spapr/codes.ts';
import type { HcallArgs, HcallResult } from '../spapr/xive-hcalls.ts';
import type { VcpuRun } from './run.ts';

/** Traps by which a guest is left (kvm_trace_symbol_exit). */
export type Trap = 'SYSCALL' | 'H_DATA_STORAGE' | 'EXTERNAL' | 'HV_DECREMENTER';

/** Who answers hypercalls. */
export interface HcallParts {
  /** In the kernel, with the context still on the thread; rc H_TOO_HARD leaves it to user space. */
  inKernel(vcpu: number, name: HcallName, args: HcallArgs): HcallResult;
  /** QEMU. */
  inUserSpace(name: HcallName, args: HcallArgs): HcallResult;
}

/** A VM's vCPUs as scheduler and guest see them. */
export interface Exits {
  /** The scheduler gives the vCPU a hardware thread: -EINVAL without such a thread, -EBUSY if either has another. */
  load(vcpu: number, cpu: number): number;
  /** It is preempted: out of the guest, off its thread. */
  put(vcpu: number): number;
  /** KVM_RUN: into the guest. -EINVAL without a thread or while it sleeps. */
  run(vcpu: number): number;
  isIn(vcpu: number): boolean;
  /** Out of the guest, or out of its sleep, and no further, for a VM that stops. False for a vCPU that was in neither. */
  interrupt(vcpu: number): boolean;
  /** The guest is left for what `work` does, and entered again. */
  intercepted<T>(vcpu: number, trap: Trap, work: () => T): T;
  hcall(vcpu: number, name: HcallName, args: HcallArgs): HcallResult;
  /** H_RTAS for a call that KVM answers itself: its status. */
  rtas(vcpu: number, name: string, call: () => number): number;
  /** H_CEDE: a process that sleeps until something waits for the vCPU. */
  cede(vcpu: number): void;
}

const shown = (v: bigint | undefined): string => `0x${(v ?? 0n).toString(16)}`;

/** Creates them. */
export function createExits(ctx: Context, run: VcpuRun, parts: HcallParts): Exits {
  const { vm, kvm, trace, host } = ctx;
  const processes = (): BackendProcesses => ctx.processes();
  const call = (protocol: unknown, vcpu: number): void => processes().call(protocol as never, { vm, vcpu } as never);
  const isIn = (vcpu: number): boolean => run.run(vcpu).inGuest === 1;

  function exitEvent(vcpu: number, trap: Trap): void {
    if (trace.on) trace.emit('kvm_guest_exit', { vcpu, trap });
    run.leave(vcpu);
  }

  const enter = (vcpu: number): void => call(enterGuest, vcpu);

  function leave(vcpu: number, trap: Trap): void {
    exitEvent(vcpu, trap);
    call(pullVcpu, vcpu);
  }

  function hcallEvent(vcpu: number, name: HcallName, args: HcallArgs): void {
    const gprs = [0, 1, 2, 3].map((i) => shown(args[i])).join(' ');
    trace.emit('kvm_hcall_enter', { vcpu, name, gprs });
  }

  /** What the kernel does not do goes to QEMU, once the context is off the thread. */
  function answer(vcpu: number, name: HcallName, args: HcallArgs): HcallResult {
    const inKernel = parts.inKernel(vcpu, name, args);
    call(pullVcpu, vcpu);
    if (inKernel.rc !== H.TOO_HARD) return inKernel;
    if (trace.on) trace.emit('kvm_userspace_exit', { reason: 'KVM_EXIT_PAPR_HCALL (19)' });
    return parts.inUserSpace(name, args);
  }

  return {
    load(vcpu, cpu) {
      if (cpu >= host.state.cpus.length) return -EINVAL;
      if (run.at(vcpu).thread !== 0 || host.state.cpus.at(cpu).vm !== 0) return -EBUSY;
      run.at(vcpu).thread = cpu + 1;
      kvm.vcpus.load(vcpu, cpu);
      host.place(cpu, vm + 1, vcpu);
      return 0;
    },
    put(vcpu) {
      const v = run.at(vcpu);
      if (v.thread === 0 || kvm.vcpus.isBlocking(vcpu)) return -EINVAL;
      if (isIn(vcpu)) leave(vcpu, 'HV_DECREMENTER');
      host.place(v.thread - 1, 0, 0);
      v.thread = 0;
      kvm.vcpus.put(vcpu);
      return 0;
    },
    run(vcpu) {
      if (run.at(vcpu).thread === 0 || kvm.vcpus.isBlocking(vcpu)) return -EINVAL;
      if (!isIn(vcpu)) enter(vcpu);
      return 0;
    },
    isIn,
    interrupt(vcpu) {
      if (kvm.vcpus.isBlocking(vcpu)) call(signalVcpu, vcpu);
      else if (isIn(vcpu)) leave(vcpu, 'EXTERNAL');
      else return false;
      return true;
    },
    intercepted(vcpu, trap, work) {
      leave(vcpu, trap);
      const result = work();
      enter(vcpu);
      return result;
    },
    hcall(vcpu, name, args) {
      exitEvent(vcpu, 'SYSCALL');
      if (trace.on) hcallEvent(vcpu, name, args);
      const result = answer(vcpu, name, args);
      if (trace.on) trace.emit('kvm_hcall_exit', { vcpu, rc: H_NAMES.get(result.rc) ?? String(result.rc) });
      enter(vcpu);
      return result;
    },
    rtas(vcpu, name, call) {
      leave(vcpu, 'SYSCALL');
      if (trace.on) trace.emit('kvm_hcall_enter', { vcpu, name: 'H_RTAS', gprs: name });
      const status = call();
      enter(vcpu);
      return status;
    },
    cede(vcpu) {
      if (trace.on) trace.emit('kvm_guest_exit', { vcpu, trap: 'SYSCALL' });
      if (trace.on) hcallEvent(vcpu, 'H_CEDE', []);
      processes().spawn(cedeVcpu as never, { vm, vcpu } as never);
    },
  };
}
