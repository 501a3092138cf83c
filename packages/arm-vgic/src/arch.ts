// The hooks by which generic KVM reaches the VGIC. Linux: arch/arm64/kvm/vgic/vgic-irqfd.c, arm.c.

import { EINVAL, EWOULDBLOCK } from '@virq/irq-core/errors';
import { type KvmArch, ROUTE, type Route, type RouteInput } from '@virq/irq-core/kvm';
import type { Context } from './context.ts';
import { INTID } from './irq/layout.ts';
import { type MsiPort, VALID_DEVID } from './its/msi.ts';
import type { Inputs } from './vgic/inject.ts';

/** Pins of the irqchip: SPIs that the architecture has (KVM_IRQCHIP_NUM_PINS). */
export const NUM_PINS = 1020 - INTID.SPI;

/** What the hooks reach. */
export interface ArchParts {
  readonly inputs: Inputs;
  readonly msi: MsiPort;
}

/** kvm_set_routing_entry: 0 or -EINVAL. A pin is not compared with the VM's number of SPIs. */
function setRoutingEntry(input: RouteInput, out: Route): number {
  Object.assign(out, { type: input.type, flags: input.flags });
  if (input.type === ROUTE.IRQCHIP) {
    if (input.irqchip !== 0 || input.pin >= NUM_PINS) return -EINVAL;
    Object.assign(out, { irqchip: 0, pin: input.pin });
    return 0;
  }
  if (input.type !== ROUTE.MSI) return -EINVAL;
  const { addressLo, addressHi, data, devid } = input;
  Object.assign(out, { addressLo, addressHi, data, devid });
  return 0;
}

/** Builds the hooks. */
export function createArch({ state }: Context, { inputs, msi }: ArchParts): KvmArch {
  const { dist } = state;
  return {
    canSetIrqRouting: () => dist.model !== 0,
    intcInitialized: () => dist.initialized === 1,
    irqfdAllowed: () => true,
    setRoutingEntry,
    setIrq(route, _source, level) {
      if (route.type === ROUTE.MSI) return level === 0 ? -1 : msi.inject(route);
      return route.type === ROUTE.IRQCHIP ? inputs.inject(-1, route.pin + INTID.SPI, level) : -1;
    },
    setIrqInatomic(route, _source, level) {
      if (level === 0) return -EWOULDBLOCK;
      if (route.type === ROUTE.IRQCHIP && dist.initialized === 1) return inputs.inject(-1, route.pin + INTID.SPI, 1);
      if (route.type !== ROUTE.MSI) return -EWOULDBLOCK;
      const lpi = msi.lookup(route);
      if (lpi === 0) return -EWOULDBLOCK;
      msi.finish(lpi);
      return 0;
    },
    signalMsi: (message) => (dist.model === 0 || (message.flags & ~VALID_DEVID) !== 0 ? -EINVAL : msi.inject(message)),
    routingUpdated: () => undefined,
    ackNotifiersUpdated: () => undefined,
    clearSource: () => undefined,
    updateIrte: () => 0,
  };
}
