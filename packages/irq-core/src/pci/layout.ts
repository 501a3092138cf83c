// State of PCI functions as far as interrupts go. PCI Local Bus Specification 3.0, 6.2; Linux: struct pci_dev (include/linux/pci.h).

import { array, bits, struct, u1, u8, u16, type View } from '../arena/index.ts';

/**
 * A physical function. `command` and `status` are the registers as they are kept (Interrupt Status is not kept: it follows `pending`, what
 * the function has to say, unless the function `lies`); `settable` and `works` say whether DisINTx can be written and whether it silences the
 * pin; `message` is 1 for MSI, 2 for MSI-X enabled. `broken` is Linux's broken_intx_masking. `lineBit` is its place in the wired OR of its line.
 */
export const PciFunction = struct('pciFunction', {
  command: u16,
  status: u16,
  line: u8,
  pin: bits(3),
  pending: u1,
  settable: u1,
  works: u1,
  lies: u1,
  broken: u1,
  message: bits(2),
  hostIrq: u16,
  lineBit: u8,
});
export type PciFunction = View<typeof PciFunction>;

/** All functions of the host. */
export const pciLayout = (functions: number) => struct('pci', { functions: array(PciFunction, functions) });
export type PciState = View<ReturnType<typeof pciLayout>>;
