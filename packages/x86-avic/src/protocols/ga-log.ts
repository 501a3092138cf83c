// The thread of the GA interrupt: it reads the log and wakes the vCPUs that the tags name. Linux: drivers/iommu/amd/iommu.c iommu_poll_ga_log, svm/avic.c.

import { u32 } from '@virq/irq-core/arena';
import { DONE, protocolsOn } from '@virq/irq-core/protocol';
import { vcpuOfTag, vmIdOfTag } from '../avic/tables.ts';
import { hasEntries, restart, takeEntry } from '../iommu/ga-log.ts';
import type { X86World } from './world.ts';

/** avic_ga_log_notifier: kvm_vcpu_wake_up of the vCPU that a tag names; tags of VMs that are gone name nobody. */
function notify(m: X86World, tag: number): void {
  for (const { chip } of m.vms) {
    const a = chip.avic as X86World['vms'][number]['chip']['avic'] | undefined;
    if (a === undefined || a.mode === 0 || vmIdOfTag(tag, a.profile.tagBits) !== a.state.vmId) continue;
    const vcpuid = vcpuOfTag(tag, a.profile.tagBits);
    if (a.trace.on) a.trace.emit('kvm_avic_ga_log', { vmid: a.state.vmId, vcpuid });
    const vcpu = a.vcpuOfTag(tag);
    if (vcpu >= 0) a.vcpus.wakeUp(vcpu);
  }
}

/** amd_iommu_int_thread_galog. An overflow restarts the log; what was not written is lost (af47b0a24058). */
export const pollGaLog = protocolsOn<X86World>().protocol('iommu_poll_ga_log', { tag: u32 }, () => ({
  take(m, f) {
    const { gaLog } = m.parts.x86.state.amd;
    if (!hasEntries(gaLog)) return 'finish';
    f.tag = takeEntry(gaLog);
    return undefined;
  },
  notify(m, f) {
    notify(m, f.tag);
    return 'take';
  },
  finish(m) {
    const { gaLog } = m.parts.x86.state.amd;
    if (gaLog.overflow === 1) restart(gaLog);
    if (hasEntries(gaLog)) return 'take';
    gaLog.polling = 0;
    return DONE;
  },
}));
