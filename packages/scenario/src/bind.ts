// Scenario → machine and steps: backends found, arguments checked against the operations' declarations, names resolved.

import type { MachineOptions } from '@virq/irq-core/machine';
import { checkExpectations } from './bind-expectations.ts';
import { bindMachine } from './bind-machine.ts';
import { type BoundItem, bindSteps } from './bind-steps.ts';
import type { Backends, Binding } from './binding.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Parsed } from './parse.ts';
import type { ScenarioFile } from './schema.ts';

/** A scenario ready to run. */
export interface Bound {
  readonly file: ScenarioFile;
  readonly machine: MachineOptions;
  readonly items: readonly BoundItem[];
}

/** A bound scenario, or what is wrong with it. */
export interface BindResult {
  readonly bound: Bound | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Binds a parsed scenario to backends. Reports every fault it finds, in the order VMs, devices, steps, expectations. */
export function bindScenario(parsed: Parsed, backends: Backends): BindResult {
  const file = parsed.scenario;
  if (file === null) return { bound: null, diagnostics: parsed.diagnostics };
  const diagnostics: Diagnostic[] = [];
  const binding: Binding = {
    file,
    backends,
    vmNames: file.vms.map((vm, i) => vm.name ?? `vm${i}`),
    backendOf: new Map(),
    report: (...fault) => void diagnostics.push(parsed.at(...fault)),
    reportKey: (...fault) => void diagnostics.push(parsed.atKey(...fault)),
  };
  const machine = bindMachine(binding);
  const items = bindSteps(binding);
  checkExpectations(binding, machine, () => diagnostics.length === 0);
  return diagnostics.length > 0 ? { bound: null, diagnostics } : { bound: { file, machine, items }, diagnostics };
}
