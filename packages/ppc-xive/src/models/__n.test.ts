import { check } from '@virq/checker';
import { type Edits, omit, replace } from '@virq/irq-core/protocol';
import { it } from 'vitest';
import { clrPassthruNative, esbFaultNative, setPassthruNative } from './corrected.ts';
import { xiveRemap } from './xive-remap.ts';

const nothing = () => undefined;
const unlocked = replace(replace(esbFaultNative, 'lock mapping', nothing), 'unlock mapping', nothing);
it('x', () => {
  console.log([setPassthruNative, esbFaultNative, clrPassthruNative].map((p) => p.labels.length));
  for (const scope of [
    { vcpus: 1, touches: 1 },
    { vcpus: 2, touches: 1 },
  ])
    for (const reduce of [
      false,
      { symmetry: false, deadLocals: false },
      { partialOrder: false, deadLocals: false },
      {},
      { partialOrder: false, symmetry: false },
    ] as any[]) {
      const model = xiveRemap.build(scope);
      const t = performance.now();
      const r = check((o) => model.create({ ...o }), { reduce, survey: 1 });
      console.log(
        JSON.stringify(scope),
        JSON.stringify(reduce),
        r.verdict,
        r.states,
        r.transitions,
        r.terminal,
        r.depth,
        Math.round(performance.now() - t),
      );
    }
  for (const all of [false, true]) {
    const model = xiveRemap.build({ vcpus: 1, touches: 1 });
    const r = check((o) => model.create({ ...o, edits: [[esbFaultNative, unlocked]] }), { reduce: false, all });
    console.log(
      all,
      r.states,
      r.violations.map((v) => [v.property, v.steps.length]),
    );
  }
}, 600000);
