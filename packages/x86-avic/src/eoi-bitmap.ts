// Which vectors' EOIs reach the IOAPIC, per vCPU (ioapic_handled_vectors, the EOI-exit bitmap). Linux: ioapic.c kvm_ioapic_scan_entry, irq_comm.c.

import { ROUTE } from '@virq/irq-core/kvm';
import { CHIP, type Context } from './context.ts';
import { type Delivery, lapicIrq } from './destination.ts';
import { RTE } from './ioapic.ts';
import { RTC_PIN } from './ioapic-rtc.ts';
import { isHwEnabled, pendingEoi } from './lapic.ts';
import { IOAPIC_PINS, IRQCHIP_MODE } from './layout.ts';
import { loadMsi } from './msi.ts';

/** Rebuilds a vCPU's bitmap: vcpu_scan_ioapic, done when the vCPU enters with KVM_REQ_SCAN_IOAPIC. */
export function createEoiBitmap(ctx: Context, delivery: Delivery): (vcpu: number) => void {
  const { state, kvm } = ctx;
  const irq = lapicIrq();

  /** kvm_scan_ioapic_irq: a vector still pending from an earlier routing is kept, and the highest such one remembered. */
  function note(vcpu: number, vector: number, keepsPending: boolean): void {
    const a = state.lapics.at(vcpu);
    if (delivery.matches(vcpu, irq)) a.eoiVectors.add(vector);
    else if (keepsPending && pendingEoi(a, vector)) {
      a.eoiVectors.add(vector);
      a.staleEoi = Math.max(a.staleEoi, vector + 1);
    }
  }

  function scanIoapic(vcpu: number): void {
    const a = state.lapics.at(vcpu);
    for (let pin = 0; pin < IOAPIC_PINS; pin++) {
      const e = state.ioapic.pins.at(pin);
      const wanted = (e.lo & RTE.LEVEL) !== 0 || pin === RTC_PIN || kvm.hasAckNotifier(CHIP.IOAPIC, pin);
      if (!wanted) continue;
      irq.dest = e.hi >>> 24;
      irq.logical = (e.lo >> 11) & 1;
      note(vcpu, e.lo & RTE.VECTOR, true);
    }
    if (a.rtcOwed === 1) a.eoiVectors.add(a.rtcVector);
  }

  /** Split irqchip: level-triggered MSI routes of the reserved GSIs. */
  function scanRoutes(vcpu: number): void {
    for (let gsi = 0; gsi < state.reservedPins; gsi++) {
      const { table } = kvm.state;
      for (let i = kvm.routing.first(table, gsi); i !== 0; i = kvm.routing.entry(table, i).next) {
        if (kvm.routing.entry(table, i).type !== ROUTE.MSI) continue;
        loadMsi(irq, kvm.routing.entry(table, i), state.x2apicFormat === 1);
        if (irq.trigger === 1) note(vcpu, irq.vector, ctx.profile.splitScanKeepsPending);
      }
    }
  }

  return (vcpu) => {
    const a = state.lapics.at(vcpu);
    if (!isHwEnabled(a)) return;
    a.eoiVectors.clear();
    a.staleEoi = 0;
    if (state.mode === IRQCHIP_MODE.SPLIT) scanRoutes(vcpu);
    else if (state.mode === IRQCHIP_MODE.KERNEL) scanIoapic(vcpu);
  };
}
