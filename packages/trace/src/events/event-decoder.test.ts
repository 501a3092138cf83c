import { describe, expect, it } from 'vitest';
import { decodeEvent } from './event-decoder.ts';
import { EVENT_NAMES } from './event-table.ts';
import type { TraceEvent } from './trace-event.ts';

const EXIT_TAIL = 'info1 0x0000000000000000 info2 0x0000000000000001 intr_info 0x800000ec error_code 0x00000000';

const CASES: readonly [string, string, Partial<TraceEvent>][] = [
  ['kvm_set_irq', 'gsi 5 level 1 source 0', { gsi: 5, level: 1, source: 0 }],
  [
    'kvm_ioapic_set_irq',
    'pin 5 dst 0 vec 53 (Fixed|physical|edge)',
    { pin: 5, dst: 0, vector: 53, deliveryMode: 0, logical: 0, trigger: 0, masked: 0, coalesced: 0 },
  ],
  [
    'kvm_ioapic_set_irq',
    'pin 5 dst ff vec 53 (LowPrio|logical|level|masked) (coalesced)',
    { dst: 255, deliveryMode: 1, logical: 1, trigger: 1, masked: 1, coalesced: 1 },
  ],
  ['kvm_ioapic_delayed_eoi_inj', 'dst 1 vec 44 (Fixed|physical|level)', { dst: 1, vector: 44, trigger: 1 }],
  ['kvm_msi_set_irq', 'dst 1 vec 65 (Fixed|physical|level|rh)', { dst: 1, vector: 65, trigger: 1, redirection: 1 }],
  [
    'kvm_msi_set_irq',
    'dst 10000ff vec 65 (ExtINT|logical|edge)',
    { dst: 0x10000ff, deliveryMode: 7, logical: 1, redirection: 0 },
  ],
  ['kvm_apic_accept_irq', 'apicid 1f vec 236 (Fixed|edge)', { apicid: 31, vector: 236, trigger: 0 }],
  ['kvm_apicv_accept_irq', 'apicid 0 vec 44 (NMI|level)', { deliveryMode: 4, trigger: 1 }],
  ['kvm_ack_irq', 'irqchip PIC master pin 5', { chip: 0, pin: 5 }],
  ['kvm_ack_irq', 'irqchip PIC slave pin 3', { chip: 1, pin: 3 }],
  ['kvm_ack_irq', 'irqchip IOAPIC pin 11', { chip: 2, pin: 11 }],
  ['kvm_ack_irq', 'irqchip 0 pin 8', { chip: -1, pin: 8 }],
  ['kvm_eoi', 'apicid 0 vector -1', { apicid: 0, vector: -1 }],
  ['kvm_pv_eoi', 'apicid a vector 33', { apicid: 10, vector: 33 }],
  [
    'kvm_pi_irte_update',
    'PI is enabled and being updated for irq 37, vcpu 1, gsi: 0x18, gvec: 0x2b',
    { set: 1, irq: 37, vcpu: 1, gsi: 24, vector: 43 },
  ],
  [
    'kvm_pi_irte_update',
    'VT-d PI is disabled for irq 37, vcpu 1, gsi: 0x18, gvec: 0x2b, pi_desc_addr: 0x1234',
    { set: 0, irq: 37 },
  ],
  [
    'kvm_avic_incomplete_ipi',
    'vcpu=0, icrh:icrl=0x01000000:000000fd, id=1, index=2',
    { vcpu: 0, valueHigh: 0x01000000, valueLow: 0xfd, reason: 1, count: 2 },
  ],
  ['kvm_avic_unaccelerated_access', 'vcpu=3, offset=0xb0(EOI), trap, write, vec=0x0', { vcpu: 3, address: 0xb0 }],
  ['kvm_avic_ga_log', 'vmid=7, vcpuid=2', { address: 7, vcpu: 2 }],
  ['kvm_avic_kick_vcpu_slowpath', 'icrh:icrl=0x1000000:000000fd, index=2', { count: 2 }],
  ['kvm_avic_doorbell', 'vcpuid=1, apicid=4', { vcpu: 1, apicid: 4 }],
  ['kvm_apicv_inhibit_changed', 'set reason=0, inhibits=0x1 DISABLED', { set: 1, reason: 0, valueLow: 1 }],
  ['kvm_apicv_update_request', 'deactivate bit=4', { set: 1, reason: 4 }],
  ['kvm_pic_set_irq', 'chip 1 pin 3 (level|masked)', { chip: 1, pin: 3, trigger: 1, masked: 1, coalesced: 0 }],
  ['kvm_pic_set_irq', 'chip 0 pin 0 (edge) (coalesced)', { trigger: 0, masked: 0, coalesced: 1 }],
  ['kvm_inj_virq', 'IRQ 0xec', { vector: 236, soft: 0, reinjected: 0 }],
  ['kvm_inj_virq', 'Soft/INTn 0x80 [reinjected]', { vector: 128, soft: 1, reinjected: 1 }],
  ['kvm_inj_virq', 'irq 236', { vector: 236, soft: 0 }],
  [
    'kvm_apic_ipi',
    'dst 1 vec 253 (Fixed|physical|assert|edge|dst)',
    { dst: 1, vector: 253, level: 1, register: 'dst' },
  ],
  [
    'kvm_apic_ipi',
    'dst ff vec 0 (INIT|logical|de-assert|level|all-but-self)',
    { level: 0, trigger: 1, register: 'all-but-self' },
  ],
  ['kvm_apic', 'apic_write APIC_EOI = 0x0', { write: 1, register: 'EOI', valueLow: 0 }],
  [
    'kvm_apic',
    'apic_read APIC_TMCCT = 0x1234567890',
    { write: 0, register: 'TMCCT', valueLow: 0x34567890, valueHigh: 0x12 },
  ],
  ['kvm_msr', 'msr_write 80b = 0x0', { write: 1, address: 0x80b, soft: 0 }],
  [
    'kvm_msr',
    'msr_read c0000080 = 0xffffffffffffffff (#GP)',
    { address: 0xc0000080, valueLow: 0xffffffff, valueHigh: 0xffffffff, soft: 1 },
  ],
  [
    'kvm_pio',
    'pio_write at 0x20 size 1 count 1 val 0x11 ',
    { write: 1, address: 0x20, size: 1, count: 1, valueLow: 0x11 },
  ],
  ['kvm_pio', 'pio_read at 0x1f0 size 2 count 16 val 0x0 (...)', { write: 0, count: 16 }],
  [
    'kvm_mmio',
    'mmio write len 8 gpa 0x9000000 val 0xfedcba9876543210',
    { write: 1, size: 8, address: 0x9000000, valueLow: 0x76543210, valueHigh: 0xfedcba98 },
  ],
  ['kvm_mmio', 'mmio unsatisfied-read len 4 gpa 0xfee000b0 val 0x0', { write: 2, address: 0xfee000b0 }],
  ['kvm_entry', 'vcpu 0, rip 0xfffffff0', { vcpu: 0, address: 0xfffffff0 }],
  [
    'kvm_entry',
    'vcpu 0, rip 0xfff0 intr_info 0x00000000 error_code 0x00000000[immediate exit]',
    { vcpu: 0, address: 0xfff0 },
  ],
  ['kvm_entry', 'PC: 0x0000000040001000', { vcpu: -1, address: 0x40001000 }],
  [
    'kvm_exit',
    `vcpu 1 reason HLT rip 0x7c00 ${EXIT_TAIL} requests 0x0000000000000000`,
    { vcpu: 1, register: 'HLT', address: 0x7c00 },
  ],
  ['kvm_exit', `vcpu 1 reason HLT rip 0x7c00 ${EXIT_TAIL}`, { vcpu: 1 }],
  ['kvm_exit', 'reason EXTERNAL_INTERRUPT rip 0x7c00 info 0 800000f6', { vcpu: -1, register: 'EXTERNAL_INTERRUPT' }],
  [
    'kvm_exit',
    'TRAP: HSR_EC: 0x0024 (DABT_LOW), PC: 0x000000004000100c',
    { vcpu: -1, register: 'TRAP', reason: 0x24, address: 0x4000100c },
  ],
  ['kvm_userspace_exit', 'reason KVM_EXIT_IO (2)', { register: 'KVM_EXIT_IO', reason: 2, error: 0 }],
  ['kvm_userspace_exit', 'reason restart (4)', { error: -4 }],
  ['kvm_userspace_exit', 'reason error (11)', { error: -11 }],
  ['kvm_vcpu_wakeup', 'poll time 12345 ns, polling valid', { count: 12345, handled: 1 }],
  ['kvm_halt_poll_ns', 'vcpu 0: halt_poll_ns 20000 (grow 10000)', { vcpu: 0, count: 20000 }],
  [
    'kvm_irq_line',
    'Inject VGIC SPI interrupt (1), vcpu->idx: 0, num: 37, level: 1',
    { interruptType: 1, vcpu: 0, irq: 37, level: 1 },
  ],
  [
    'kvm_irq_line',
    'Inject VGIC PPI interrupt (2), vcpu->idx: 1, num: 27, level: 0',
    { interruptType: 2, vcpu: 1, irq: 27, level: 0 },
  ],
  ['vgic_update_irq_pending', 'VCPU: 0, IRQ 33, level: 0', { vcpu: 0, irq: 33, level: 0 }],
  ['kvm_timer_update_irq', 'VCPU: 0, IRQ 27, level 1', { vcpu: 0, irq: 27, level: 1 }],
  ['irq_handler_entry', 'irq=37 name=vfio-msix[2](0000:00:06.0)', { irq: 37, handler: 'vfio-msix[2](0000:00:06.0)' }],
  ['irq_handler_entry', 'irq=1 name=a name with spaces', { handler: 'a name with spaces' }],
  ['irq_handler_exit', 'irq=21 ret=unhandled', { irq: 21, handled: 0 }],
  ['softirq_entry', 'vec=7 [action=SCHED]', { vector: 7, register: 'SCHED' }],
  ['vector_config', 'irq=22 vector=39 cpu=0 apicdest=0x00000001', { irq: 22, vector: 39 }],
  ['vector_activate', 'irq=22 is_managed=0 can_reserve=1 reserve=0', { irq: 22 }],
  ['local_timer_entry', 'vector=236', { vector: 236 }],
  [
    'irq_matrix_alloc',
    'bit=33 cpu=0 online=1 avl=201 alloc=1 managed=0 online_maps=2 global_avl=402, global_rsvd=4, total_alloc=6',
    {},
  ],
  ['ipi_send_cpu', 'cpu=1 callsite=foo+0x1/0x2 callback=0x0', {}],
];

