// Tracepoints of the VGIC as the kernel prints them (trace/events/kvm.h, arch/arm64/kvm/vgic/trace.h, trace_arm.h), and events of virq's own.

import type { EventTexts } from '@virq/irq-core/events';

/** Texts by event. */
export const armEvents: EventTexts = {
  vgic_update_irq_pending: (e) => `VCPU: ${e['vcpu']}, IRQ ${e['irq']}, level: ${e['level']}`,
  kvm_set_irq: (e) => `gsi ${e['gsi']} level ${e['level']} source ${e['source']}`,
  kvm_ack_irq: (e) => `irqchip ${e['irqchip']} pin ${e['pin']}`,
  kvm_irq_line: (e) =>
    `Inject ${['CPU', 'VGIC SPI', 'VGIC PPI'][Number(e['type'])] ?? 'UNKNOWN'} interrupt (${e['type']}), vcpu->idx: ${e['vcpu']}, num: ${e['irq']}, level: ${e['level']}`,
  its_command_error: (e) =>
    `command 0x${Number(e['opcode']).toString(16)} at 0x${Number(e['offset']).toString(16)}: ${typeof e['error'] === 'number' ? `0x${e['error'].toString(16)}` : e['error']}`,
  vgic_guest_error: (e) =>
    `${e['block']} offset 0x${Number(e['offset']).toString(16)}, ${e['size']} bytes: ${e['rule']}`,
  kvm_entry: (e) => `vcpu ${e['vcpu']}`,
  kvm_exit: (e) => `vcpu ${e['vcpu']}`,
  guest_irq: (e) => `cpu ${e['cpu']} irq ${e['irq']}`,
  guest_bad_irq: (e) => `cpu ${e['cpu']} unexpected interrupt (irqnr ${e['irq']})`,
};
