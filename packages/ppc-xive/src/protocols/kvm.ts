// Every kernel path of KVM's XIVE that runs in a machine's process table.

import { eqSync, sourceConfig, sourceSync, xiveReset } from './attributes.ts';
import { esbAccess, esbAccessCorrected } from './esb-access.ts';
import { esbFault, esbFaultCorrected } from './esb-fault.ts';
import { xiveMmap, xiveMprotect, xiveMunmap, xiveMunmapAndPut } from './mmap.ts';
import {
  addProducer,
  addProducerCorrected,
  clrPassthru,
  clrPassthruCorrected,
  delProducer,
  delProducerCorrected,
  setPassthru,
  setPassthruCorrected,
} from './passthru.ts';
import { xiveRelease } from './release.ts';

/** Protocols of the backend, by name. */
export const KVM_XIVE_PROTOCOLS = {
  eqSync,
  sourceConfig,
  sourceSync,
  xiveReset,
  esbAccess,
  esbAccessCorrected,
  esbFault,
  esbFaultCorrected,
  xiveMmap,
  xiveMprotect,
  xiveMunmap,
  xiveMunmapAndPut,
  setPassthru,
  setPassthruCorrected,
  clrPassthru,
  clrPassthruCorrected,
  addProducer,
  addProducerCorrected,
  delProducer,
  delProducerCorrected,
  xiveRelease,
};
