// The queue and prune protocols in every interleaving, and each property broken by a fault.

import { check } from '@virq/checker';
import { type Edits, omit, replace } from '@virq/irq-core/protocol';
import { expect, it } from 'vitest';
import { apListFamily, runVcpu } from './__fixtures__/ap-list-model.ts';
import { vgicInjectIrq } from './queue.ts';

const [ONCE, LEFT] = [
  'an interrupt is on the list of the vCPU that it names, once, and on no other',
  'no edge is left undelivered',
];

const run = (edits: Edits = []) => {
  const model = apListFamily.build({ edges: 2 });
  return check((o) => model.create({ ...o, edits }));
};

it('F05 F06 two edges and a new route: each is delivered, on one list at a time', () => {
  const r = run();
  expect([r.verdict, r.violations[0]?.property, r.unreached]).toEqual(['ok', undefined, []]);
}, 60_000);

it.each<[string, Edits, string]>([
  ['the oracle is not asked again under both locks', [[vgicInjectIrq, omit(vgicInjectIrq, 'revalidate')]], ONCE],
  ['nobody is kicked', [[vgicInjectIrq, replace(vgicInjectIrq, 'kick', () => undefined)]], LEFT],
  [
    'who is given the interrupt is not kicked',
    [[runVcpu, replace(runVcpu, 'prune.release', () => 'prune.lock ap')]],
    LEFT,
  ],
])(
  'F05 F06 fault: %s',
  (_name, edits, property) => {
    expect(run(edits).violations[0]?.property).toBe(property);
  },
  60_000,
);
