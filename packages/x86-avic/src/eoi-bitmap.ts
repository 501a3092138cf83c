// Which vectors' EOIs reach the IOAPIC, per vCPU (ioapic_handled_vectors, the EOI-exit bitmap). Linux: ioapic.c kvm_ioapic_scan_entry, irq_comm.c.

import { CHIP, type Context } from './context.ts';
import { type Delivery, lapicIrq } from './destination.ts';
import { RTC_PIN, RTE } from './ioapic.ts';
import { IOAPIC_PINS, IRQCHIP_MODE } from './layout.ts';
import { loadMsi } from './msi.ts';

/** Rebuilds a vCPU's bitmap: vcpu_scan_ioapic, done when the vCPU enters with KVM_REQ_SCAN_IOAPIC. */
export function createEoiBitmap(ctx: Context, delivery: Delivery): (vcpu: number) => void {
  const { state, kvm } = ctx;
  const irq = lapicIrq();

  function scanIoapic(vcpu: number): void {
    const a = state.lapics.at(vcpu);
    for (let pin = 0; pin < IOAPIC_PINS; pin++) {
      const e = state.ioapic.pins.at(pin);
      const wanted = (e.lo & RTE.LEVEL) !== 0 || pin === RTC_PIN || kvm.hasAckNotifier(CHIP.IOAPIC, pin);
      if (!wanted) continue;
      const vector = e.lo & RTE.VECTOR;
      irq.dest = e.hi >>> 24;
      irq.logical = (e.lo >> 11) & 1;
      if (delivery.matches(vcpu, irq) || a.irr.has(vector) || a.isr.has(vector)) a.eoiVectors.add(vector);
    }
    if (a.rtcOwed === 1) a.eoiVectors.add(a.rtcVector);
  }

  /** Split irqchip: level-triggered MSI routes of the reserved GSIs. */
  function scanRoutes(vcpu: number): void {
    const a = state.lapics.at(vcpu);
    for (let gsi = 0; gsi < state.reservedPins; gsi++) {
      const { table } = kvm.state;
      for (let i = kvm.routing.first(table, gsi); i !== 0; i = kvm.routing.entry(table, i).next) {
        loadMsi(irq, kvm.routing.entry(table, i), state.x2apicFormat === 1);
        if (irq.trigger === 1 && delivery.matches(vcpu, irq)) a.eoiVectors.add(irq.vector);
      }
    }
  }

  return (vcpu) => {
    const a = state.lapics.at(vcpu);
    a.eoiVectors.clear();
    if (state.mode === IRQCHIP_MODE.SPLIT) scanRoutes(vcpu);
    else scanIoapic(vcpu);
  };
}
