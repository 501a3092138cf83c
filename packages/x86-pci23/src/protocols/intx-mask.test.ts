// One owner of the mask: clean in every size; two owners: both ways to go wrong.

import { check } from '@virq/checker';
import { replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { intxMask, writeCommand } from './index.ts';

describe('with bit 10 owned by the kernel', () => {
  it.each([0, 1].flatMap((shared) => [0, 1, 2].map((switches) => ({ shared, switches, assertions: 3, writes: 1 }))))(
    '%j is clean',
    (scope) => {
      const model = intxMask.build(scope);
      expect(check((o) => model.create(o))).toMatchObject({ verdict: 'ok', unreached: [] });
    },
  );
});

it('with bit 10 written by user space the device storms or stays mute', () => {
  const stale = replace(writeCommand, 'write', (m, f) => {
    m.device.disIntx = f.bit10;
  });
  const { violations } = check((o) => intxMask.build().create({ ...o, edits: [[writeCommand, stale]] }), { all: true });
  const found = violations.map((v) => v.property);
  expect(found).toContain('what KVM has masked stays masked');
  expect(found).toContain('no device asserts while its interrupt is masked');
});
