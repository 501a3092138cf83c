// GICv4 over the machine: every order of load, put, doorbell, forwarding and message.

import { check } from '@virq/checker';
import { type Edits, type ModelFamily, omit, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { vgicV4DoorbellHandler, vgicV4Put } from '../v4/residency.ts';
import { setForwarding, setForwardingUnlocked } from '../v4/set-forwarding.ts';
import { unsetForwarding } from '../v4/unset-forwarding.ts';
import { v4Doorbell } from './v4-doorbell.ts';
import { v4Forward, v4Unforward } from './v4-forward.ts';

type Family = ModelFamily;

const run = (family: Family, scope: Readonly<Record<string, number>> = {}, edits: Edits = []) => {
  const model = family.build(scope);
  return check((o) => model.create({ ...o, edits }));
};
const broken = (family: Family, edits: Edits, scope: Readonly<Record<string, number>> = {}): string | undefined =>
  run(family, scope, edits).violations[0]?.property;

describe('v4-doorbell', () => {
  it.each([{ v41: 0 }, { v41: 1 }, { v41: 1, messages: 2 }])('F-57 %o: clean', (scope) => {
    const r = run(v4Doorbell, scope);
    expect([r.verdict, r.violations.map((v) => v.property), r.unreached]).toEqual(['ok', [], []]);
  });

  const SLEEPS = 'no vCPU sleeps on a pending vLPI';
  const unlocked = omit(vgicV4Put, 'lock desc', 'unlock desc', 'lock vpe', 'unlock vpe');
  const faults: readonly (readonly [string, number, Edits])[] = [
    ['A-V41-DOORBELL PendingLast is kept without any lock', 1, [[vgicV4Put, unlocked]]],
    [
      'PendingLast is not kept',
      1,
      [[vgicV4Put, replace(vgicV4Put, 'storeLocked', (_m, f) => void Object.assign(f, { stored: 1 }))]],
    ],
    ['PendingLast is not kept (GICv4.0)', 0, [[vgicV4Put, omit(vgicV4Put, 'storeLast')]]],
    ['the doorbell stays masked', 0, [[vgicV4Put, omit(vgicV4Put, 'enableDoorbell')]]],
    [
      'the doorbell kicks nobody',
      1,
      [[vgicV4DoorbellHandler, replace(vgicV4DoorbellHandler, 'kick', () => undefined)]],
    ],
    ['the doorbell notes nothing', 1, [[vgicV4DoorbellHandler, omit(vgicV4DoorbellHandler, 'notePending')]]],
  ];
  it.each(faults)('F-57 %s', (_name, v41, edits) => expect(broken(v4Doorbell, edits, { v41 })).toBe(SLEEPS));

  it('F-57 the lock of the descriptor alone closes A-V41-DOORBELL as well: the flow handler of the doorbell takes it', () => {
    const edits: Edits = [[vgicV4Put, omit(vgicV4Put, 'lock vpe', 'unlock vpe')]];
    expect(broken(v4Doorbell, edits, { v41: 1, messages: 2 })).toBeUndefined();
  });
});

describe('v4-forward', () => {
  it.each([{}, { form: 1, kernel: 1 }, { form: 1, kernel: 0 }, { form: 2 }, { form: 2, software: 1 }])(
    'F-57 T83 %o: clean',
    (scope) => {
      const r = run(v4Forward, scope);
      expect([r.verdict, r.violations.map((v) => v.property), r.unreached]).toEqual(['ok', [], []]);
    },
  );

  const TIED = 'no list register ties a vLPI to a physical interrupt';
  it.each([
    ['7.3', { form: 0 }],
    ['6.12', { form: 1, kernel: 1 }],
    ['6.1', { form: 1, kernel: 0 }],
  ] as const)('F-57 K8 %s as it is: a message of the VMM meets the cached translation of a vLPI', (_kernel, scope) =>
    expect(broken(v4Forward, [], { ...scope, messages: 1, software: 1 })).toBe(TIED),
  );

  const faults: readonly (readonly [string, string, Edits, Readonly<Record<string, number>>])[] = [
    ['the pending state does not move', TIED, [[setForwarding, omit(setForwarding, 'transfer')]], {}],
    ['the event is not mapped', 'the LPI is forwarded', [[setForwarding, omit(setForwarding, 'map')]], { messages: 0 }],
    [
      'the pending state does not move (6.12)',
      TIED,
      [[setForwardingUnlocked, omit(setForwardingUnlocked, 'transfer')]],
      { form: 1, kernel: 1 },
    ],
  ];
  it.each(faults)('F-57 T83 %s', (_name, property, edits, scope) =>
    expect(broken(v4Forward, edits, scope)).toBe(property),
  );
});

describe('v4-unforward', () => {
  it.each([{ form: 2 }, { form: 2, messages: 3 }, { form: 0, off: 1 }, { form: 2, off: 1 }])(
    'F-57 %o: clean',
    (scope) => {
      const r = run(v4Unforward, scope);
      expect([r.verdict, r.violations.map((v) => v.property), r.unreached]).toEqual(['ok', [], []]);
    },
  );

  it.each([
    ['7.3', {}],
    ['6.12', { form: 1, kernel: 1 }],
  ] as const)('F-57 K9 %s as it is: what is pending in hardware is lost', (_kernel, scope) =>
    expect(broken(v4Unforward, [], { ...scope, messages: 1 })).toBe('a message that was sent is taken'),
  );

  const HOSTS = "an event that is no longer forwarded is the host's";
  it('F-57 A-VLPI-UNSET 6.12: with LPIs off the path through the route finds nothing, and the event stays forwarded', () =>
    expect(broken(v4Unforward, [], { form: 1, kernel: 1, off: 1 })).toBe(HOSTS));

  it('F-57 the event is not unmapped', () =>
    expect(broken(v4Unforward, [[unsetForwarding, omit(unsetForwarding, 'unmap')]], { off: 1 })).toBe(HOSTS));
});
