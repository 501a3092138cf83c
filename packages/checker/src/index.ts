// @virq/checker: every interleaving of the protocols of a system.

export { check, checkWithPauses, type MakeSystem, type Pause } from './check.ts';
export {
  contextSwitches,
  explain,
  minimise,
  type Origin,
  type ProcessName,
  parseCounterexample,
  type Replay,
  type ReplayedStep,
  replaySteps,
  type SavedCounterexample,
  type Style,
  saveCounterexample,
  stepLines,
  toItf,
} from './counterexample/index.ts';
export { checkPlain } from './plain.ts';
export {
  type Bound,
  BUILT_IN,
  type CheckOptions,
  type CheckResult,
  type LabelCoverage,
  type Progress,
  type Reductions,
  type Violation,
} from './result.ts';
export { StaleAccess } from './stale.ts';
export {
  exploreShard,
  exploreShardSlices,
  type MergedResult,
  mergeShards,
  type Part,
  parseShard,
  type RandomSearchOptions,
  type RandomSearchResult,
  randomSearch,
  randomSearchSlices,
  type ShardOptions,
  type ShardResult,
  type ShardViolation,
} from './swarm/index.ts';
