// @virq/scenario: scenario files and how they run.

export { type BindResult, type Bound, bindScenario } from './bind.ts';
export type { BoundItem, BoundStep } from './bind-steps.ts';
export type { Backends } from './binding.ts';
export {
  bindConcurrent,
  type Concurrent,
  type ConcurrentResult,
  type ConcurrentSources,
  type MakeOptions,
} from './concurrent/bind-concurrent.ts';
export type { Families, Family } from './concurrent/families.ts';
export { COST_KINDS, type CostKind, type Costs, costsOf } from './costs.ts';
export { type Diagnostic, SCENARIO_CODES, type ScenarioCode } from './diagnostic.ts';
export { nearestWord, suggest } from './did-you-mean.ts';
export { END_PROPERTIES, type EndProperty } from './end-properties.ts';
export { scenarioJsonSchema } from './json-schema.ts';
export { modesOf } from './modes.ts';
export { checkScenario, type Parsed, parseScenario } from './parse.ts';
export {
  type ChangeRecord,
  type RunOptions,
  type RunReport,
  runScenario,
  type StepRecord,
  type Violation,
} from './run.ts';
export { defineScenario, type ScenarioFile, type ScenarioInput, scenarioSchema } from './schema.ts';
