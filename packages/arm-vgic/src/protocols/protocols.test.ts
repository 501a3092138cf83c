// The Arm protocols are clean in every size they come in.

import { check } from '@virq/checker';
import { expect, it } from 'vitest';
import { gicv4Doorbell, lpiMigrateDisable, lpiReregister, vfioAutomask } from './index.ts';

it.each([
  ['gicv4-doorbell', gicv4Doorbell, {}],
  ['lpi-migrate-disable', lpiMigrateDisable, {}],
  ['lpi-reregister', lpiReregister, {}],
  ['vfio-automask', vfioAutomask, { assertions: 1, kills: 0 }],
  ['vfio-automask', vfioAutomask, { assertions: 3, kills: 0 }],
  ['vfio-automask', vfioAutomask, { assertions: 3, kills: 1 }],
] as const)('%s %#', (_name, family, scope) => {
  const model = family.build(scope);
  const r = check((o) => model.create(o), { reduce: false });
  expect([r.verdict, r.unreached, r.coverage.filter((l) => !l.reached)]).toEqual(['ok', [], []]);
});
