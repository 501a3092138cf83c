// The hooks by which generic KVM reaches the VGIC. Linux: arch/arm64/kvm/vgic/vgic-irqfd.c, arm.c.

import { EINVAL, EIO, ENODEV, EWOULDBLOCK } from '@virq/irq-core/errors';
import { type KvmArch, ROUTE, type Route, type RouteInput } from '@virq/irq-core/kvm';
import type { Context } from './context.ts';
import { INTID } from './irq/layout.ts';
import { type MsiPort, VALID_DEVID } from './its/msi.ts';
import { isInputBusy, type VgicLists } from './lists/world.ts';
import type { VcpuParts } from './run/world.ts';
import type { Inputs } from './vgic/inject.ts';
import type { IrqTable } from './vgic/irqs.ts';

/** Pins of the irqchip: SPIs that the architecture has (KVM_IRQCHIP_NUM_PINS). */
export const NUM_PINS = 1020 - INTID.SPI;

/** What the hooks reach. */
export interface ArchParts {
  readonly inputs: Inputs;
  readonly msi: MsiPort;
  readonly irqs: IrqTable;
  readonly lists: VgicLists;
  /** Late: it is built on the inputs. */
  readonly vcpus: () => VcpuParts;
  /** vgic_lazy_init. */
  lazyInit(): number;
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
export function createArch(
  { state, profile }: Context,
  { inputs, msi, irqs, lists, lazyInit, vcpus }: ArchParts,
): KvmArch {
  const { dist } = state;

  /** vgic_irqfd_set_irq: the level goes to the VGIC as it is; nobody owns the wire. */
  function setPin(pin: number, level: number): number {
    if (pin >= dist.nrSpis) return -EINVAL;
    const error = profile.kvm.lazyInit === 'callers' ? lazyInit() : 0;
    return error === 0 ? inputs.inject(-1, pin + INTID.SPI, level) : error;
  }

  return {
    // Linux: arm64 has no kvm_arch_can_set_irq_routing of its own; a table can be there before the VGIC.
    canSetIrqRouting: () => true,
    intcInitialized: () => dist.initialized === 1,
    irqfdAllowed: () => true,
    setRoutingEntry,
    setIrq(route, _source, level) {
      if (route.type === ROUTE.IRQCHIP) return setPin(route.pin, level);
      if (route.type !== ROUTE.MSI) return -1;
      if (dist.hasIts === 0) return -ENODEV;
      return level === 0 ? -1 : msi.inject(route);
    },
    isBusy(route) {
      const irq = route.type === ROUTE.IRQCHIP ? irqs.find(-1, route.pin + INTID.SPI) : -1;
      return irq >= 0 && isInputBusy(lists, irqs.at(irq));
    },
    setIrqInatomic(route, _source, level) {
      if (level === 0) return -EWOULDBLOCK;
      if (route.type === ROUTE.IRQCHIP) return dist.initialized === 1 ? setPin(route.pin, 1) : -EWOULDBLOCK;
      if (route.type !== ROUTE.MSI || dist.hasIts === 0) return -EWOULDBLOCK;
      const lpi = msi.lookup(route);
      if (lpi === 0) return -EWOULDBLOCK;
      msi.finish(lpi);
      return 0;
    },
    signalMsi(message) {
      if (dist.dead === 1) return -EIO;
      if (dist.model === 0 || (message.flags & ~VALID_DEVID) !== 0) return -EINVAL;
      return dist.hasIts === 0 ? -ENODEV : msi.inject(message);
    },
    routingUpdated: () => undefined,
    ackNotifiersUpdated: () => undefined,
    clearSource: () => undefined,
    vcpuRunnable(vcpu) {
      const { lines, pause } = state.run.at(vcpu);
      return (lines !== 0 || vcpus().isPending(vcpu)) && pause === 0;
    },
    updateIrte: () => 0,
  };
}
