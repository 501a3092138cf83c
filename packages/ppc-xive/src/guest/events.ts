// Events of a pseries machine and its guest. Linux: arch/powerpc/kvm/trace_hv.h (Abstraction: pc and msr are left out); those of QEMU and of the guest are virq's own.

import type { EventTexts } from '@virq/irq-core/events';

/** Texts by event. */
export const machineEvents: EventTexts = {
  kvm_guest_enter: (e) => `VCPU ${e['vcpu']}`,
  kvm_guest_exit: (e) => `VCPU ${e['vcpu']}: trap=${e['trap']}`,
  kvm_hcall_enter: (e) => `VCPU ${e['vcpu']}: hcall=${e['name']} GPR4-7=${e['gprs']}`,
  kvm_hcall_exit: (e) => `VCPU ${e['vcpu']}: hcall_rc=${e['rc']}`,
  kvm_run_failed: (e) => `VCPU ${e['vcpu']}: ${e['what']}`,
  host_oops: (e) => String(e['what']),
  host_escalation: (e) => `vcpu ${e['vcpu']} priority ${e['priority']}`,
  guest_irq: (e) => `cpu ${e['cpu']} irq ${e['irq']}`,
  guest_bad_irq: (e) => `cpu ${e['cpu']} got interrupt ${e['irq']} without descriptor`,
  qemu_guest_error: (e) => String(e['what']),
  qemu_error: (e) => String(e['what']),
  qemu_abort: (e) => String(e['what']),
  spapr_irq_mode: (e) => String(e['mode']),
  vm_state: (e) => (e['running'] === 1 ? 'running' : 'stopped'),
};
