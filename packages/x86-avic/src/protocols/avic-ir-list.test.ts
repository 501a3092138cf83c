// AVIC lists: proved in every size that is quick, and the one window that the corrected order leaves.

import { check } from '@virq/checker';
import { propertiesOn, type System } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { type AvicLists, avicEmbeddedNode, avicIrList, namesRunner } from './index.ts';

describe('avic-ir-list', () => {
  it.each([
    [1, 1, 860],
    [1, 2, 2976],
    [2, 1, 5968],
    [3, 1, 60_768],
  ])('%i vCPUs and %i IRTEs are clean', (vcpus, irtes, states) => {
    const model = avicIrList.build({ vcpus, irtes });
    const r = check((o) => model.create(o));
    expect([r.verdict, r.unreached, r.states]).toEqual(['ok', [], states]);
  });

  // Between leaving the old list and being programmed anew the IRTE is on no list. A vCPU that is put then leaves IsRun set behind it: an interrupt
  // posted in that moment rings a doorbell where the vCPU no longer runs, and writes nothing to the GA log that would wake it. The update that
  // follows points the IRTE elsewhere, so the property of the model is asked only while nobody is changing routes. What is lost, avic-post shows.
  it('an IRTE on its way between two lists may name a pCPU that its vCPU has left', () => {
    const { always } = propertiesOn<AvicLists>();
    const strict = always('an IRTE that says running names the pCPU of its vCPU at every moment', namesRunner);
    const make = (o: { readonly record: boolean }): System => ({
      ...avicIrList.build().create(o),
      properties: [strict as never],
    });
    const [violation] = check(make).violations;
    expect([violation?.property, violation?.steps.length]).toEqual([strict.name, 25]);
  });
});

it('embedded nodes move between three lists', () => {
  const model = avicEmbeddedNode.build({ vcpus: 3, irtes: 2 });
  expect(check((o) => model.create(o))).toMatchObject({ verdict: 'ok', states: 16_544 });
});
