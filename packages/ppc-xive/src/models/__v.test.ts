import { check } from '@virq/checker';
import { type Edits, insert, omit, protocolsOn, replace } from '@virq/irq-core/protocol';
import { it } from 'vitest';
import { esbFault, esbFaultCorrected } from '../protocols/esb-fault.ts';
import { clrPassthru, setPassthru } from '../protocols/passthru.ts';
import { trace } from './__trace.ts';
import { clrPassthruNative, esbFaultNative, setPassthruNative } from './corrected.ts';
import { xiveRemap } from './xive-remap.ts';
import { xiveSharedSpace, xiveVma } from './xive-vma.ts';

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
it('x', () => {
  explore(xiveVma, {});
  explore(xiveVma, {}, [[esbFaultNative, esbFaultCorrected]]);
  explore(xiveVma, {}, [[esbFaultNative, esbFaultCorrected]], { all: true });
  explore(xiveSharedSpace, { shared: 0 });
  explore(xiveSharedSpace, { shared: 1 });
  explore(xiveRemap, {});
  explore(xiveRemap, { vcpus: 2, touches: 1 });
  explore(xiveRemap, { vcpus: 0 }, [[setPassthruNative, setPassthru]]);
});
