// The vCPUs that a VM has so far, and what of them device ioctls ask. Linux: virt/kvm/kvm_main.c kvm_get_vcpu_by_id, kvm_trylock_all_vcpus, arch/arm64/kvm/arm.c kvm_mpidr_to_vcpu.

import type { ArmState } from '../layout.ts';

/** vCPUs go by index. */
export interface OnlineVcpus {
  readonly count: number;
  /** Index of the vCPU of an id, -1 for none. */
  byId(id: number): number;
  /** Index of the vCPU of an affinity, Aff2.Aff1.Aff0, -1 for none. */
  byAffinity(affinity: number): number;
  /** Some vCPU is in KVM_RUN: its mutex is not to be had. */
  isBusy(): boolean;
  /** Some vCPU has been in its guest. */
  haveRun(): boolean;
}

/** Creates them. */
export function createOnlineVcpus({ dist, redists, run }: ArmState): OnlineVcpus {
  const first = (holds: (vcpu: number) => boolean): number => {
    for (let vcpu = 0; vcpu < dist.online; vcpu++) if (holds(vcpu)) return vcpu;
    return -1;
  };
  return {
    get count() {
      return dist.online;
    },
    byId(id) {
      for (let vcpu = 0; vcpu < dist.online; vcpu++) if (redists.at(vcpu).id === id) return vcpu;
      return -1;
    },
    byAffinity: (affinity) => first((vcpu) => redists.at(vcpu).mpidr === affinity),
    isBusy: () => first((vcpu) => run.at(vcpu).inGuest === 1 || run.at(vcpu).inKvm === 1) >= 0,
    haveRun: () => first((vcpu) => run.at(vcpu).hasRun === 1) >= 0,
  };
}
