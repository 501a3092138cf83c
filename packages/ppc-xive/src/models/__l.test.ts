import { check } from '@virq/checker';
import { type Edits, insert, omit, protocolsOn, replace } from '@virq/irq-core/protocol';
import { it } from 'vitest';
import { xiveRelease } from '../protocols/release.ts';
import { trace } from './__trace.ts';
import { createDevice, releaseParted, runVcpu, xiveLife } from './xive-life.ts';

const explore = (scope: Readonly<Record<string, number>>, edits: Edits = [], o = {}) => {
  const model = xiveLife.build(scope);
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
it('x', () => {
  explore({ lives: 1, runs: 1 });
  explore({ lives: 2, runs: 1 });
  explore({ lives: 2, runs: 1 }, [[releaseParted, xiveRelease]]);
});
