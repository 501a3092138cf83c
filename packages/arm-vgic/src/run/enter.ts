// A vCPU enters its guest: requests, list registers, and once more the requests with interrupts off. Linux: arch/arm64/kvm/arm.c kvm_arch_vcpu_ioctl_run, check_vcpu_requests.

import { BLOCKED, type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { ARM_REQ } from '../context.ts';
import { vgicFlushLrState } from '../lists/flush.ts';
import { vgicFoldLrState } from '../lists/fold.ts';
import { vgicPruneApList } from '../lists/prune.ts';
import { RUN_LOCALS, type RunFrame } from './frame.ts';
import { vgicLoad, vgicPut } from './load.ts';
import { hasRequests, type VcpuMachine, vcpuOf, vcpusOf } from './world.ts';

const { protocol } = protocolsOn<VcpuMachine>();

/** kvm_vcpu_sleep: the VM is stopped. */
export function sleep(m: VcpuMachine, f: RunFrame): Outcome<never> {
  if (vcpuOf(m, f).pause !== 0) return BLOCKED;
  vcpusOf(m, f).vcpus.check(f.vcpu, ARM_REQ.SLEEP);
}

/** vcpu_load, unless the vCPU is loaded. */
export function load(m: VcpuMachine, f: RunFrame): void {
  const v = vcpuOf(m, f);
  v.inKvm = 1;
  if (v.loaded === 0) vgicLoad(vcpusOf(m, f), f.vcpu);
}

/** KVM_REQ_RELOAD_GICv4. */
export function reload(m: VcpuMachine, f: RunFrame): void {
  const p = vcpusOf(m, f);
  if (!p.vcpus.check(f.vcpu, ARM_REQ.RELOAD_GICV4)) return;
  vgicPut(p, f.vcpu);
  vgicLoad(p, f.vcpu);
}

/** From here on the CPU runs guest code. */
export function runGuest(m: VcpuMachine, f: RunFrame): void {
  const v = vcpuOf(m, f);
  v.inGuest = 1;
  v.inKvm = 0;
  v.hasRun = 1;
  vcpusOf(m, f).entered(f.vcpu);
}

/**
 * From the ioctl, or from an exit that KVM has handled, into the guest. Who makes a request sets it before it looks at the mode, so that either the second look at the
 * requests finds it or the kick does; in the first case what is in the list registers goes back without having run.
 */
export const kvmVcpuEnter = protocol(
  'kvm_arch_vcpu_ioctl_run, entry',
  RUN_LOCALS,
  (p: Combinators<VcpuMachine, RunFrame>) => ({
    load,
    sleep,
    clearIrqPending: (m, f) => void vcpusOf(m, f).vcpus.check(f.vcpu, ARM_REQ.IRQ_PENDING),
    checkUpdate: (m, f) =>
      vcpusOf(m, f).vcpus.check(f.vcpu, ARM_REQ.VGIC_PROCESS_UPDATE) ? undefined : ('reload' as const),
    ...p.include('update', vgicPruneApList as never),
    reload,
    ...p.include('flush', vgicFlushLrState as never),
    setMode: (m, f) => vcpusOf(m, f).vcpus.enterGuest(f.vcpu),
    checkAgain: (m, f) => (hasRequests(vcpusOf(m, f), f.vcpu) ? undefined : ('runGuest' as const)),
    leaveMode: (m, f) => vcpusOf(m, f).vcpus.exitGuest(f.vcpu),
    ...p.include('fold', vgicFoldLrState as never),
    ...p.include('prune', vgicPruneApList as never),
    again: (): Outcome<'sleep'> => 'sleep',
    runGuest,
  }),
);
