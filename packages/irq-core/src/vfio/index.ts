// @virq/irq-core/vfio: passed-through devices and their interrupts.

export { type DeviceSpec, irqOf } from './device-spec.ts';
export { type Intx, VFIO_ACTION } from './intx.ts';
export { vfioIntxEnable } from './intx-enable.ts';
export { DEVICE_KIND, IRQ_TYPE, VfioDevice, type VfioState, vfioLayout } from './layout.ts';
export type { VfioMsi } from './msi.ts';
export { ACTION, DATA, INDEX, type SetIrqs, setIrqsError } from './set-irqs.ts';
export { createVfio, MSI_IRQ_BASE, type Vfio, type VfioInit } from './vfio.ts';
export { type VfioWorld, virqfdInject } from './virqfd.ts';
