// Counterexamples: replayed, minimised, explained, saved, each against a model small enough to know the answer.

import { levelStates, setLevel } from '@virq/irq-core/models';
import { omit, parseSchedule } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { check, type Violation } from '../index.ts';
import { contextSwitches, explain, minimise, parseCounterexample, replaySteps, saveCounterexample } from './index.ts';

const edits = [[setLevel, omit(setLevel, 'lock chip', 'unlock chip')]] as const;
const make = ({ record }: { readonly record: boolean }) => levelStates.build({ raising: 2 }).create({ record, edits });
const found = check(make).violations[0] as Violation;
const origin = { kind: 'model', name: 'level-states', variant: 'level-states', scope: { raising: 2 } } as const;
const along = (schedule: string): Violation => ({ ...found, steps: parseSchedule(schedule) });

describe('a schedule', () => {
  it('is followed step by step, with what each one changed', () => {
    const { steps, broken } = replaySteps(make({ record: false }), along('s1.0*2.1*3.2*3.0'));
    expect(broken).toBe('the pin is the OR of its sources');
    expect(steps.map((s) => `${s.pid} ${s.label}`).slice(0, 6)).toEqual([
      ...['0 keepLevel', '0 combine', '1 keepLevel', '1 combine', '1 drivePin', '2 keepLevel'],
    ]);
    expect(steps[0]).toMatchObject({
      changes: [{ path: 'gsi.sources', before: [0], after: [] }],
      locals: [],
      ended: false,
    });
    expect(steps[3]).toMatchObject({ changes: [], locals: [{ path: 'or', before: 0, after: 1 }] });
    expect(steps[4]).toMatchObject({ ended: true, error: null, choice: null });
  });

  it('that breaks nothing says so', () => {
    expect(replaySteps(make({ record: false }), along('s1.0*3')).broken).toBeNull();
  });

  it.each([
    ['a process that is not there', 's1.9', 'step 1 of the schedule: process 9 is not there'],
    ['a process that has ended', 's1.0*4', 'step 4 of the schedule: process 0 is not there'],
  ])('with %s is refused with the step', (_name, schedule, message) => {
    expect(() => replaySteps(make({ record: false }), along(schedule))).toThrow(message);
  });
});

describe('minimise', () => {
  it('leaves out steps that are not needed and switches as little as it can', () => {
    const long = along('s1.0*2.1.2.1.2.1.2.0');
    expect(replaySteps(make({ record: false }), long).broken).not.toBeNull();
    const { steps } = minimise(make, long);
    expect([steps.length, contextSwitches(steps)]).toEqual([9, 3]);
    expect(replaySteps(make({ record: false }), { ...found, steps }).broken).not.toBeNull();
  });

  it('gives back what cannot be improved, and what breaks nothing', () => {
    const least = minimise(make, found);
    expect(minimise(make, least)).toEqual(least);
    expect(minimise(make, along('s1.0*3'))).toEqual(along('s1.0*3'));
  });
});

it('is explained in words: who, what changed, what is broken, how to see it again', () => {
  const violation = along('s1.0*2.1*3.2*3.0');
  const text = explain(violation, replaySteps(make({ record: false }), violation)).join('\n');
  expect(text).toContain(
    'process 0  kvm_set_irq level\n  1  keepLevel  gsi.sources: {0} → {}\n  2  combine\nprocess 1',
  );
  expect(text).toContain('✗ the pin is the OR of its sources\n  seen as: a device asserts its line');
  expect(text).toContain('9 steps · schedule s1.0*2.1*3.2*3.0');
});

describe('a saved counterexample', () => {
  const text = saveCounterexample({ origin, violation: found }, replaySteps(make({ record: false }), found));

  it('comes back as it was', () => {
    expect(parseCounterexample(text)).toEqual({ origin, violation: found });
  });

  it.each([
    ['text that is no JSON', text.slice(0, 40), /^\d+:\d+: no JSON/, 'VIRQ-K001'],
    ['another kind of file', '{"virq":"snapshot/1"}', /^1:1: no counterexample/, 'VIRQ-K002'],
    ['a list', '[]', /^1:1: no counterexample/, 'VIRQ-K002'],
    ['a wrong value', text.replace('"instance": 0', '"instance": -1'), /^\d+:3: instance has a value/, 'VIRQ-K002'],
    ['a wrong origin', text.replace('"kind": "model"', '"kind": "x"'), /origin\.kind has a value/, 'VIRQ-K002'],
    ['a cycle behind the end', text.replace('"cycleFrom": null', '"cycleFrom": 99'), /cycleFrom/, 'VIRQ-K002'],
    ['no schedule', text.replace(/"schedule": "s1/, '"schedule": "x1'), /is no schedule/, 'VIRQ-P001'],
  ])('%s is refused', (_name, bad, message, code) => {
    expect(() => parseCounterexample(bad)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
