// Every bug of the gallery: the variant breaks the named property in the recorded length, the corrected form is clean, the schedule replays on the steps themselves.

import { check } from '@virq/checker';
import { choiceOf, pidOf } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { examine, faultyForm } from './examine.ts';
import { BUGS } from './index.ts';

describe.each(BUGS.map((bug) => [bug.slug, bug] as const))('%s', (_slug, bug) => {
  it('is found as recorded, and its corrected form is clean', () => {
    expect(examine(bug).deviations).toEqual([]);
  });

  it('is shown by a schedule that the straight runner follows', () => {
    const [violation] = check(faultyForm(bug)).violations;
    const { processes } = faultyForm(bug)({ record: false });
    const steps = violation?.steps ?? [];
    const followed = steps.filter((step, i) => {
      const last = i === steps.length - 1;
      try {
        return processes.step(pidOf(step), choiceOf(step)) !== 'blocked';
      } catch {
        return last;
      }
    });
    expect(followed).toHaveLength(bug.expected.length);
  });
});
