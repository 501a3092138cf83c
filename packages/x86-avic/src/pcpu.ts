// Physical CPUs below x86 VMs: which vCPU each has loaded, and what is on its way to it.

import { type CompositeArray, struct, u1, u8, u16, type View } from '@virq/irq-core/arena';

/**
 * A physical CPU: the vCPU it has loaded (1 + VM, index), whether it is in the guest. `doorbell` (AVIC) and `notification` (vector 0xf2 on VMX) have arrived in the
 * guest and are not evaluated; `wakeup` (vector 0xf1) has arrived and its handler has not begun. Its APIC id is its number.
 */
export const Pcpu = struct('pcpu', { vm: u8, vcpu: u16, inGuest: u1, doorbell: u1, notification: u1, wakeup: u1 });
export type Pcpu = View<typeof Pcpu>;

/** Scheduling as CPUs see it. */
export interface Pcpus {
  readonly cpus: CompositeArray<Pcpu>;
  /** CPU that has a vCPU, -1 if none. */
  cpuOf(vm: number, vcpu: number): number;
  /** A CPU gets a vCPU's thread, and loses it. */
  occupy(cpu: number, vm: number, vcpu: number): void;
  vacate(vm: number, vcpu: number): void;
  enterGuest(vm: number, vcpu: number): void;
  /** Out of the guest doorbells and notifications do nothing: KVM looks before it enters again. */
  leaveGuest(vm: number, vcpu: number): void;
}

const NOTHING = { inGuest: 0, doorbell: 0, notification: 0 } as const;

/** Operations over the CPUs' states. */
export function createPcpus(cpus: CompositeArray<Pcpu>): Pcpus {
  function cpuOf(vm: number, vcpu: number): number {
    for (let cpu = 0; cpu < cpus.length; cpu++)
      if (cpus.at(cpu).vm === vm + 1 && cpus.at(cpu).vcpu === vcpu) return cpu;
    return -1;
  }

  return {
    cpus,
    cpuOf,
    occupy(cpu, vm, vcpu) {
      const c = cpus.at(cpu);
      c.vm = vm + 1;
      c.vcpu = vcpu;
    },
    vacate(vm, vcpu) {
      const cpu = cpuOf(vm, vcpu);
      if (cpu >= 0) Object.assign(cpus.at(cpu), { vm: 0, vcpu: 0, ...NOTHING });
    },
    enterGuest(vm, vcpu) {
      const cpu = cpuOf(vm, vcpu);
      if (cpu >= 0) cpus.at(cpu).inGuest = 1;
    },
    leaveGuest(vm, vcpu) {
      const cpu = cpuOf(vm, vcpu);
      if (cpu >= 0) Object.assign(cpus.at(cpu), NOTHING);
    },
  };
}
