// @virq/irq-core/machine: core and backends composed; sessions; replay.

export { type ArgsChecked, checkArgs } from './args.ts';
export { DEVICE_OPERATIONS } from './device-operations.ts';
export { createExec, type Exec, type ExecOptions, type ExecResult } from './exec.ts';
export { HOST_OPTIONS } from './host-options.ts';
export { type KernelPath, kernelPathOf } from './kernel-paths.ts';
export {
  createMachine,
  type Machine,
  type MachineLimits,
  type MachineOptions,
  type Vm,
  type VmSpec,
} from './machine.ts';
export { type Agents, defineMachineModel, type MachineModel, type StandIn } from './machine-model.ts';
export type { CaptureReplayer, CaptureShape, RecordedEvent, ReplayDifference, ReplayReport } from './replay.ts';
export { CORE_OPERATIONS, createSession, findOperation, operationNames, routeInput, type Session } from './session.ts';
export { machineSystem } from './system.ts';
export {
  type ArgFault,
  type ArgKind,
  type ArgSpec,
  type Args,
  type Json,
  OK,
  type Operation,
  type OperationPath,
  type OpResult,
  type Vocabulary,
} from './vocabulary.ts';
