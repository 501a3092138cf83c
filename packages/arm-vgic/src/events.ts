// Tracepoints of the VGIC as the kernel prints them (trace/events/kvm.h, arch/arm64/kvm/vgic/trace.h, trace_arm.h), and events of virq's own.

import { errnoName } from '@virq/irq-core/errors';
import type { EventTexts } from '@virq/irq-core/events';
import { exitText } from './run/exits.ts';

/** An ITS's own code is a positive number; what KVM could not do for itself is a negative errno. */
function errorText(error: unknown): string {
  if (typeof error !== 'number') return String(error);
  return error < 0 ? (errnoName(error) ?? String(error)) : `0x${error.toString(16)}`;
}

/** Texts by event. */
export const armEvents: EventTexts = {
  vgic_update_irq_pending: (e) => `VCPU: ${e['vcpu']}, IRQ ${e['irq']}, level: ${e['level']}`,
  kvm_set_irq: (e) => `gsi ${e['gsi']} level ${e['level']} source ${e['source']}`,
  kvm_ack_irq: (e) => `irqchip ${e['irqchip']} pin ${e['pin']}`,
  kvm_irq_line: (e) =>
    `Inject ${['CPU', 'VGIC SPI', 'VGIC PPI'][Number(e['type'])] ?? 'UNKNOWN'} interrupt (${e['type']}), vcpu->idx: ${e['vcpu']}, num: ${e['irq']}, level: ${e['level']}`,
  its_command_error: (e) =>
    `command 0x${Number(e['opcode']).toString(16)} at 0x${Number(e['offset']).toString(16)}: ${errorText(e['error'])}`,
  vgic_guest_error: (e) =>
    `${e['block']} offset 0x${Number(e['offset']).toString(16)}, ${e['size']} bytes: ${e['rule']}`,
  kvm_entry: (e) => `vcpu ${e['vcpu']}`,
  kvm_exit: (e) => `vcpu ${e['vcpu']} ${exitText(String(e['ret']), Number(e['esr_ec']))}`,
  guest_irq: (e) => `cpu ${e['cpu']} irq ${e['irq']}`,
  guest_bad_irq: (e) => `cpu ${e['cpu']} unexpected interrupt (irqnr ${e['irq']})`,
};
