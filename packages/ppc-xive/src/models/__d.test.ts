import { check } from '@virq/checker';
import { type Edits, omit } from '@virq/irq-core/protocol';
import { it } from 'vitest';
import { moveVcpu, xiveVpState } from './xive-vp-state.ts';
const explore = (f: any, scope: Readonly<Record<string, number>>, edits: Edits = [], o = {}) => {
  const model = f.build(scope);
  const t = performance.now();
  const r= check((o) => model.create({ ...o, edits }), o);
  console.log(r.verdict, r.bound, r.states, r.transitions, r.unreached, JSON.stringify(r.violations.map(v => ({p: v.property, m: v.message, n: v.steps.length}))), Math.round(performance.now() - t), r.verdict === 'ok' ? r.coverage.filter((l) => !l.reached).map(l => l.label).join(' | ') : '');
};
it('x', () => {
    const k: Edits = [[moveVcpu, omit(moveVcpu, 'mergeCppr', 'catchUp')]];
    explore(xiveVpState, {generation: 1});
    explore(xiveVpState, {generation: 2});
    explore(xiveVpState, {generation: 1}, k);
    explore(xiveVpState, {generation: 2}, k, {all: true});
    explore(xiveVpState, {generation: 2}, [[moveVcpu, omit(moveVcpu, 'mergeCppr')]], {all: true});
});
