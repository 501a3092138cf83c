// What a scenario expects, checked before it runs: an errno, state path or property that does not exist could never be met.

import { ERRNO } from '@virq/irq-core/errors';
import { createMachine, type MachineOptions } from '@virq/irq-core/machine';
import type { Binding, Path } from './binding.ts';
import { suggest } from './did-you-mean.ts';
import { propertyNames } from './end-properties.ts';
import type { StepFile } from './schema.ts';
import { pathFault } from './state-path.ts';

type StateExpectation = { readonly paths: readonly string[]; readonly at: Path };

function stateExpectations(b: Binding): StateExpectation[] {
  const ofSteps = b.file.steps.map((step, i) => ({
    paths: Object.keys(step.expect?.state ?? {}),
    at: ['steps', i, 'expect', 'state'],
  }));
  const all = [...ofSteps, { paths: Object.keys(b.file.expect?.state ?? {}), at: ['expect', 'state'] }];
  return all.filter(({ paths }) => paths.length > 0);
}

function checkStates(b: Binding, machine: MachineOptions): void {
  const expectations = stateExpectations(b);
  if (expectations.length === 0) return;
  const { kind } = createMachine(machine).arena;
  for (const { paths, at } of expectations)
    for (const path of paths) {
      const fault = pathFault(kind, path);
      if (fault !== null) b.reportKey([...at, path], 'VIRQ-S007', fault.message, fault.hint);
    }
}

/** The return value of an operation is a number or the name of an errno that KVM documents. */
function checkResult(b: Binding, expect: StepFile['expect'], at: Path): void {
  const ret = expect?.ret;
  if (typeof ret !== 'string' || Object.hasOwn(ERRNO, ret) || /^-?(0x[0-9a-f]+|\d+)$/i.test(ret)) return;
  b.report([...at, 'expect', 'ret'], 'VIRQ-S010', `no errno '${ret}'`, suggest(ret, Object.keys(ERRNO)));
}

function checkViolation(b: Binding): void {
  const violation = b.file.expect?.violation;
  const known = propertyNames(new Set(b.backendOf.values()), b.parts);
  if (violation !== undefined && !known.includes(violation))
    b.report(['expect', 'violation'], 'VIRQ-S008', `no property '${violation}'`, `there are: ${known.join('; ')}`);
}

/** Checks all expectations. State paths are looked at only if everything else is right, because they need the machine. */
export function checkExpectations(b: Binding, machine: MachineOptions, sound: () => boolean): void {
  for (const [i, step] of b.file.steps.entries()) checkResult(b, step.expect, ['steps', i]);
  checkViolation(b);
  if (sound()) checkStates(b, machine);
}
