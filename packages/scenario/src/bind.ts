// Scenario → machine and steps: backends found, arguments checked against the operations' declarations, names resolved.

import type { AnyHostPart } from '@virq/irq-core/backend';
import type { MachineOptions } from '@virq/irq-core/machine';
import { checkExpectations } from './bind-expectations.ts';
import { bindMachine } from './bind-machine.ts';
import { type BoundItem, bindSteps } from './bind-steps.ts';
import type { Backends, Binding, Part, Sources } from './binding.ts';
import { withSizes } from './concurrent/scope.ts';
import type { Diagnostic } from './diagnostic.ts';
import { inMode, modeOf } from './modes.ts';
import type { Parsed } from './parse.ts';
import type { ScenarioFile } from './schema.ts';

/** A scenario ready to run. */
export interface Bound {
  readonly file: ScenarioFile;
  /** Mode that was bound, null if the file has none. */
  readonly mode: string | null;
  readonly machine: MachineOptions;
  readonly items: readonly BoundItem[];
}

/** A bound scenario, or what is wrong with it. */
export interface BindResult {
  readonly bound: Bound | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Narrows a diagnostic about a whole scalar to a part of its text. Texts with escapes or over several lines stay whole. */
function within(d: Diagnostic, { text, from, to }: Part): Diagnostic {
  const around = d.line === d.endLine ? d.endColumn - d.column - text.length : -1;
  if (around !== 0 && around !== 2) return d;
  const start = d.column + around / 2;
  return { ...d, column: start + from, endColumn: start + Math.max(to, from + 1) };
}

/** The state of a binding of a file; diagnostics go to `sink`. */
export function createBinding(parsed: Parsed, file: ScenarioFile, sources: Sources, sink: Diagnostic[]): Binding {
  return {
    file,
    backends: sources.backends,
    mode: modeOf(file, sources.mode),
    available: sources.parts ?? [],
    parts: [],
    vmNames: file.vms.map((vm, i) => vm.name ?? `vm${i}`),
    backendOf: new Map(),
    report: (...fault) => void sink.push(parsed.at(...fault)),
    reportKey: (...fault) => void sink.push(parsed.atKey(...fault)),
    reportWithin: (path, part, ...fault) => void sink.push(within(parsed.at(path, ...fault), part)),
  };
}

/** Binds a parsed scenario to backends. Reports every fault it finds, in the order VMs, devices, steps, expectations. */
export function bindScenario(
  parsed: Parsed,
  backends: Backends,
  parts: readonly AnyHostPart[] = [],
  mode?: string,
): BindResult {
  if (parsed.scenario === null) return { bound: null, diagnostics: parsed.diagnostics };
  const diagnostics: Diagnostic[] = [];
  const file = withSizes(parsed.scenario, parsed.scenario.concurrent?.scope ?? {}, (path, name) => {
    diagnostics.push(parsed.at(path, 'VIRQ-S012', `no size '$${name}'`, 'declare it under concurrent.scope'));
  });
  const sources = { backends, parts, ...(mode !== undefined && { mode }) };
  const binding = createBinding(parsed, inMode(file, modeOf(file, mode)), sources, diagnostics);
  if (file.vms.length === 0)
    binding.report(['concurrent', 'model'], 'VIRQ-S002', 'a model has no steps to run', 'check it: virq check');
  const machine = bindMachine(binding);
  const items = bindSteps(binding);
  checkExpectations(binding, machine, () => diagnostics.length === 0);
  return diagnostics.length > 0
    ? { bound: null, diagnostics }
    : { bound: { file, mode: binding.mode, machine, items }, diagnostics };
}
