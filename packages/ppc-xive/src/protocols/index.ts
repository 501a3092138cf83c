// @virq/ppc-xive/protocols: kernel paths of KVM's XIVE that other CPUs can interleave.

export { hCpprLocked } from './xics-cppr.ts';
export {
  cedeVcpu,
  cedeVcpuCorrected,
  enterGuest,
  escIrq,
  pullVcpu,
  pushVcpu,
  RUN_PROTOCOLS,
  rearmEscalation,
  signalVcpu,
} from './xive-cede.ts';
export { type Handover, handle, handOver, isInFlight, probe, raise, xiveHandover } from './xive-handover.ts';
export { clrMapped, esbFault, PAGE, setMapped, type XiveMapping, xiveMapping } from './xive-mapping.ts';
export { deviceLife, type XiveRelease, xiveRelease, zapMapped } from './xive-release.ts';
