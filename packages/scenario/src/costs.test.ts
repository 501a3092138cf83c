// What is counted as a cost, and of which interrupt.

import { describe, expect, it } from 'vitest';
import { COST_KINDS, costsOf } from './costs.ts';

const counted = (...events: string[]): Readonly<Record<string, number>> => {
  const { counts } = costsOf([{ events }]);
  return Object.fromEntries(COST_KINDS.map((k, i) => [k.name, counts[i] ?? 0]).filter(([, n]) => n !== 0));
};

describe('kinds of cost', () => {
  const rows: [string, Readonly<Record<string, number>>][] = [
    ['kvm_exit: vcpu 0 reason npf rip 0x0', { exits: 1 }],
    ['kvm_entry: vcpu 0, rip 0x0', {}],
    ['kvm_guest_exit: VCPU 0: trap=SYSCALL', { exits: 1 }],
    ['kvm_hcall_enter: VCPU 0: hcall=H_XIRR GPR4-7=0xff 0x0 0x0 0x0', { hypercalls: 1 }],
    ['host_escalation: vcpu 0 priority 6', { 'host interrupts': 1 }],
    ['irq_handler_entry: irq=64 name=vfio-msix[0](nvme)', { 'host interrupts': 1 }],
    ['irq_handler_exit: irq=64 ret=handled', {}],
    ['hw_ga_interrupt: AMD-Vi GA log', { 'host interrupts': 1 }],
    ['hw_notification: apicid 0 vec 0xf1', { 'host interrupts': 1 }],
    ['hw_notification: apicid 0 vec 0xf2', {}],
    ['hw_doorbell: apicid 0', {}],
    ['kvm_avic_doorbell: vcpuid=0, apicid=1', { doorbells: 1 }],
    ['ipi_send_cpu: cpu=0 callsite=kvm_vcpu_kick', { kicks: 1 }],
    ['kvm_inj_virq: IRQ 0x31', { injections: 1 }],
    ['kvm_vcpu_wakeup: vcpu 0', { 'wake-ups': 1 }],
    ['vmm_wakeup: eventfd nvme', { 'VMM wake-ups': 1 }],
    ['kvm_userspace_exit: reason KVM_EXIT_IO (2)', { 'user exits': 1 }],
  ];
  it.each(rows)('%s', (line, counts) => expect(counted(line)).toEqual(counts));
});

it('interrupts are those that guests took; exits are told apart by reason', () => {
  const costs = costsOf([
    { events: ['kvm_inj_virq: IRQ 0x31', 'kvm_exit: vcpu 0 reason npf rip 0x0'] },
    { events: ['kvm_guest_exit: VCPU 0: trap=SYSCALL'] },
    {
      events: [
        'kvm_exit: vcpu 0 TRAP: HSR_EC: 0x0024 (DABT_LOW)',
        'kvm_exit: vcpu 0 IRQ: HSR_EC: 0x0000 (UNKNOWN)',
        'kvm_exit: vcpu 1 TRAP: HSR_EC: 0x0001 (WFx)',
      ],
    },
    {
      events: [
        'hw_accept: vcpu 0 vec 49',
        'kvm_exit: vcpu 0 reason hlt rip 0x0',
        'kvm_exit: vcpu 1 reason npf rip 0x0',
      ],
    },
  ]);
  expect([costs.taken, costs.reasons]).toEqual([2, { npf: 2, hlt: 1, SYSCALL: 1, DABT_LOW: 1, IRQ: 1, WFx: 1 }]);
});
