// The models: clean in every size, two owners of bit 10 go wrong both ways, and what is left out of the switch is noticed.

import { check } from '@virq/checker';
import { type Model, mutantsOf } from '@virq/irq-core/protocol';
import { vfioIntxEnable as enable } from '@virq/irq-core/vfio';
import { describe, expect, it } from 'vitest';
import {
  intxMask,
  intxShareSwitch,
  kvmAssignedDevAckIrq,
  kvmAssignedDevThreadIntx,
  switchMasking,
  vfioIntxEnable,
  writeCommand,
  writeCommandBySysfs,
} from '../protocols/index.ts';

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

it.each([{ assertions: 1 }, { assertions: 2 }])('vfio-intx-enable %j is clean', (scope) => {
  const model = vfioIntxEnable.build(scope);
  expect(check((o) => model.create(o))).toMatchObject({ verdict: 'ok', unreached: [] });
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

/** Faults planted into protocols that the properties of a model do not notice. */
function survivors(model: Model, protocols: readonly object[]): string[] {
  return mutantsOf(protocols as never)
    .filter(({ edits }) => {
      const r = check((o) => model.create({ ...o, edits }), { maxStates: 30_000 });
      return r.verdict === 'ok' && r.unreached.length === 0;
    })
    .map((mutant) => mutant.name);
}

describe('every step is needed', () => {
  it('PCI-07 of the switch; under intx_lock nobody looks at where the mask is recorded to be', () => {
    const model = intxShareSwitch.build({ turns: 1 });
    expect(survivors(model, [switchMasking])).toEqual(["kvm_assigned_dev_sharing: 'turn' before 'dropOld'"]);
  }, 120_000);

  it('of the acknowledgement; its inner section is one step', () => {
    const model = intxMask.build({ assertions: 2 });
    expect(survivors(model, [kvmAssignedDevAckIrq])).toEqual(["kvm_assigned_dev_ack_irq without 'lock intx'"]);
  }, 120_000);

  it('of the thread; its section is one step', () => {
    const model = intxMask.build({ assertions: 2, masks: 0 });
    expect(survivors(model, [kvmAssignedDevThreadIntx])).toEqual([
      "kvm_assigned_dev_thread_intx without 'lock intx_mask'",
    ]);
  }, 120_000);

  it("of VFIO's set-up; a line that is requested disabled may be requested first", () => {
    const model = vfioIntxEnable.build({ assertions: 1 });
    expect(survivors(model, [enable])).toEqual(["vfio_intx_enable: 'request' before 'prepare'"]);
  }, 120_000);
});
