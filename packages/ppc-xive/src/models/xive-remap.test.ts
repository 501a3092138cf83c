import { check } from '@virq/checker';
import { type Edits, omit, reorder, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { esbFault } from '../protocols/esb-fault.ts';
import { clrPassthru, setPassthru } from '../protocols/passthru.ts';
import { clrPassthruNative, esbFaultNative, setPassthruNative } from './corrected.ts';
import { xiveRemap } from './xive-remap.ts';

const explore = (scope: Readonly<Record<string, number>>, edits: Edits = [], o = {}) => {
  const model = xiveRemap.build(scope);
  const t = performance.now();
  const r = check((o) => model.create({ ...o, edits }), o);
  console.log(
    r.verdict,
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

describe('xive-remap', () => {
  it('x', () => {
    explore({});
    explore({ vcpus: 2 });
    explore({}, [
      [setPassthruNative, setPassthru],
      [clrPassthruNative, clrPassthru],
      [esbFaultNative, esbFault],
    ]);
    explore(
      {},
      [
        [setPassthruNative, setPassthru],
        [clrPassthruNative, clrPassthru],
        [esbFaultNative, esbFault],
      ],
      { all: true },
    );
    explore({}, [[esbFaultNative, esbFault]]);
    expect(1).toBe(1);
  });
});
