// Kernel texts of the tracepoints that x86 KVM emits. Linux: arch/x86/kvm/trace.h, include/trace/events/kvm.h.

import type { EventFields, EventTexts } from '@virq/irq-core/events';

/** Delivery modes by encoding. */
export const DELIVERY_MODE = ['Fixed', 'LowPrio', 'SMI', 'Res3', 'NMI', 'INIT', 'SIPI', 'ExtINT'] as const;
const CHIPS = ['PIC master', 'PIC slave', 'IOAPIC'] as const;
const SHORTHANDS = ['dst', 'self', 'all', 'all-but-self'] as const;

const num = (v: EventFields[string] | undefined): number => Number(v);
/** In hexadecimal; values beyond 2^53 come as text that is hexadecimal already. */
const hex = (v: EventFields[string] | undefined): string => (typeof v === 'string' ? v : num(v).toString(16));
const mode = (e: EventFields): string => DELIVERY_MODE[num(e['deliveryMode'])] ?? '?';
const logical = (e: EventFields): string => (num(e['logical']) ? 'logical' : 'physical');
const trigger = (e: EventFields): string => (num(e['trigger']) ? 'level' : 'edge');
const masked = (e: EventFields): string => (num(e['masked']) ? '|masked' : '');
const coalesced = (e: EventFields): string => (num(e['coalesced']) ? ' (coalesced)' : '');

/** Texts by tracepoint. */
export const x86Events: EventTexts = {
  kvm_set_irq: (e) => `gsi ${e['gsi']} level ${e['level']} source ${e['source']}`,
  kvm_ack_irq: (e) => `irqchip ${CHIPS[num(e['irqchip'])] ?? e['irqchip']} pin ${e['pin']}`,
  kvm_ioapic_set_irq: (e) =>
    `pin ${e['pin']} dst ${hex(e['dst'])} vec ${e['vec']} (${mode(e)}|${logical(e)}|${trigger(e)}${masked(e)})${coalesced(e)}`,
  kvm_ioapic_delayed_eoi_inj: (e) =>
    `dst ${hex(e['dst'])} vec ${e['vec']} (${mode(e)}|${logical(e)}|${trigger(e)}${masked(e)})`,
  kvm_msi_set_irq: (e) =>
    `dst ${hex(e['dst'])} vec ${e['vec']} (${mode(e)}|${logical(e)}|${trigger(e)}${num(e['redirectionHint']) ? '|rh' : ''})`,
  kvm_apic_accept_irq: (e) => `apicid ${hex(e['apicid'])} vec ${e['vec']} (${mode(e)}|${trigger(e)})`,
  kvm_pic_set_irq: (e) => `chip ${e['chip']} pin ${e['pin']} (${trigger(e)}${masked(e)})${coalesced(e)}`,
  kvm_eoi: (e) => `apicid ${hex(e['apicid'])} vector ${e['vector']}`,
  kvm_inj_virq: (e) =>
    `${num(e['soft']) ? 'Soft/INTn' : 'IRQ'} 0x${hex(e['vector'])}${num(e['reinjected']) ? ' [reinjected]' : ''}`,
  kvm_apic: (e) => `apic_${num(e['write']) ? 'write' : 'read'} APIC_${e['register']} = 0x${hex(e['value'])}`,
  kvm_msr: (e) =>
    `msr_${num(e['write']) ? 'write' : 'read'} ${hex(e['ecx'])} = 0x${hex(e['data'])}${num(e['exception']) ? ' (#GP)' : ''}`,
  kvm_apic_ipi: (e) =>
    `dst ${hex(e['dst'])} vec ${e['vec']} (${mode(e)}|${logical(e)}|${num(e['assert']) ? 'assert' : 'de-assert'}|${trigger(e)}|${SHORTHANDS[num(e['shorthand'])]})`,
};
