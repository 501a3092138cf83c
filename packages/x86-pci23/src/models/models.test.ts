// The models: clean in every size, two owners of bit 10 go wrong both ways, and what is left out of the switch is noticed.

import { check } from '@virq/checker';
import { mutantsOf } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { intxMask, intxShareSwitch, switchMasking, writeCommand, writeCommandBySysfs } from '../protocols/index.ts';

describe('one owner of the mask', () => {
  it.each([
    { pci23: 1 },
    { pci23: 0 },
    { assertions: 2, masks: 0, writes: 1 },
    { assertions: 2, pci23: 0, masks: 0 },
    { flag: 0 },
  ])('intx-mask %j is clean', (scope) => {
    const model = intxMask.build(scope);
    expect(check((o) => model.create(o))).toMatchObject({ verdict: 'ok', unreached: [] });
  });

  it.each([{ turns: 1 }, { turns: 2 }, { on_demand: 0, neighbour: 1, turns: 1 }])(
    'intx-share-switch %j is clean',
    (scope) => {
      const model = intxShareSwitch.build(scope);
      expect(check((o) => model.create(o))).toMatchObject({ verdict: 'ok', unreached: [] });
    },
    60_000,
  );
});

it('PCI-08 with bit 10 written by user space the device storms or stays mute', () => {
  const model = intxMask.build({ assertions: 2, masks: 0, writes: 1 });
  const { violations } = check((o) => model.create({ ...o, edits: [[writeCommand, writeCommandBySysfs]] }), {
    all: true,
  });
  const found = violations.map((v) => v.property);
  expect(found).toContain('what KVM has masked stays masked');
  expect(found).toContain('every assertion is heard');
});

/** Under intx_lock nobody looks at where the mask is recorded to be. */
const HARMLESS = ["kvm_assigned_dev_sharing: 'turn' before 'dropOld'"];

it('PCI-07 every step of the switch is needed', () => {
  const model = intxShareSwitch.build({ turns: 1 });
  const survivors = mutantsOf([switchMasking as never]).filter(({ edits }) => {
    const r = check((o) => model.create({ ...o, edits }));
    return r.verdict === 'ok' && r.unreached.length === 0;
  });
  expect(survivors.map((s) => s.name)).toEqual(HARMLESS);
}, 120_000);
