// List registers as a guest leaves them go back into their interrupts.

import { describe, expect, it } from 'vitest';
import { smallVgic } from '../lists/__fixtures__/vgic.ts';
import { foldLr } from './fold.ts';
import { LR_STATE } from './format.ts';
import { LR_FORMS } from './forms.ts';

const { INVALID, PENDING, ACTIVE, ACTIVE_PENDING } = LR_STATE;
const edge = { config: 0 };
const level = { config: 1 };

describe('F27 fold', () => {
  it.each([
    ['edge, not taken', edge, PENDING, { pendingLatch: 1, active: 0 }, false],
    ['edge, taken', edge, ACTIVE, { pendingLatch: 0, active: 1 }, false],
    ['edge, taken, another came', edge, ACTIVE_PENDING, { pendingLatch: 1, active: 1 }, false],
    ['edge, ended', { ...edge, active: 1 }, INVALID, { pendingLatch: 0, active: 0 }, true],
    ['level, not taken: the latch stays', { ...level, pendingLatch: 1 }, PENDING, { pendingLatch: 1 }, false],
    ['level, taken: the latch stays', { ...level, pendingLatch: 1 }, ACTIVE, { pendingLatch: 1, active: 1 }, false],
    [
      'N1 level, ended: a latch set meanwhile is lost, the line is not',
      { ...level, pendingLatch: 1, lineLevel: 1, active: 1 },
      INVALID,
      { pendingLatch: 0, lineLevel: 1, active: 0 },
      true,
    ],
  ] as const)('%s', (_name, before, state, after, deactivated) => {
    const { w, irq, cpu } = smallVgic();
    const lr = Object.assign(cpu().lrs.at(0), { intid: 40, state });
    const i = Object.assign(irq(40), before, { onLr: 1 });
    expect(foldLr(i, lr, w)).toBe(deactivated);
    expect(i).toMatchObject({ ...after, onLr: 0 });
  });

  it.each([
    ['not taken: sender is put back', PENDING, { source: 0b100, pendingLatch: 1, active: 0, activeSource: 0 }],
    ['taken', ACTIVE, { source: 0, pendingLatch: 0, active: 1, activeSource: 2 }],
  ] as const)('F08 v2 SGI, %s', (_name, state, after) => {
    const { w, irq, cpu } = smallVgic({ v2: true });
    const i = irq(1);
    foldLr(i, Object.assign(cpu().lrs.at(0), { intid: 1, source: 2, state }), w);
    expect(i).toMatchObject(after);
  });

  it.each([
    ['6.1', 1],
    ['7.3', 0],
  ] as const)('Linux %s: the active state of an LPI is kept or dropped', (kernel, active) => {
    const { w, irq, cpu } = smallVgic();
    const i = Object.assign(irq(40), { intid: 8192 });
    const lr = Object.assign(cpu().lrs.at(0), { intid: 8192, state: ACTIVE });
    foldLr(i, lr, { ...w, form: LR_FORMS[kernel] });
    expect(i.active).toBe(active);
  });
});

describe('F36 a mapped level interrupt is sampled again', () => {
  const mapped = { config: 1, hw: 1, hostIrq: 91 };
  const soft = { ...mapped, softwareResample: 1 };
  it.each([
    ['not taken, line low', mapped, PENDING, [], 0, ['clear active 91']],
    ['not taken, line high', mapped, PENDING, [91], 1, []],
    ['ended, line had risen and is low', { ...mapped, active: 1, lineLevel: 1 }, INVALID, [], 0, ['clear active 91']],
    ['ended, line had not risen', { ...mapped, active: 1 }, INVALID, [91], 0, []],
    ['taken', mapped, ACTIVE, [91], 0, []],
    ['F35 by software, ended', { ...soft, active: 1 }, INVALID, [91], 0, ['clear active 91']],
    ['F35 by software, taken', soft, ACTIVE, [91], 0, []],
  ] as const)('%s', (_name, before, state, high, lineLevel, log) => {
    const g = smallVgic();
    for (const pintid of high) g.lines.add(pintid);
    const i = Object.assign(g.irq(27), before);
    foldLr(i, Object.assign(g.cpu().lrs.at(0), { intid: 27, hw: 1, state }), g.w);
    expect([i.lineLevel, g.log]).toEqual([lineLevel, log]);
  });
});
