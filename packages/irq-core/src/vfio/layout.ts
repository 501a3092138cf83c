// State of VFIO devices: the physical function and what vfio-pci or vfio-platform keeps of it. Linux: drivers/vfio/pci/vfio_pci_priv.h.

import { array, bits, handle, struct, u1, u8, u16, type View } from '../arena/index.ts';

/** One MSI or MSI-X vector. `maskBit` and `pendingBit` are the table's mask bit and the PBA. */
export const Vector = struct('vector', {
  trigger: handle,
  producer: handle,
  hostIrq: u16,
  enabled: u1,
  maskBit: u1,
  pendingBit: u1,
});

/**
 * A device. `asserts` is the wire of a platform device (what a PCI function drives is in its registers); `pci23` says that VFIO masks it with
 * DisINTx; `virqDisabled` is the guest's own view of DisINTx; `owned` a driver of the host that has it; `irqError` the errno of a platform device's request_irq.
 */
export const VfioDevice = struct('vfioDevice', {
  kind: bits(2),
  edge: u1,
  asserts: u1,
  noIntx: u1,
  owned: u1,
  opened: u1,
  pci23: u1,
  irqType: bits(2),
  masked: u1,
  irqError: u8,
  virqDisabled: u1,
  deferredSignal: u1,
  hostIrq: u16,
  lineBit: u8,
  trigger: handle,
  unmask: handle,
  unmaskWaiter: handle,
  err: handle,
  req: handle,
  vectorsEnabled: u8,
  vectors: array(Vector, 32),
});
export type VfioDevice = View<typeof VfioDevice>;

/** State of all devices of the host. */
export const vfioLayout = (devices: number) => struct('vfio', { devices: array(VfioDevice, devices) });
export type VfioState = View<ReturnType<typeof vfioLayout>>;

/** irq_type of vfio-pci. */
export const IRQ_TYPE = { NONE: 0, INTX: 1, MSI: 2, MSIX: 3 } as const;
/** irq_type of the index of VFIO_DEVICE_SET_IRQS: INTX 0, MSI 1, MSIX 2. */
export const irqTypeOf = (index: number): number => index + 1;
/** Bus of a device; HOST is a PCI function that a driver of the host has. */
export const DEVICE_KIND = { PCI: 0, PLATFORM: 1, HOST: 2 } as const;
