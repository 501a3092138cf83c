// The two config-space bits INTx lives by, and the kernel's atomic helpers over them. PCI 3.0 6.2.2, 6.2.3; Linux: drivers/pci/pci.c.

import type { Host } from '../host/index.ts';
import { IRQ_TYPE, type VfioDevice } from './layout.ts';

/** COMMAND bit 10, Interrupt Disable (DisINTx). */
export const INTX_DISABLE = 0x400;
/** STATUS bit 3, Interrupt Status: pending inside the function, whatever DisINTx says. */
export const INTX_STATUS = 0x08;

/** pin = Status.bit3 ∧ ¬Command.bit10 ∧ no MSI: what the function drives onto the line. */
export function drivesPin(d: VfioDevice): boolean {
  const disabled = (d.command & INTX_DISABLE) !== 0 && d.disIntxWorks === 1;
  return d.intxPending === 1 && !disabled && d.irqType !== IRQ_TYPE.MSI && d.irqType !== IRQ_TYPE.MSIX;
}

/** Lets the line follow the function. */
export function driveLine(host: Host, d: VfioDevice): void {
  host.setLevel(d.hostIrq, d.lineBit, drivesPin(d) ? 1 : 0);
}

/** pci_intx: sets or clears DisINTx without looking at the status. */
export function setDisIntx(host: Host, d: VfioDevice, disable: boolean): void {
  d.command = disable ? d.command | INTX_DISABLE : d.command & ~INTX_DISABLE;
  driveLine(host, d);
}

/** pci_check_and_mask_intx: if the function is pending, sets DisINTx and returns true; otherwise writes nothing (T151, T168). */
export function checkAndMask(host: Host, d: VfioDevice): boolean {
  if (d.intxPending === 0) return false;
  if ((d.command & INTX_DISABLE) === 0) setDisIntx(host, d, true);
  return true;
}

/** pci_check_and_unmask_intx: if the function is pending, leaves DisINTx and returns false; otherwise clears it (T152, T153). */
export function checkAndUnmask(host: Host, d: VfioDevice): boolean {
  if (d.intxPending === 1) return false;
  if ((d.command & INTX_DISABLE) !== 0) setDisIntx(host, d, false);
  return true;
}

/** pci_intx_mask_supported: the probe toggles the bit and reads it back (T169). It does not find devices that accept the bit and ignore it. */
export const maskSupported = (d: { readonly disIntxWritable: boolean; readonly quirk: boolean }): boolean =>
  d.disIntxWritable && !d.quirk;
