// @virq/irq-core/pci: PCI functions, their configuration space and their INTx pins.

export { createHostDrivers, HOST_DRIVER, type HostDrivers } from './host-driver.ts';
export { PciFunction, type PciState, pciLayout } from './layout.ts';
export { createPci, type FunctionSpec, type Pci } from './pci.ts';
export { drivesPin } from './pin.ts';
export { firmwareMessage, isMaskingBroken, isNoIntx, type PciId } from './quirks.ts';
export { CONFIG, CONFIG_SPACE, INTX_DISABLE, INTX_STATUS } from './registers.ts';
export { atRoot, lineOf, type PciPlace, ROOT_LINES, swizzle } from './topology.ts';
