// Interprocessor interrupts: what a write to the ICR sends. Intel SDM vol. 3 11.6; Linux: arch/x86/kvm/lapic.c kvm_apic_send_ipi.

import type { Context } from './context.ts';
import { type Delivery, type LapicIrq, lapicIrq } from './destination.ts';

/** Sends an IPI: the sending vCPU, the low word of the ICR, the destination id. */
export type SendIpi = (vcpu: number, low: number, dest: number) => void;

/** The ICR as an interrupt: `low` is its low word, `dest` the destination id. */
export function loadIcr(irq: LapicIrq, source: number, low: number, dest: number): void {
  irq.vector = low & 0xff;
  irq.dm = (low >> 8) & 7;
  irq.logical = (low >> 11) & 1;
  irq.level = (low >> 14) & 1;
  irq.trigger = (low >> 15) & 1;
  irq.shorthand = (low >> 18) & 3;
  irq.redirectionHint = 0;
  irq.dest = dest;
  irq.source = source;
}

/** Creates the sender. */
export function createIpi(ctx: Context, delivery: Delivery): SendIpi {
  const irq = lapicIrq();
  return (vcpu, low, dest) => {
    loadIcr(irq, vcpu, low, dest);
    if (ctx.trace.on)
      ctx.trace.emit('kvm_apic_ipi', {
        dst: dest,
        vec: irq.vector,
        deliveryMode: irq.dm,
        logical: irq.logical,
        assert: irq.level,
        trigger: irq.trigger,
        shorthand: irq.shorthand,
      });
    delivery.deliver(irq);
  };
}
