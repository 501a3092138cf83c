// Every bug of the gallery: the variant breaks the named property in the recorded length, the corrected form is clean, the schedule replays.

import { check } from '@virq/checker';
import type { Model } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { BUGS } from './index.ts';

describe.each(BUGS.map((bug) => [bug.slug, bug] as const))('%s', (_slug, bug) => {
  const build = (scope = bug.scope): Model => bug.model.build(scope);

  it('the variant violates the property, as short as recorded', () => {
    const r = check((o) => build().create({ ...o, edits: bug.variant }));
    const [v] = r.violations;
    expect([r.verdict, v?.property, v?.steps.length, v?.message]).toEqual([
      'violated',
      bug.expected.property,
      bug.expected.length,
      v?.message,
    ]);
  });

  it('the corrected form is clean, reaches every witness, and runs every label', () => {
    const r = check((o) => build(bug.proof ?? bug.scope).create(o));
    expect([r.violations, r.verdict, r.bound, r.unreached]).toEqual([[], 'ok', null, []]);
    expect(r.coverage.filter((l) => !l.reached)).toEqual([]);
  });
});
