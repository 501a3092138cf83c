// @virq/irq-core/vfio: passed-through devices and their interrupts.

export { type Intx, VFIO_ACTION } from './intx.ts';
export { DEVICE_KIND, IRQ_TYPE, VfioDevice, type VfioState, vfioLayout } from './layout.ts';
export type { VfioMsi } from './msi.ts';
export { checkAndMask, checkAndUnmask, drivesPin, INTX_DISABLE, INTX_STATUS, maskSupported } from './pci-config.ts';
export { ACTION, DATA, INDEX, type SetIrqs, setIrqsError } from './set-irqs.ts';
export { createVfio, type DeviceSpec, MSI_IRQ_BASE, type Vfio, type VfioInit } from './vfio.ts';
export { type VfioWorld, virqfdInject } from './virqfd.ts';
