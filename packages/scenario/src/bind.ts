// Scenario → machine and steps: backends found, arguments checked against the operations' declarations, names resolved.

import type { AnyBackend } from '@virq/irq-core/backend';
import type { KernelVersion } from '@virq/irq-core/kvm';
import {
  type ArgSpec,
  CORE_OPERATIONS,
  checkArgs,
  DEVICE_OPERATIONS,
  type MachineOptions,
} from '@virq/irq-core/machine';
import type { DeviceSpec } from '@virq/irq-core/vfio';
import type { Diagnostic } from './diagnostic.ts';
import type { Parsed } from './parse.ts';
import type { ScenarioFile, StepFile } from './schema.ts';

/** One operation to be done. */
export interface BoundStep {
  readonly vm: string;
  readonly op: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly note: string | undefined;
  readonly expect: StepFile['expect'] | undefined;
}

/** A step, or several lists of steps to be interleaved. */
export type BoundItem =
  | { readonly step: BoundStep }
  | { readonly concurrent: readonly (readonly BoundStep[])[]; readonly expect: StepFile['expect'] };

/** A scenario ready to run. */
export interface Bound {
  readonly file: ScenarioFile;
  readonly machine: MachineOptions;
  readonly items: readonly BoundItem[];
}

/** Backends by name. */
export type Backends = ReadonlyMap<string, AnyBackend>;

/** Fields of a step that are no operation. */
const STEP_FIELDS: ReadonlySet<string> = new Set(['vm', 'note', 'expect', 'concurrent']);

const nearest = (word: string, known: readonly string[]): string => {
  const close = known.find((k) => distance(k, word) <= 2) ?? known.find((k) => k.includes(word) || word.includes(k));
  return close === undefined ? `known are ${known.join(', ')}` : `did you mean '${close}'?`;
};

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

const deviceSpec = (d: NonNullable<ScenarioFile['devices']>[number]): DeviceSpec => ({
  name: d.name,
  kind: d.kind,
  hostIrq: d.host_irq ?? 0,
  edge: d.edge === true,
  disIntxWritable: d.disintx_writable !== false,
  disIntxWorks: d.disintx_works !== false,
  quirk: d.quirk === true,
  noIntx: d.nointx === true,
  ...(d.msi === undefined ? {} : { msi: d.msi }),
  ...(d.msix === undefined ? {} : { msix: d.msix }),
});

/** Room for what a scenario does, small enough for readable state. */
const VM_SIZES = { gsis: 4096, routes: 256, irqfds: 64 };

