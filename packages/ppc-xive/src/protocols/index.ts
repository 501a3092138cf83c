// @virq/ppc-xive/protocols: kernel paths of KVM's XIVE that other CPUs can interleave.

export { esbFault as nativeEsbFault, esbFaultCorrected } from './esb-fault.ts';
export { clrPassthru, clrPassthruCorrected, setPassthru, setPassthruCorrected } from './passthru.ts';
export { xiveRelease as nativeRelease } from './release.ts';
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
export { clrMapped, esbFault, PAGE, setMapped, type XiveMapping, xiveMapping } from './xive-mapping.ts';
