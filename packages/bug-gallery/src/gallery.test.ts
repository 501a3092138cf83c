// Every bug of the gallery: the variant breaks the named property in the recorded length, the corrected form is clean, the schedule replays on the steps themselves.

import { check } from '@virq/checker';
import { choiceOf, pidOf } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { type Examination, examine, faultyForm } from './examine.ts';
import { BUGS } from './index.ts';

/** States up to which the two engines are compared. */
const FEW = 6000;

describe.each(BUGS.map((bug) => [bug.slug, bug] as const))('%s', (_slug, bug) => {
  let explored: Examination | undefined;
  /** Both forms are explored once for the tests of a bug. */
  const examined = (): Examination => {
    explored ??= examine(bug);
    return explored;
  };

  it('is found as recorded, and its corrected form is clean', () => {
    expect(examined().deviations).toEqual([]);
  });

  it('is shown by a schedule that the straight runner follows', () => {
    const [violation] = examined().faulty.violations;
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

it('F-65 the historical bugs of XIVE can be switched on, each as a variant of its corrected form', () => {
  const toggles = {
    'B-1': 'xive-zap-offset',
    'B-2': 'xive-mapping-release',
    'B-4': 'xive-queue-reset',
    'B-5': 'xive-pt-free-esb',
    'B-8': 'xive-escalation-twice',
    'B-9': 'xive-queue-leak',
  };
  const variants = new Map(BUGS.map(({ slug, variant }) => [slug, variant.length]));
  expect(Object.values(toggles).filter((slug) => (variants.get(slug) ?? 0) === 0)).toEqual([]);
});

describe.each(BUGS.map((bug) => [bug.slug, bug] as const))(
  '%s, by generated code and by the steps themselves',
  (_slug, bug) => {
    it.each([
      ['faulty', bug.variant],
      ['corrected', []],
    ] as const)(
      'the %s form is the same',
      (_form, edits) => {
        const model = bug.model.build(bug.scope);
        const explore = (engine: 'plain' | 'compiled') => {
          const o = { engine, reduce: false as const, all: true, maxStates: FEW };
          const r = check((x) => model.create({ ...x, edits }), o);
          const violations = r.violations.map((v) => [v.property, v.instance, v.message, v.steps.length]);
          return { ...r, violations: violations.sort(), bytesPerState: 0, depth: 0 };
        };
        const compiled = explore('compiled');
        // The plain engine keeps whole arenas: gigabytes for the larger machines. Random models and the smaller ones vouch for the agreement.
        if (compiled.bound === null) expect(compiled).toEqual(explore('plain'));
        else expect(compiled.states).toBeGreaterThanOrEqual(FEW);
      },
      120_000,
    );
  },
);
