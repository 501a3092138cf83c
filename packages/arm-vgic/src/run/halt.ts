// All vCPUs of a VM are stopped, for what cannot be seen while one of them runs. Linux: arch/arm64/kvm/arm.c kvm_arm_halt_guest, kvm_arm_resume_guest.

import { u8, u16 } from '@virq/irq-core/arena';
import { BLOCKED, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { ARM_REQ } from '../context.ts';
import { type VcpuMachine, vcpusOf } from './world.ts';

const { protocol } = protocolsOn<VcpuMachine>();

/** `next` is the vCPU that is told or waited for. */
export const HALT_LOCALS = { vm: u8, next: u16 } as const;

/** kvm_arm_halt_guest: every vCPU is asked to sleep, and those in the guest are waited for. The caller's own vCPU is in KVM. */
export const kvmArmHaltGuest = protocol('kvm_arm_halt_guest', HALT_LOCALS, () => ({
  pause(m, f): Outcome<'pause'> {
    const p = vcpusOf(m, f);
    p.at(f.next).pause = 1;
    if (++f.next < p.vcpus.count) return 'pause';
    f.next = 0;
  },
  request(m, f): Outcome<'request'> {
    const { vcpus } = vcpusOf(m, f);
    vcpus.notify(f.next, ARM_REQ.SLEEP);
    if (++f.next < vcpus.count) return 'request';
    f.next = 0;
  },
  wait(m, f): Outcome<'wait'> {
    const p = vcpusOf(m, f);
    if (p.at(f.next).inGuest === 1) return BLOCKED;
    return ++f.next < p.vcpus.count ? 'wait' : DONE;
  },
}));

/** kvm_arm_resume_guest. */
export const kvmArmResumeGuest = protocol('kvm_arm_resume_guest', HALT_LOCALS, () => ({
  resume(m, f): Outcome<'resume'> {
    const p = vcpusOf(m, f);
    p.at(f.next).pause = 0;
    p.vcpus.wakeUp(f.next);
    return ++f.next < p.vcpus.count ? 'resume' : DONE;
  },
}));
