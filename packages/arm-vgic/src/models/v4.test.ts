// GICv4 over the machine: every order of load, put, doorbell, forwarding and message.

import { check } from '@virq/checker';
import { type Edits, omit, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { vgicV4DoorbellHandler, vgicV4Put } from '../v4/residency.ts';
import { v4Doorbell } from './v4-doorbell.ts';

type Family = typeof v4Doorbell;

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
