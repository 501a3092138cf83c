// @virq/conformance: models held against real implementations.

export {
  type CampaignOptions,
  type CampaignResult,
  type Comparison,
  type Finding,
  type Progress,
  runCampaign,
  runReplay,
} from './campaign.ts';
export { differences, type FieldDifference } from './compare/difference.ts';
export type { Difference } from './compare/lockstep.ts';
export type { Minimised } from './compare/minimise.ts';
export type { Skip } from './compare/skips.ts';
export type { Choose } from './generate/choose.ts';
export type { Generator } from './generate/generator.ts';
export { createKvmOracle } from './kvm/index.ts';
export { createModelOracle } from './model.ts';
export {
  type Instance,
  type Op,
  type Oracle,
  OracleError,
  type OracleResult,
  type Provenance,
  type Unavailable,
} from './oracle.ts';
export { createPowernvOracle } from './qemu/powernv/index.ts';
export { createQemuOracle } from './qemu/q35/index.ts';
export { createVirtOracle } from './qemu/virt/index.ts';
export { headLine, type RecordingHead, readOperations, resultLine } from './recording.ts';
export { kernelFor, TARGETS, type Target } from './targets.ts';
