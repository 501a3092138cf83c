// Events of arm64: arch/arm64/kvm/trace_arm.h, arch/arm64/kvm/vgic/trace.h.
import { decimal, expect, literal, oneOf, signed } from '../lines/cursor.ts';
import type { Decoder } from './decoder.ts';

const INJECT = literal('Inject ');
const TYPES = ['CPU', 'VGIC SPI', 'VGIC PPI', 'UNKNOWN'].map(literal);
const INTERRUPT = literal(' interrupt (');
const IDX = literal('), vcpu->idx: ');
const NUM = literal(', num: ');
const LEVEL = literal(', level: ');
const VCPU = literal('VCPU: ');
const IRQ = literal(', IRQ ');
const TIMER_LEVEL = literal(', level ');

/** Tracepoint → decoder. */
export const ARM: Readonly<Record<string, Decoder>> = {
  kvm_irq_line: (c, e) => {
    expect(c, INJECT);
    e.interruptType = oneOf(c, TYPES);
    signed(c, INTERRUPT);
    e.vcpu = signed(c, IDX);
    e.irq = signed(c, NUM);
    e.level = signed(c, LEVEL);
  },
  vgic_update_irq_pending: (c, e) => {
    e.vcpu = signed(c, VCPU);
    e.irq = decimal(c, IRQ);
    e.level = signed(c, LEVEL);
  },
  kvm_timer_update_irq: (c, e) => {
    e.vcpu = signed(c, VCPU);
    e.irq = decimal(c, IRQ);
    e.level = signed(c, TIMER_LEVEL);
  },
};
