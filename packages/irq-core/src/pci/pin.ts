// The pin of a function and the line it is wired to. PCI Local Bus Specification 3.0, 2.2.6, 6.2.2, 6.8.

import type { Host } from '../host/index.ts';
import type { PciFunction } from './layout.ts';

const DISABLE = 0x400;

/** pin = Interrupt Status ∧ ¬Interrupt Disable ∧ ¬MSI ∧ ¬MSI-X. */
export function drivesPin(f: PciFunction): boolean {
  const silenced = (f.command & DISABLE) !== 0 && f.works === 1;
  return f.pending === 1 && !silenced && f.message === 0;
}

/** Lets the line, an open-drain wire that all functions on it pull, follow the function. */
export function driveLine(host: Host, f: PciFunction): void {
  if (f.hostIrq !== 0) host.setLevel(f.hostIrq, f.lineBit, drivesPin(f) ? 1 : 0);
}
