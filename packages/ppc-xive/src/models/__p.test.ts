import { check } from '@virq/checker';
import { type Edits, insert, omit, protocolsOn, replace } from '@virq/irq-core/protocol';
import { it } from 'vitest';
import { clrPassthru, clrPassthruCorrected, setPassthru, setPassthruCorrected } from '../protocols/passthru.ts';
import { trace } from './__trace.ts';
import { clrPassthruNative, setPassthruNative } from './corrected.ts';
import { clrPassthruRefused, clrPassthruRefusedKernel, xiveGiveBack } from './xive-give-back.ts';
import { xivePhantom } from './xive-phantom.ts';

const explore = (f: any, scope: Readonly<Record<string, number>>, edits: Edits = [], o = {}) => {
  const model = f.build(scope);
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
const stepOf = (p: any, label: string) => p.steps[p.labels.indexOf(label)];
it('x', () => {
  explore(xivePhantom, {});
  explore(xivePhantom, {}, [
    [setPassthruNative, replace(setPassthruNative, 'settle', stepOf(setPassthru, 'settle'))],
    [clrPassthruNative, clrPassthruCorrected],
  ]);
  explore(xiveGiveBack, {});
  explore(xiveGiveBack, {}, [[clrPassthruRefused, clrPassthruRefusedKernel]]);
});
