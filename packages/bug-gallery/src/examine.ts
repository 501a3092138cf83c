// Examines a bug: what the checker finds in the variant, and what it says of the corrected form.

import { type CheckOptions, type CheckResult, check, type MakeSystem } from '@virq/checker';
import type { Bug } from './bug.ts';

/** The faulty form of a bug's model, in the sizes that show it. */
export function faultyForm(bug: Bug): MakeSystem {
  const model = bug.model.build(bug.scope);
  return ({ record }) => model.create({ record, edits: bug.variant });
}

/** The corrected form, in the sizes it is proved for. */
export function correctedForm(bug: Bug): MakeSystem {
  const model = bug.model.build(bug.proof ?? bug.scope);
  return ({ record }) => model.create({ record });
}

/** Both forms of a bug, explored. */
export interface Examination {
  readonly faulty: CheckResult;
  readonly corrected: CheckResult;
  /** What differs from the record, as sentences; empty if all is as recorded. */
  readonly deviations: readonly string[];
}

function faultyDeviations({ expected }: Bug, { violations }: CheckResult): string[] {
  const [found] = violations;
  if (found === undefined) return ['the variant violates nothing'];
  if (found.property !== expected.property)
    return [`the variant violates "${found.property}" first, recorded is "${expected.property}"`];
  const { length } = found.steps;
  return length === expected.length ? [] : [`the counterexample has ${length} steps, recorded are ${expected.length}`];
}

function correctedDeviations(
  { unused = [] }: Bug,
  { verdict, violations, bound, unreached, coverage }: CheckResult,
): string[] {
  const broken = violations.map((v) => `the corrected form violates "${v.property}"`);
  const early = verdict === 'incomplete' ? [`the proof ended early: ${bound}`] : [];
  const unseen = unreached.map((name) => `no state of the corrected form shows "${name}"`);
  const dead = coverage.filter((l) => !l.reached).map((l) => `${l.protocol}: '${l.label}' never ran`);
  const surprising = dead.filter((d) => !unused.some((u) => d.startsWith(u)));
  return [...broken, ...early, ...unseen, ...surprising];
}

/** Explores both forms and compares with what is recorded. */
export function examine(bug: Bug, options: CheckOptions = {}): Examination {
  const faulty = check(faultyForm(bug), options);
  const corrected = check(correctedForm(bug), options);
  return { faulty, corrected, deviations: [...faultyDeviations(bug, faulty), ...correctedDeviations(bug, corrected)] };
}
