// @virq/scenario: scenario files and how they run.

export { type Backends, type Bound, type BoundItem, type BoundStep, bindScenario } from './bind.ts';
export { type Diagnostic, SCENARIO_CODES, type ScenarioCode } from './diagnostic.ts';
export { END_PROPERTIES, type EndProperty } from './end-properties.ts';
export { type Parsed, parseScenario } from './parse.ts';
export {
  type ChangeRecord,
  type RunOptions,
  type RunReport,
  runScenario,
  type StepRecord,
  type Violation,
} from './run.ts';
export { defineScenario, type ScenarioFile, scenarioJsonSchema, scenarioSchema } from './schema.ts';
