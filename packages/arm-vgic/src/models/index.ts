// @virq/arm-vgic/models: families for the checker.

export { gicv4Doorbell, lpiMigrateDisable, lpiReregister, vfioAutomask } from '../protocols/index.ts';
export { foldAcksAlways } from './corrected.ts';
export { writeCtlr, writeCtlrKernel, writeIrouter, writeIrouterKernel } from './registers.ts';
export { vgicQueue } from './vgic-queue.ts';
export { reassignAndUnmask, reassignOnly, vgicResample } from './vgic-resample.ts';
export { injectOneBit, setUp, setUpEdge, setUpReset, vgicSetup } from './vgic-setup.ts';
