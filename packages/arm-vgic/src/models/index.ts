// @virq/arm-vgic/models: families for the checker.

export { gicv4Doorbell, lpiMigrateDisable, lpiReregister, vfioAutomask } from '../protocols/index.ts';
export { foldAcksAlways } from './corrected.ts';
export { injectIfEnabled, itsDisable } from './its-disable.ts';
export * as itsFaults from './its-faults.ts';
export { itsMovall } from './its-movall.ts';
export { itsRestore, restoresAnyWidth, restoreVm } from './its-restore.ts';
export { itsUnmap } from './its-unmap.ts';
export { writeCtlr, writeCtlrKernel, writeIrouter, writeIrouterKernel } from './registers.ts';
export { vgicQueue } from './vgic-queue.ts';
export { reassignAndUnmask, reassignOnly, vgicResample } from './vgic-resample.ts';
export { injectOneBit, setUp, setUpEdge, setUpReset, vgicSetup } from './vgic-setup.ts';
