// A driver of the host for a function that is not passed through: the other party on a shared line. Linux: Documentation/PCI/pci.rst, request_irq with IRQF_SHARED.

import { type ActionKind, type Host, IRQ, IRQF } from '../host/index.ts';
import type { Pci } from './pci.ts';

/** Action kind of host drivers on the lines. */
export const HOST_DRIVER = 19;

/** Drivers of the host by the index of their function. */
export interface HostDrivers {
  readonly action: ActionKind;
  /** The driver takes the function and requests its line: 0 or negative errno. */
  bind(i: number, exclusive: boolean): number;
  /** The driver lets go: the function may go on asserting with nobody to serve it. */
  unbind(i: number): void;
}

/** Creates the drivers; `name` is what /proc/interrupts shows. */
export function createHostDrivers(pci: Pci, host: Host, name: (i: number) => string): HostDrivers {
  const irqOf = (i: number): number => pci.state.functions.at(i).hostIrq;
  const action: ActionKind = {
    name,
    handle(i) {
      if (!pci.isPending(i)) return IRQ.NONE;
      pci.deassert(i);
      return IRQ.HANDLED;
    },
  };
  host.onAction(HOST_DRIVER, action);
  return {
    action,
    bind: (i, exclusive) =>
      host.request({ irq: irqOf(i), flags: exclusive ? 0 : IRQF.SHARED, kind: HOST_DRIVER, owner: i }),
    unbind: (i) => host.free(irqOf(i), HOST_DRIVER, i),
  };
}
