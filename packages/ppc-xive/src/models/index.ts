// @virq/ppc-xive/models: what the checker explores of POWER: closed worlds, and paths over a machine.

export { xiveMapping } from '../protocols/xive-mapping.ts';
export { clrPassthruNative, esbFaultNative, setPassthruNative } from './corrected.ts';
export * as doorbell from './doorbell.ts';
export * as hostIrq from './host-irq.ts';
export { alsoTaken, excludedBy, type Held, LOCKS, type LockedPath, PATHS, type PathName } from './locks.ts';
export { chipOf, GSI, guestSource, type PowerMachine } from './machine.ts';
export * as resampleCap from './resample-cap.ts';
export * as threadWake from './thread-wake.ts';
export { xicsEoi } from './xics-eoi.ts';
export { xicsIpi } from './xics-ipi.ts';
export * as xicsMigrate from './xics-migrate.ts';
export { xicsPassthrough } from './xics-passthrough.ts';
export { xicsReroute } from './xics-reroute.ts';
export * as xicsResend from './xics-resend.ts';
export { xiveCede } from './xive-cede.ts';
export * as xiveEscalation from './xive-escalation.ts';
export * as xiveFreeIrq from './xive-free-irq.ts';
export { clrPassthruRefused, clrPassthruRefusedKernel, xiveGiveBack } from './xive-give-back.ts';
export {
  clrPassthruLife,
  createDevice,
  releaseParted,
  runVcpu as runXiveVcpu,
  setPassthruLife,
  xiveLife,
} from './xive-life.ts';
export { xivePhantom } from './xive-phantom.ts';
export { asksPAlone, probeDriver, xiveProbe } from './xive-probe.ts';
export { setNativeQueue, xiveQueueConfig } from './xive-queue-config.ts';
export { updateNativeSource, xiveQueueCount } from './xive-queue-count.ts';
export { xiveRemap } from './xive-remap.ts';
export { xiveVectors } from './xive-vectors.ts';
export { xiveSharedSpace, xiveVma } from './xive-vma.ts';
export { moveVcpu, xiveVpState } from './xive-vp-state.ts';
