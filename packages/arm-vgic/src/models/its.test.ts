// Races around ITSs and LPIs: each family is clean, and each of its properties is broken by a fault.

import { check } from '@virq/checker';
import { type Edits, type ModelFamily, omit, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { itsUnmap } from './its-unmap.ts';

const explore = (family: ModelFamily, scope: Readonly<Record<string, number>> = {}, edits: Edits = []) => {
  const model = family.build(scope);
  return check((o) => model.create({ ...o, edits }), { maxStates: 400_000 });
};

describe('its-unmap', () => {
  it('is clean', () => {
    const r = explore(itsUnmap, {});
    console.log(r.states, r.verdict, r.bound, r.violations[0]?.property, r.violations[0]?.message, r.unreached);
    expect([r.verdict, r.unreached]).toEqual(['ok', []]);
  }, 60_000);
});
