import { check } from '@virq/checker';
import { type Edits, omit, reorder, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { clrPassthru, clrPassthruCorrected, setPassthru, setPassthruCorrected } from '../protocols/passthru.ts';
import { clrPassthruNative, setPassthruNative } from './corrected.ts';
import { xiveVectors } from './xive-vectors.ts';

const explore = (scope: Readonly<Record<string, number>>, edits: Edits = [], o = {}) => {
  const model = xiveVectors.build(scope);
  const t = performance.now();
  const r = check((o) => model.create({ ...o, edits }), o);
  console.log(
    r.verdict,
    r.bound,
    r.states,
    r.transitions,
    r.unreached,
    JSON.stringify(r.violations.map((v) => ({ p: v.property, m: v.message, n: v.steps.length }))),
    Math.round(performance.now() - t),
    r.verdict === 'ok'
      ? r.coverage
          .filter((l) => !l.reached)
          .map((l) => l.label)
          .join(' | ')
      : '',
  );
};

describe('xive-vectors', () => {
  it('x', () => {
    const kernel: Edits = [
      [setPassthruNative, setPassthruCorrected],
      [clrPassthruNative, clrPassthruCorrected],
    ];
    explore({ order: 0, cycles: 0 });
    explore({ order: 1, cycles: 0 });
    explore({ order: 1, cycles: 1 });
    const noq: Edits = [
      [
        setPassthruNative,
        replace(
          setPassthruNative,
          'map.enable',
          replace(setPassthruCorrected, 'map.settle' in {} ? '' : 'settle', () => undefined).steps[
            setPassthruCorrected.labels.indexOf('map.enable')
          ]!,
        ),
      ],
    ];
    explore({ order: 1, cycles: 1 }, noq);
    explore({ order: 0, cycles: 1, messages: 3 });
    const labels = clrPassthruNative.labels;
    const fourth: Edits = [
      [
        clrPassthruNative,
        reorder(
          clrPassthruNative,
          ...clrPassthruCorrected.labels.filter((l) => labels.includes(l)).filter((l) => l.startsWith('unmap.')),
        ),
      ],
    ];
    explore({ order: 0, cycles: 1 }, fourth);
    explore({ order: 0, cycles: 0 }, kernel);
    explore({ order: 1, cycles: 0 }, kernel);
    explore({ order: 0, cycles: 1 }, kernel, { all: true });
    expect(1).toBe(1);
  });
});
