// A VM is stopped and goes on: all vCPUs are asked to sleep, and whoever asks waits until none is in its guest. Linux: arch/arm64/kvm/arm.c kvm_arm_halt_guest,
// kvm_arm_resume_guest, virt/kvm/kvm_main.c kvm_request_needs_ipi.

import { VCPU_MODE } from '@virq/irq-core/kvm';
import { ARM_REQ, type Context } from '../context.ts';
import type { RunLoop } from '../run/run-loop.ts';
import type { RegisterForm } from './forms.ts';

/** Stop and resumption of all vCPUs of a VM. */
export interface GuestHalt {
  /** Asks all vCPUs to leave their guest and to sleep. */
  request(): void;
  /**
   * True once nobody is in guest mode. Linux: a vCPU between the end of guest mode and its fold, or between its flush and guest mode, is not waited for.
   * Abstraction: one that `vcpu_run` has left in the guest is not a process; it goes out here.
   */
  isHalted(): boolean;
  /** Lets them go on; those that were in the guest enter again. */
  resume(): void;
}

/** Creates it. */
export function createHalt({ state, kvm, options }: Context, run: RunLoop, pause: RegisterForm['pause']): GuestHalt {
  const { vcpus } = kvm;

  function isOutside(vcpu: number): boolean {
    if (vcpus.mode(vcpu) === VCPU_MODE.OUTSIDE_GUEST_MODE) return true;
    if (!run.isIn(vcpu)) return false;
    run.exit(vcpu);
    state.run.at(vcpu).stopped = 1;
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
        vcpus.notify(vcpu, ARM_REQ.SLEEP);
      }
    },
    isHalted() {
      let all = true;
      for (let vcpu = 0; vcpu < options.vcpus; vcpu++) all = isOutside(vcpu) && all;
      return all;
    },
    resume() {
      for (let vcpu = 0; vcpu < options.vcpus; vcpu++) wake(vcpu);
    },
  };
}
