// Words for vCPUs on physical CPUs, where a GICv4's vPEs follow them.

import { EINVAL } from '@virq/irq-core/errors';
import type { Operation } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { int, n } from './args.ts';

const cpu = int('vCPU', { min: 0, max: 511, default: 0 });

/** A vCPU that is in the guest comes out for the work, and goes in again if `again`. */
function outside({ run }: ArmChip, vcpu: number, again: boolean, work: () => void): void {
  const wasIn = run.isIn(vcpu);
  if (wasIn) run.exit(vcpu);
  work();
  if (wasIn && again) run.enter(vcpu);
}

/** Operations of the host's scheduler. */
export const V4_OPERATIONS: Readonly<Record<string, Operation<ArmChip>>> = {
  vcpu_load: {
    summary: "the scheduler gives the vCPU's thread a physical CPU; in KVM its vPE becomes resident there",
    args: { cpu, pcpu: int('physical CPU', { min: 0, max: 253 }) },
    run(c, args) {
      const vcpu = n(args, 'cpu');
      if (vcpu >= c.options.vcpus) return { ret: -EINVAL };
      outside(c, vcpu, true, () => {
        c.v4.put(vcpu, false);
        c.context.kvm.vcpus.load(vcpu, n(args, 'pcpu'));
        c.v4.load(vcpu);
      });
      return { ret: 0 };
    },
  },
  vcpu_put: {
    summary: "the vCPU's thread is preempted: it leaves the guest, and its vPE the hardware, without a doorbell",
    args: { cpu },
    run(c, args) {
      const vcpu = n(args, 'cpu');
      if (vcpu >= c.options.vcpus) return { ret: -EINVAL };
      outside(c, vcpu, false, () => c.v4.put(vcpu, false));
      c.context.kvm.vcpus.put(vcpu);
      return { ret: 0 };
    },
  },
};
