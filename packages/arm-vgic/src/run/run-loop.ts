// A vCPU in and out of the guest: requests, flush before entry, fold and prune after the exit. Linux: arch/arm64/kvm/arm.c kvm_arch_vcpu_ioctl_run, vgic.c kvm_vgic_flush_hwstate, kvm_vgic_sync_hwstate.

import { VCPU_MODE } from '@virq/irq-core/kvm';
import type { AnyProtocol } from '@virq/irq-core/protocol';
import { ARM_REQ, type Context } from '../context.ts';
import { vgicFlushLrState } from '../lists/flush.ts';
import { vgicFoldLrState } from '../lists/fold.ts';
import { vgicPruneApList } from '../lists/prune.ts';

/** The run loop of one VM's vCPUs. */
export interface RunLoop {
  /** Runs guest code, or is about to leave it because of a kick. */
  isIn(vcpu: number): boolean;
  enter(vcpu: number): void;
  exit(vcpu: number): void;
  /** Work of guest code: a kick is taken first; a vCPU that is outside comes in for it, and leaves again. */
  inside<T>(vcpu: number, work: () => T): T;
  /** Work of KVM for an access that traps: after an exit; a vCPU that was in the guest enters again. */
  intercepted<T>(vcpu: number, work: () => T): T;
}

/** Creates it. */
export function createRunLoop(ctx: Context): RunLoop {
  const { vm, state, kvm, trace } = ctx;
  const { vcpus } = kvm;
  const call = (protocol: unknown, vcpu: number): void =>
    ctx.processes().call(protocol as AnyProtocol<never> as never, { vm, vcpu } as never);
  const isIn = (vcpu: number): boolean => state.run.at(vcpu).inGuest === 1;

  function serve(vcpu: number): void {
    vcpus.check(vcpu, ARM_REQ.SLEEP);
    vcpus.check(vcpu, ARM_REQ.IRQ_PENDING);
    if (vcpus.check(vcpu, ARM_REQ.VGIC_PROCESS_UPDATE)) call(vgicPruneApList, vcpu);
  }

  function enter(vcpu: number): void {
    serve(vcpu);
    call(vgicFlushLrState, vcpu);
    vcpus.enterGuest(vcpu);
    state.run.at(vcpu).inGuest = 1;
    state.run.at(vcpu).hasRun = 1;
    if (trace.on) trace.emit('kvm_entry', { vcpu });
  }

  function exit(vcpu: number): void {
    if (trace.on) trace.emit('kvm_exit', { vcpu });
    vcpus.exitGuest(vcpu);
    state.run.at(vcpu).inGuest = 0;
    call(vgicFoldLrState, vcpu);
    call(vgicPruneApList, vcpu);
  }

  function takeKick(vcpu: number): void {
    if (vcpus.mode(vcpu) !== VCPU_MODE.EXITING_GUEST_MODE) return;
    exit(vcpu);
    enter(vcpu);
  }

  return {
    isIn,
    enter,
    exit,
    inside(vcpu, work) {
      if (isIn(vcpu)) {
        takeKick(vcpu);
        return work();
      }
      enter(vcpu);
      const result = work();
      exit(vcpu);
      return result;
    },
    intercepted(vcpu, work) {
      const wasIn = isIn(vcpu);
      if (wasIn) exit(vcpu);
      const result = work();
      if (wasIn) enter(vcpu);
      return result;
    },
  };
}
