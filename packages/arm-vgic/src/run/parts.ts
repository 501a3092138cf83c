// The run loop's view of a VM.

import type { Context } from '../context.ts';
import { hasPendingIrq } from '../lists/pending.ts';
import type { VgicLists } from '../lists/world.ts';
import { TRAP } from '../regs/icc.ts';
import type { Cpus } from './cpus.ts';
import type { Residency } from './residency.ts';
import type { VcpuParts } from './world.ts';

/** Binds it; vPEs are there later. */
export function bindVcpus(ctx: Context, lists: VgicLists, cpus: Cpus, late: () => Residency): VcpuParts {
  const { state, kvm, trace, profile } = ctx;
  const residency: Residency = {
    load: (vcpu) => late().load(vcpu),
    put: (vcpu, inWfi) => late().put(vcpu, inWfi),
    isPendingLast: (vcpu) => late().isPendingLast(vcpu),
  };
  return {
    vcpus: kvm.vcpus,
    residency,
    savesVmcr: profile.run.savesVmcr,
    at: (vcpu) => state.run.at(vcpu),
    requests: (vcpu) => kvm.state.vcpus.at(vcpu).requests,
    isPending: (vcpu) => hasPendingIrq(lists, vcpu),
    execute: (vcpu, what, value) => cpus.run(vcpu, what, value) === TRAP,
    entered(vcpu) {
      if (trace.on) trace.emit('kvm_entry', { vcpu });
    },
    left(vcpu, { ret, ec }) {
      if (trace.on) trace.emit('kvm_exit', { vcpu, ret, esr_ec: ec });
    },
  };
}
