// A VM is stopped and goes on: all vCPUs are asked to sleep, and whoever asks waits until none is in its guest. Linux: arch/arm64/kvm/arm.c kvm_arm_halt_guest,
// kvm_arm_resume_guest, virt/kvm/kvm_main.c kvm_request_needs_ipi.

import { VCPU_MODE } from '@virq/irq-core/kvm';
import { ARM_REQ, type Context } from '../context.ts';
import type { RunLoop } from '../run/run-loop.ts';
import { kvmVcpuThread } from '../run/thread.ts';
import type { RegisterForm } from './forms.ts';

/** Stop and resumption of all vCPUs of a VM. */
export interface GuestHalt {
  /** Asks all vCPUs to leave their guest and to sleep. */
  request(): void;
  /**
   * True once every vCPU that was in guest mode when it was asked has left it and let its interrupts in, which is after its fold. Linux: nobody waits for a vCPU that is between the
   * end of guest mode and its fold then, or between its flush and guest mode. Abstraction: one that `vcpu_run` has left in the guest is no process; it goes out here.
   */
  isHalted(): boolean;
  /** Lets them go on; those that were in the guest enter again. */
  resume(): void;
}

/** Creates it. */
export function createHalt(
  { vm, state, kvm, options, processes }: Context,
  run: RunLoop,
  pause: RegisterForm['pause'],
): GuestHalt {
  const { vcpus } = kvm;

  /** The vCPU has a process that takes its kicks. */
  function hasThread(vcpu: number): boolean {
    const all = processes();
    for (let pid = all.next(0); pid >= 0; pid = all.next(pid + 1)) {
      if ((all.protocolOf(pid) as unknown) !== kvmVcpuThread) continue;
      const frame = all.frameOf(pid) as unknown as { readonly vm: number; readonly vcpu: number };
      if (frame.vm === vm && frame.vcpu === vcpu) return true;
    }
    return false;
  }

  function isOut(vcpu: number): boolean {
    const v = state.run.at(vcpu);
    if (v.awaited === 0) return true;
    if (vcpus.mode(vcpu) === VCPU_MODE.OUTSIDE_GUEST_MODE) return state.interfaces.at(vcpu).used === 0;
    if (!run.isIn(vcpu) || hasThread(vcpu)) return false;
    run.exit(vcpu);
    v.stopped = 1;
    return true;
  }

  function wake(vcpu: number): void {
    const v = state.run.at(vcpu);
    v.pause = pause === 'flag' ? 0 : v.pause - 1;
    if (v.pause > 0) return;
    vcpus.wakeUp(vcpu);
    if (v.stopped === 0) return;
    v.stopped = 0;
    run.enter(vcpu);
  }

  return {
    request() {
      for (let vcpu = 0; vcpu < options.vcpus; vcpu++) {
        const v = state.run.at(vcpu);
        v.pause = pause === 'flag' ? 1 : v.pause + 1;
        v.awaited = vcpus.mode(vcpu) === VCPU_MODE.OUTSIDE_GUEST_MODE ? 0 : 1;
        vcpus.notify(vcpu, ARM_REQ.SLEEP);
      }
    },
    isHalted() {
      let all = true;
      for (let vcpu = 0; vcpu < options.vcpus; vcpu++) all = isOut(vcpu) && all;
      return all;
    },
    resume() {
      for (let vcpu = 0; vcpu < options.vcpus; vcpu++) wake(vcpu);
    },
  };
}
