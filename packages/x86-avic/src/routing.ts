// x86's half of GSI routing: which entries are valid, where they lead, and the default table. Linux: arch/x86/kvm/irq.c, irq_comm.c.

import { EINVAL } from '@virq/irq-core/errors';
import { ROUTE, type Route, type RouteInput } from '@virq/irq-core/kvm';
import { CHIP, type Context } from './context.ts';
import { IOAPIC_PINS, IRQCHIP_MODE } from './layout.ts';
import type { Msi } from './msi.ts';

/** An IRQCHIP entry of a routing table. */
export const irqchipRoute = (gsi: number, irqchip: number, pin: number): RouteInput => ({
  gsi,
  type: ROUTE.IRQCHIP,
  flags: 0,
  irqchip,
  pin,
  addressLo: 0,
  addressHi: 0,
  data: 0,
  devid: 0,
});

/** kvm_setup_default_irq_routing: GSI 0–15 to IOAPIC and PIC, 16–23 to the IOAPIC. */
export const DEFAULT_ROUTING: readonly RouteInput[] = Array.from({ length: IOAPIC_PINS }, (_, gsi) => {
  const ioapic = irqchipRoute(gsi, CHIP.IOAPIC, gsi);
  return gsi < 16 ? [ioapic, irqchipRoute(gsi, gsi < 8 ? CHIP.PIC_MASTER : CHIP.PIC_SLAVE, gsi & 7)] : [ioapic];
}).flat();

/** kvm_set_routing_entry: 0 or -EINVAL; fills `out`. The slave's pins are kept as 8..15. */
export function createSetRoutingEntry(ctx: Context, msi: Msi): (input: RouteInput, out: Route) => number {
  function irqchip(input: RouteInput, out: Route): number {
    if (ctx.state.mode !== IRQCHIP_MODE.KERNEL) return -EINVAL;
    const pins = input.irqchip === CHIP.IOAPIC ? IOAPIC_PINS : 8;
    if (input.irqchip > CHIP.IOAPIC || input.pin >= pins) return -EINVAL;
    out.irqchip = input.irqchip;
    out.pin = input.irqchip === CHIP.PIC_SLAVE ? input.pin + 8 : input.pin;
    return 0;
  }

  function message(input: RouteInput, out: Route): number {
    if (msi.isInvalid(input)) return -EINVAL;
    out.addressLo = input.addressLo;
    out.addressHi = input.addressHi;
    out.data = input.data;
    out.devid = input.devid;
    return 0;
  }

  return (input, out) => {
    out.type = input.type;
    out.flags = input.flags;
    if (input.type === ROUTE.IRQCHIP) return irqchip(input, out);
    if (input.type === ROUTE.MSI) return message(input, out);
    return input.type === ROUTE.HV_SINT && ctx.profile.hypervSint ? 0 : -EINVAL;
  };
}
