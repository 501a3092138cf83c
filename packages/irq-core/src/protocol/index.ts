// @virq/irq-core/protocol: labelled steps, one stepOnce, schedulers, schedule strings, edits.

export { type Combinators, type ProtocolBuilder, protocolsOn } from './builder.ts';
export { borrow, insert, omit, reorder, replace, sleepsAt } from './edit.ts';
export { defineFamily, type ModelFamily, type Scope, type ScopeParameter } from './family.ts';
export { defineModel, type Model, type ModelDefinition, type Spawn, type System, type SystemOptions } from './model.ts';
export { hasRun, type Mutant, mutantsOf } from './mutants.ts';
export {
  type AnyProtocol,
  createProcesses,
  type Edits,
  type Locals,
  type Processes,
  type ProcessTableView,
  type Programs,
  processTable,
  type SlotPlace,
  type StepResult,
} from './processes.ts';
export {
  type Predicate,
  type Property,
  type PropertyBuilder,
  type PropertyKind,
  type PropertyOptions,
  propertiesOn,
} from './property.ts';
export {
  assert,
  BLOCKED,
  DONE,
  type Outcome,
  type Protocol,
  type Step,
  type StepNote,
  type Steps,
} from './protocol.ts';
export { type Random, seeded } from './random.ts';
export { type RunEnd, type RunOptions, type RunResult, run, type StepEvent } from './runner.ts';
export { choiceOf, formatSchedule, parseSchedule, pidOf, type ScheduleStep, scheduleStep } from './schedule.ts';
export { pct, random, replay, roundRobin, type Scheduler, schedulerNamed, straight } from './schedulers.ts';
export type { Sort } from './sort.ts';
export { type Lock, lock, type Srcu, srcu, srcuFlip, srcuQuiet, srcuReadLock, srcuReadUnlock } from './sync.ts';
