// Who receives an interrupt on QEMU's APIC bus: no map, no software enable, the lowest index wins. QEMU 7.2: hw/intc/apic.c apic_bus_deliver.

import type { Context } from '../context.ts';
import type { Delivery, LapicIrq } from '../destination.ts';
import { DM, type Lapics, xapicId } from '../lapic.ts';

const BROADCAST = 0xff;
const FLAT = 0xf;

/**
 * Creates delivery over the LAPICs. Abstraction: SMI, NMI and INIT only raise a line of the CPU, which shows in no register; they
 * reach nobody here.
 */
export function createQemuDelivery(ctx: Context, lapics: Lapics): Delivery {
  function matches(vcpu: number, irq: LapicIrq): boolean {
    const a = lapics.at(vcpu);
    if (irq.logical === 0) return irq.dest === BROADCAST || irq.dest === xapicId(a);
    const id = a.ldr >>> 24;
    const model = a.dfr >>> 28;
    if (model === FLAT) return (irq.dest & id) !== 0;
    return model === 0 && (irq.dest & 0xf0) === (id & 0xf0) && (irq.dest & id & 0xf) !== 0;
  }

  function eachDestination(irq: LapicIrq, visit: (vcpu: number) => void): void {
    for (let vcpu = 0; vcpu < lapics.count; vcpu++) if (matches(vcpu, irq)) visit(vcpu);
  }

  function request(vcpu: number, irq: LapicIrq): void {
    const a = lapics.at(vcpu);
    a.irr.add(irq.vector);
    a.tmr.put(irq.vector, irq.trigger);
    if (ctx.trace.on)
      ctx.trace.emit('kvm_apic_accept_irq', {
        apicid: vcpu,
        vec: irq.vector,
        deliveryMode: irq.dm,
        trigger: irq.trigger,
      });
  }

  function deliver(irq: LapicIrq): number {
    if (irq.dm !== DM.FIXED && irq.dm !== DM.LOWEST && irq.dm !== DM.EXTINT) return 0;
    let reached = 0;
    for (let vcpu = 0; vcpu < lapics.count; vcpu++) {
      if (!matches(vcpu, irq)) continue;
      request(vcpu, irq);
      reached++;
      if (irq.dm === DM.LOWEST) break;
    }
    return reached;
  }

  return { fast: deliver, deliver, matches, eachDestination, observer: null };
}
