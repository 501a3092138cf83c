// Kernel texts of AVIC's and posted interrupts' tracepoints, and of what hardware does without one (hw_*). Linux: arch/x86/kvm/trace.h.

import type { EventFields, EventTexts } from '@virq/irq-core/events';

const hex = (v: EventFields[string] | undefined): string => Number(v).toString(16);
const hex16 = (v: EventFields[string] | undefined): string =>
  BigInt(v as string | number)
    .toString(16)
    .padStart(16, '0');
/** Bus, slot and function. */
const requester = (id: number): string =>
  `${hex(id >> 8).padStart(2, '0')}:${hex((id >> 3) & 31).padStart(2, '0')}.${id & 7}`;

/** Texts by event. */
export const avicEvents: EventTexts = {
  kvm_exit: (e) =>
    `vcpu ${e['vcpu']} reason ${e['reason']} rip 0x0 info1 0x${hex16(e['info1'])} info2 0x${hex16(e['info2'])}`,
  kvm_entry: (e) => `vcpu ${e['vcpu']}, rip 0x0`,
  kvm_pi_irte_update: (e) =>
    `PI is ${e['set'] ? 'enabled' : 'disabled'} for irq ${e['irq']}, vcpu ${e['vcpu']}, gsi: 0x${hex(e['gsi'])}, gvec: 0x${hex(e['gvec'])}, pi_desc_addr: 0x${hex(e['address'])}`,
  kvm_avic_doorbell: (e) => `vcpuid=${e['vcpuid']}, apicid=${e['apicid']}`,
  kvm_avic_ga_log: (e) => `vmid=${e['vmid']}, vcpuid=${e['vcpuid']}`,
  kvm_avic_incomplete_ipi: (e) =>
    `vcpu=${e['vcpu']}, icrh:icrl=0x${hex(e['icrh']).padStart(8, '0')}:0x${hex(e['icrl']).padStart(8, '0')}, id=${e['id']}, index=${e['index']}`,
  kvm_avic_unaccelerated_access: (e) =>
    `vcpu=${e['vcpu']}, offset=0x${hex(e['offset'])}(${e['register']}), ${e['trap'] ? 'trap' : 'fault'}, ${e['write'] ? 'write' : 'read'}, vec=0x${hex(e['vec'])}`,
  kvm_avic_kick_vcpu_slowpath: (e) =>
    `icrh:icrl=0x${hex(e['icrh']).padStart(8, '0')}:0x${hex(e['icrl']).padStart(8, '0')}, index=${e['index']}`,
  kvm_apicv_inhibit_changed: (e) =>
    `${e['set'] ? 'set' : 'cleared'} reason=${e['reason']}, inhibits=0x${hex(e['inhibits'])}`,
  kvm_apicv_accept_irq: (e) =>
    `apicid ${hex(e['apicid'])} vec ${e['vec']} (${e['mode']}|${e['trigger'] ? 'level' : 'edge'})`,
  hw_post: (e) => `irq ${e['irq']} vec ${e['vec']} vm ${e['vm']} vcpu ${e['vcpu']}`,
  hw_post_host: (e) => `irq ${e['irq']} vec ${e['vec']} cpu ${e['cpu']}`,
  hw_notification: (e) => `apicid ${e['apicid']} vec 0x${hex(e['vec'])}`,
  dmar_fault: (e) =>
    `[INTR-REMAP] Request device [${requester(Number(e['requester']))}] fault index 0x${hex(e['index'])} [fault reason 0x${hex(e['code'])}] ${e['text']}`,
  hw_iommu_abort: (e) => `device ${e['device']} data 0x${hex(e['data'])}`,
  hw_accept: (e) => `vcpu ${e['vcpu']} vec ${e['vec']}`,
  hw_doorbell: (e) => `apicid ${e['apicid']}`,
  hw_ga_interrupt: () => 'AMD-Vi GA log',
};
