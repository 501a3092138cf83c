// AVIC's lists: proved in every size that is quick, and what the forms before 6.17 do.

import { check } from '@virq/checker';
import { type Edits, omit, propertiesOn, type System } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { avicPiUpdateIrte, avicUpdatePiIrteReview, avicUpdatePiIrteWrapper, svmVcpuPut } from '../protocols/index.ts';
import { avicIrList, namesRunner, type X86Machine } from './index.ts';

function found(edits: Edits): [string | undefined, number | undefined] {
  const model = avicIrList.build();
  const [violation] = check((o) => model.create({ ...o, edits })).violations;
  return [violation?.property, violation?.steps.length];
}

describe('avic-ir-list', () => {
  it.each([
    [{ vcpus: 1, irtes: 1 }],
    [{ vcpus: 1, irtes: 2 }],
    [{ vcpus: 2, irtes: 1 }],
    [{ vcpus: 3, cpus: 2, irtes: 1 }],
  ])('X86-36 %o is clean', (scope) => {
    const model = avicIrList.build(scope);
    const r = check((o) => model.create(o));
    expect([r.verdict, r.unreached, r.coverage.filter((l) => !l.reached)]).toEqual(['ok', [], []]);
  });

  // Between leaving the old list and being programmed anew the IRTE is on no list; the property of the model is asked only while nobody changes routes.
  // What is lost meanwhile, avic-post shows.
  it('an IRTE on its way between two lists may name a CPU that its vCPU has left', () => {
    const { always } = propertiesOn<X86Machine>();
    const strict = always('an IRTE that says running names the CPU of its vCPU at every moment', namesRunner);
    const make = (o: { readonly record: boolean }): System => ({
      ...avicIrList.build().create(o),
      properties: [strict as never],
    });
    expect(check(make).violations[0]?.property).toBe(strict.name);
  });

  it('put does not tell the IOMMU', () => {
    expect(found([[svmVcpuPut, omit(svmVcpuPut, 'avic.tellIommuOut')]])[0]).toBe(
      'an IRTE that says running names the CPU of its vCPU',
    );
  });

  it('X86-35 the form reviewed in 2016 leaves the IRTE on the old list', () => {
    expect(found([[avicPiUpdateIrte, avicUpdatePiIrteReview]])).toEqual([
      'an IRTE is on the list of the vCPU it names, and on no other',
      19,
    ]);
  });

  it('X86-35 the form of 4.9 writes the entry while the old vCPU can still rewrite it', () => {
    expect(found([[avicPiUpdateIrte, avicUpdatePiIrteWrapper]])).toEqual([
      'an IRTE that says running names the CPU of its vCPU',
      33,
    ]);
  });
});
