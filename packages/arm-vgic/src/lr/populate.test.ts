// Interrupts in every state go into list registers and come back.

import { describe, expect, it } from 'vitest';
import { smallVgic } from '../lists/__fixtures__/vgic.ts';
import { encodeV2, encodeV3, LR_STATE } from './format.ts';
import { LR_FORMS } from './forms.ts';
import { clearLr, populateLr } from './populate.ts';

const wordOf = (l: Parameters<typeof encodeV3>[0]): string => {
  const { lo, hi } = encodeV3(l);
  return ((BigInt(hi) << 32n) | BigInt(lo)).toString(16);
};

const KERNELS = ['6.1', '7.3'] as const;
const level = { config: 1, lineLevel: 1 };

describe.each(KERNELS)('F27 populate, Linux %s', (kernel) => {
  it.each([
    ['level, pending', 40, level, '50a0020000000028', { lineLevel: 1 }],
    ['level, active and pending shows active only', 40, { ...level, active: 1 }, '90a0020000000028', { lineLevel: 1 }],
    ['level, latched', 40, { config: 1, pendingLatch: 1 }, '50a0020000000028', { pendingLatch: 1 }],
    ['edge, pending', 40, { pendingLatch: 1 }, '50a0000000000028', { pendingLatch: 0 }],
    ['edge, active and pending', 40, { pendingLatch: 1, active: 1 }, 'd0a0000000000028', { pendingLatch: 0 }],
    ['group 0, other priority', 40, { pendingLatch: 1, group: 0, priority: 8 }, '4008000000000028', {}],
    ['F34 hardware PPI', 27, { ...level, hw: 1, hostIrq: 27 }, '70a0001b0000001b', { lineLevel: 0 }],
    ['F34 hardware PPI, active', 27, { ...level, hw: 1, hostIrq: 27, active: 1 }, 'b0a0001b0000001b', { lineLevel: 1 }],
    [
      'F35 hardware PPI that software resamples',
      27,
      { ...level, hw: 1, hostIrq: 27, softwareResample: 1 },
      '50a002000000001b',
      { lineLevel: 0 },
    ],
  ] as const)('%s', (_name, intid, state, word, left) => {
    const { w, irq, cpu } = smallVgic({ kernel });
    const lr = cpu().lrs.at(0);
    const i = Object.assign(irq(intid), state);
    populateLr(i, lr, false, w.form);
    expect(wordOf(lr)).toBe(word);
    expect(i).toMatchObject({ ...left, onLr: 1 });
    clearLr(lr);
    expect(wordOf(lr)).toBe('0');
  });

  it.each([
    ['two senders', { source: 0b1010, pendingLatch: 1 }, 0x5a080401, 0b1000, 1],
    ['the last sender', { source: 0b1000, pendingLatch: 1 }, 0x5a000c01, 0, 0],
    ['one is served, another waits', { source: 0b1000, pendingLatch: 1, active: 1, activeSource: 1 }, 0x6a080401, 8, 1],
  ] as const)('F26 F27 v2 SGI: %s', (_name, state, word, source, pendingLatch) => {
    const { w, irq, cpu } = smallVgic({ kernel, v2: true });
    const lr = cpu().lrs.at(0);
    const i = Object.assign(irq(1), state);
    populateLr(i, lr, true, w.form);
    expect(encodeV2(lr) >>> 0).toBe(word);
    expect(i).toMatchObject({ source, pendingLatch });
  });
});

it('F27 v2 SGI without a sender: 6.1 leaves the LR and loses it, 7.3 empties the LR and keeps it', () => {
  const after = KERNELS.map((kernel) => {
    const { irq, cpu } = smallVgic({ kernel, v2: true });
    const lr = Object.assign(cpu().lrs.at(0), { intid: 40, state: LR_STATE.ACTIVE });
    const i = Object.assign(irq(1), { pendingLatch: 1 });
    populateLr(i, lr, true, LR_FORMS[kernel]);
    return [lr.intid, lr.state, i.pendingLatch];
  });
  expect(after).toEqual([
    [40, LR_STATE.ACTIVE, 0],
    [0, LR_STATE.INVALID, 1],
  ]);
});