describe('decodeEvent', () => {
  it.each(CASES)('%s: %s', (name, text, fields) => {
    expect(decodeEvent(name, text)).toMatchObject(fields);
  });

  /** These texts grew new fields over the releases, so what follows the known ones is ignored. */
  const OPEN_ENDED =
    /exit$|entry$|halt_poll|unaccelerated|inhibit_changed|pi_irte|^irq_handler|^vector|^irq_matrix|^ipi_/;
  const CLOSED = CASES.filter(([name]) => !OPEN_ENDED.test(name) || name === 'kvm_userspace_exit');

  it.each(CLOSED)('%s: %s with a foreign tail is refused', (name, text) => {
    expect(decodeEvent(name, `${text.trimEnd()} ?`)).toBeUndefined();
  });

  it.each(CASES)('%s: the empty text is refused', (name) => {
    expect(decodeEvent(name, '')).toBeUndefined();
  });

  it('covers every kvm and vgic event of the table', () => {
    const tested = new Set(CASES.map(([name]) => name));
    const untested = EVENT_NAMES.filter((name) => /^(?:kvm|vgic|irq_handler)_/.test(name) && !tested.has(name));
    expect(untested).toEqual([]);
  });

  it('does not know other events', () => {
    expect(decodeEvent('sched_switch', 'whatever')).toBeUndefined();
  });
});
