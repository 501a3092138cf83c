// Tracepoints as the kernel prints them: include/trace/events/kvm.h, arch/arm64/kvm/trace_arm.h, arch/arm64/kvm/vgic/trace.h. Row F-65.

import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from './__fixtures__/arm-vm.ts';

const [SPI, GSI] = [40, 8];

/** A level SPI behind an irqfd with a resamplefd; the vCPU is in its guest. */
function withIrqfd(): ArmVm {
  const t = openArm();
  t.op('d', { reg: 'CTLR', value: 2 });
  t.op('cpu_setup');
  t.op('irq_setup', { intid: SPI });
  t.op('irqfd', { name: 'a', gsi: GSI, resample: 'r' });
  t.session.takeTrace();
  return t;
}
const KVM = /^(kvm_set_irq|kvm_ack_irq|kvm_irq_line|vgic_update_irq_pending):/;
const lines = (t: ArmVm): string[] => t.session.takeTrace().filter((line) => KVM.test(line));

describe('F-65 trace events', () => {
  it('F-65 irqfd: kvm_set_irq, vgic_update_irq_pending; after the EOI kvm_ack_irq and the fall of the line', () => {
    const t = withIrqfd();
    t.op('efd_write', { name: 'a' });
    expect(lines(t)).toEqual(['vgic_update_irq_pending: VCPU: 0, IRQ 40, level: 1']);
    t.op('iar');
    t.op('eoir', { intid: SPI });
    t.op('vcpu_exit');
    expect(lines(t)).toEqual([
      'kvm_ack_irq: irqchip 0 pin 8',
      'kvm_set_irq: gsi 8 level 0 source 1',
      'vgic_update_irq_pending: VCPU: 0, IRQ 40, level: 0',
    ]);
  });

  it('F-65 KVM_IRQ_LINE: kvm_irq_line, then vgic_update_irq_pending with the index of the vCPU', () => {
    const t = openArm({ vm: { cpus: 2 } });
    t.op('irq_line', { irq: 41 });
    t.op('irq_line', { irq: 27, type: 'ppi', vcpu: 1, level: 0 });
    expect(lines(t)).toEqual([
      'kvm_irq_line: Inject VGIC SPI interrupt (1), vcpu->idx: 0, num: 41, level: 1',
      'vgic_update_irq_pending: VCPU: 0, IRQ 41, level: 1',
      'kvm_irq_line: Inject VGIC PPI interrupt (2), vcpu->idx: 1, num: 27, level: 0',
      'vgic_update_irq_pending: VCPU: 1, IRQ 27, level: 0',
    ]);
  });

  it('F-65 MMIO goes in by address and its value comes out; what no register has is an event', () => {
    const t = openArm();
    const GICD = 0x8000000;
    t.op('guest_store', { addr: GICD + 0x104, value: 0x100 });
    expect(t.op('guest_load', { addr: GICD + 0x104 }).out?.['x0']).toBe(0x100);
    t.session.takeTrace();
    t.op('guest_load', { addr: GICD + 0x40 });
    t.op('guest_store', { addr: GICD + 0x40, value: 1 });
    expect(t.session.takeTrace().filter((line) => line.startsWith('vgic_guest_error'))).toHaveLength(2);
  });
});