/** Binds a parsed scenario. Either a bound scenario, or diagnostics. */
export function bindScenario(
  parsed: Parsed,
  backends: Backends,
): { bound: Bound | null; diagnostics: readonly Diagnostic[] } {
  const file = parsed.scenario;
  if (file === null) return { bound: null, diagnostics: parsed.diagnostics };
  const scenario = file;
  const diagnostics: Diagnostic[] = [];
  const vmNames = file.vms.map((vm, i) => vm.name ?? `vm${i}`);
  const backendOf = new Map<string, AnyBackend>();

  function bindVm(i: number): MachineOptions['vms'][number] | null {
    const { name: _name, backend: backendName, ...given } = scenario.vms[i] as ScenarioFile['vms'][number];
    const backend = backends.get(backendName);
    if (backend === undefined) {
      diagnostics.push(
        parsed.at(
          ['vms', i, 'backend'],
          'VIRQ-S005',
          `no backend '${backendName}'`,
          nearest(backendName, [...backends.keys()]),
        ),
      );
      return null;
    }
    const checked = checkArgs(backend.vocabulary.vm, given);
    if (!checked.ok) {
      for (const f of checked.faults)
        diagnostics.push(parsed.at(['vms', i, ...f.path.split('.')], 'VIRQ-S004', `${f.path} ${f.message}`));
      return null;
    }
    const name = vmNames[i] as string;
    backendOf.set(name, backend);
    const vcpus = (checked.args['vcpus'] as number | undefined) ?? 1;
    return { name, backend, options: checked.args, limits: { ...VM_SIZES, vcpus } };
  }

  function specOf(backend: AnyBackend, op: string): Readonly<Record<string, ArgSpec>> | undefined {
    return (backend.vocabulary.operations[op] ?? CORE_OPERATIONS[op] ?? DEVICE_OPERATIONS[op])?.args;
  }

  function checkNames(op: string, args: Readonly<Record<string, unknown>>, path: readonly PropertyKey[]): void {
    const { device } = args;
    if (!Object.hasOwn(DEVICE_OPERATIONS, op) || typeof device !== 'string') return;
    const known = (file?.devices ?? []).map((d) => d.name);
    if (!known.includes(device))
      diagnostics.push(
        parsed.at([...path, op, 'device'], 'VIRQ-S006', `no device '${device}'`, nearest(device, known)),
      );
  }

  function bindStep(step: StepFile, path: readonly PropertyKey[]): BoundStep | null {
    const ops = Object.keys(step).filter((key) => !STEP_FIELDS.has(key));
    const [op] = ops;
    if (op === undefined || ops.length > 1) {
      const what =
        op === undefined ? 'a step needs one operation' : `a step has one operation, this has ${ops.join(' and ')}`;
      diagnostics.push(parsed.at([...path, ...(ops[1] === undefined ? [] : [ops[1]])], 'VIRQ-S002', what));
      return null;
    }
    const vm = step.vm ?? (vmNames[0] as string);
    const backend = backendOf.get(vm);
    if (backend === undefined) {
      if (!vmNames.includes(vm))
        diagnostics.push(parsed.at([...path, 'vm'], 'VIRQ-S006', `no VM '${vm}'`, nearest(vm, vmNames)));
      return null;
    }
    const spec = specOf(backend, op);
    if (spec === undefined) {
      const known = [
        ...Object.keys(CORE_OPERATIONS),
        ...Object.keys(DEVICE_OPERATIONS),
        ...Object.keys(backend.vocabulary.operations),
      ];
      diagnostics.push(
        parsed.at([...path, op], 'VIRQ-S003', `no operation '${op}' on ${backend.name}`, nearest(op, known)),
      );
      return null;
    }
    const checked = checkArgs(spec, (step as Record<string, unknown>)[op] ?? {});
    if (!checked.ok) {
      for (const f of checked.faults)
        diagnostics.push(
          parsed.at(
            [...path, op, ...f.path.split(/[.[\]]+/).filter(Boolean)],
            'VIRQ-S004',
            `${op}: ${f.path} ${f.message}`,
          ),
        );
      return null;
    }
    checkNames(op, checked.args, path);
    return { vm, op, args: checked.args, note: step.note, expect: step.expect };
  }

  function bindItem(step: StepFile, i: number): BoundItem | null {
    if (step.concurrent === undefined) {
      const bound = bindStep(step, ['steps', i]);
      return bound === null ? null : { step: bound };
    }
    const lists = step.concurrent.map((list, k) =>
      list.map((s, n) => bindStep(s as StepFile, ['steps', i, 'concurrent', k, n])),
    );
    return { concurrent: lists.map((list) => list.filter((s) => s !== null)), expect: step.expect };
  }

  const vms = file.vms.map((_, i) => bindVm(i));
  const items = file.steps.map(bindItem);
  if (diagnostics.length > 0) return { bound: null, diagnostics };
  const machine: MachineOptions = {
    vms: vms.filter((vm) => vm !== null),
    limits: { eventfds: 128, processes: 32, irqs: 64, bypass: 64 },
    devices: (file.devices ?? []).map(deviceSpec),
    ...(file.kernel === undefined ? {} : { kernel: file.kernel as KernelVersion }),
  };
  return { bound: { file, machine, items: items.filter((item) => item !== null) }, diagnostics };
}
