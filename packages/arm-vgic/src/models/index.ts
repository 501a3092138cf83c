// @virq/arm-vgic/models: families for the checker.

export { VGIC_VERSIONS } from '../kernel.ts';
export { vgicFoldLrState } from '../lists/fold.ts';
export { vgicInjectIrq } from '../lists/queue.ts';
export { gicv4Doorbell, lpiMigrateDisable, lpiReregister, vfioAutomask } from '../protocols/index.ts';
export { foldAcksAlways, foldSkipsLrs } from './corrected.ts';
export { injectIfEnabled, itsDisable } from './its-disable.ts';
export * as itsFaults from './its-faults.ts';
export { itsMovall } from './its-movall.ts';
export { itsRestore, restoresAnyWidth, restoreVm } from './its-restore.ts';
export { itsUnmap } from './its-unmap.ts';
export { writeCtlr, writeCtlrKernel, writeIrouter, writeIrouterKernel } from './registers.ts';
export { v4Doorbell } from './v4-doorbell.ts';
export { v4Forward, v4Unforward } from './v4-forward.ts';
export { runEoiMode1, runEoiMode1Kernel, vgicDir } from './vgic-dir.ts';
export { vgicKick } from './vgic-kick.ts';
export { clearPendingKernel, clearPendingStopped, vgicClear, vgicSoftPend } from './vgic-latch.ts';
export { vgicOverflow } from './vgic-overflow.ts';
export { vgicQueue } from './vgic-queue.ts';
export { reassignAndUnmask, reassignOnly, vgicResample } from './vgic-resample.ts';
export { injectOneBit, setUp, setUpEdge, setUpReset, vgicSetup } from './vgic-setup.ts';
