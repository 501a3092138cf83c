// The run loop's view of a VM.

import { columns } from '@virq/irq-core/arena';
import type { Context } from '../context.ts';
import { RunVcpu } from '../layout.ts';
import { hasPendingIrq } from '../lists/pending.ts';
import type { VgicLists } from '../lists/world.ts';
import { Vmcr } from '../lr/layout.ts';
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
    plain: lists.plain ?? null,
    savesVmcr: profile.run.savesVmcr,
    at: (vcpu) => state.run.at(vcpu),
    fields: columns(RunVcpu, state.run),
    vmcr: columns(Vmcr, state.interfaces, (c) => c.vmcr),
    requests: kvm.vcpus.requests,
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
