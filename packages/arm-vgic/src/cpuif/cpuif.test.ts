// The virtual CPU interface over list registers that a table fills.

import { createArena } from '@virq/irq-core/arena';
import { describe, expect, it } from 'vitest';
import { LR_STATE } from '../lr/format.ts';
import { CpuInterface } from '../lr/layout.ts';
import {
  acknowledge,
  deactivateInterrupt,
  endOfInterrupt,
  highestPendingIntid,
  intidOf,
  SIGNAL,
  signalOf,
} from './acknowledge.ts';
import { eisr, elrsr, MISR, maintenancePending, misr } from './maintenance.ts';
import { activatePriority, effectiveBpr1, IDLE, runningPriority } from './priorities.ts';

type LrFields = {
  intid: number;
  state?: number;
  priority?: number;
  group?: number;
  hw?: number;
  eoi?: number;
  pintid?: number;
};

const { PENDING, ACTIVE, INVALID } = LR_STATE;

/** A CPU interface with both groups on, PMR F8, BPR at their minimum, and these LRs. */
function cpu(...lrs: readonly LrFields[]): CpuInterface {
  const c = createArena(CpuInterface).root as CpuInterface;
  Object.assign(c.vmcr, { enable0: 1, enable1: 1, pmr: 0xf8, bpr0: 2, bpr1: 3 });
  c.hcr.en = 1;
  lrs.forEach((l, n) => void Object.assign(c.lrs.at(n), { state: PENDING, priority: 0xa0, group: 1, ...l }));
  c.used = lrs.length;
  return c;
}

const nobody = (): void => undefined;
const iar = (c: CpuInterface, group = 1): number => intidOf(c, acknowledge(c, group));

describe('F17 IAR, HPPIR, RPR', () => {
  it('the highest priority wins, the first LR of equal ones, and RPR follows', () => {
    const c = cpu({ intid: 40 }, { intid: 41, priority: 0x90 }, { intid: 42, priority: 0x90 });
    expect([highestPendingIntid(c, 1), highestPendingIntid(c, 0), runningPriority(c)]).toEqual([41, 1023, IDLE]);
    expect([iar(c), runningPriority(c), iar(c), highestPendingIntid(c, 1)]).toEqual([41, 0x90, 1023, 42]);
  });

  it.each([
    [0xa8, 40],
    [0xa0, 1023],
    [0x98, 1023],
  ])('T81 PMR %i', (pmr, expected) => {
    const c = cpu({ intid: 40 });
    c.vmcr.pmr = pmr;
    expect([iar(c), highestPendingIntid(c, 1)]).toEqual([expected, expected === 40 ? 1023 : 40]);
  });

  it.each([
    [3, 0xa0, 41],
    [3, 0x98, 41],
    [3, 0xa8, 1023],
    [4, 0xa0, 1023],
    [4, 0x98, 41],
  ])('T82 BPR1 %i: A8 runs, %i is pending', (bpr1, priority, expected) => {
    const c = cpu({ intid: 40, priority: 0xa8 }, { intid: 41, priority, state: INVALID });
    c.vmcr.bpr1 = bpr1;
    expect(iar(c)).toBe(40);
    c.lrs.at(1).state = PENDING;
    expect(iar(c)).toBe(expected);
  });

  it('T82 a BPR1 that grows after A8 was taken lets A0 preempt', () => {
    const c = cpu({ intid: 40, priority: 0xa8 }, { intid: 41, state: INVALID });
    iar(c);
    c.vmcr.bpr1 = 4;
    c.lrs.at(1).state = PENDING;
    expect(iar(c)).toBe(41);
  });

  it.each([
    [2, 3],
    [6, 7],
    [7, 7],
  ])('CBPR: BPR0 %i counts as BPR1 %i', (bpr0, expected) => {
    const c = cpu();
    Object.assign(c.vmcr, { bpr0, bpr1: 5 });
    expect(effectiveBpr1(c.vmcr)).toBe(5);
    c.vmcr.cbpr = 1;
    expect(effectiveBpr1(c.vmcr)).toBe(expected);
  });

  it('seven bits of preemption take four AP registers', () => {
    const c = cpu();
    Object.assign(c.vmcr, { bpr1: 1 });
    activatePriority(c, 1, 0xfc, 7);
    expect([c.ap1.get(3), runningPriority(c, 7)]).toEqual([1 << 30, 0xfc]);
  });
});

describe('F19 signals', () => {
  it.each([
    ['group 0', { intid: 40, group: 0 }, SIGNAL.FIQ],
    ['group 1', { intid: 40 }, SIGNAL.IRQ],
    ['active', { intid: 40, state: ACTIVE }, SIGNAL.NONE],
    ['priority FF', { intid: 40, priority: 0xff }, SIGNAL.NONE],
  ] as const)('%s', (_name, lr, signal) => {
    const c = cpu(lr);
    expect(signalOf(c)).toBe(signal);
    c.hcr.en = 0;
    expect(signalOf(c)).toBe(SIGNAL.NONE);
  });
});

describe('F17 F33 EOIR and DIR', () => {
  it('T80 EOIR of an LPI in no LR drops the priority and counts nothing', () => {
    const c = cpu({ intid: 40 });
    iar(c);
    endOfInterrupt(c, { group: 1, intid: 8200 }, nobody);
    expect([c.hcr.eoiCount, c.ap1.get(0), c.lrs.at(0).state]).toEqual([0, 0, ACTIVE]);
    endOfInterrupt(c, { group: 1, intid: 50 }, nobody);
    expect(c.hcr.eoiCount).toBe(1);
  });

  it('EOIR of the wrong group or order drops the priority and deactivates nothing', () => {
    const c = cpu({ intid: 40 }, { intid: 41, priority: 0x90, state: INVALID });
    iar(c);
    c.lrs.at(1).state = PENDING;
    iar(c);
    endOfInterrupt(c, { group: 1, intid: 40 }, nobody);
    expect([runningPriority(c), c.lrs.at(0).state, c.lrs.at(1).state]).toEqual([0xa0, ACTIVE, ACTIVE]);
    endOfInterrupt(c, { group: 0, intid: 40 }, nobody);
    expect([runningPriority(c), c.lrs.at(0).state]).toEqual([IDLE, ACTIVE]);
  });

  it('F34 EOImode 1: EOIR drops, DIR deactivates, the physical interrupt too', () => {
    const physical: number[] = [];
    const c = cpu({ intid: 27, hw: 1, pintid: 91 });
    c.vmcr.eoiMode = 1;
    iar(c);
    endOfInterrupt(c, { group: 1, intid: 27 }, (p) => void physical.push(p));
    expect([runningPriority(c), c.lrs.at(0).state, physical]).toEqual([IDLE, ACTIVE, []]);
    expect([deactivateInterrupt(c, 27, (p) => void physical.push(p)), physical]).toEqual(['done', [91]]);
    expect(c.lrs.at(0).state).toBe(INVALID);
  });

  it.each([
    ['EOImode 0', 0, 0, 40, 'done', 0],
    ['in no LR', 1, 0, 40, 'done', 1],
    ['in no LR, DIR is trapped', 1, 1, 40, 'exit', 0],
    ['an LPI', 1, 1, 8192, 'done', 0],
  ] as const)('F30 DIR: %s', (_name, eoiMode, tdir, intid, result, count) => {
    const c = cpu();
    c.vmcr.eoiMode = eoiMode;
    c.hcr.tdir = tdir;
    expect([deactivateInterrupt(c, intid, nobody), c.hcr.eoiCount]).toEqual([result, count]);
  });

  it('an LPI is deactivated by EOIR whatever the EOImode', () => {
    const c = cpu({ intid: 8192 });
    c.vmcr.eoiMode = 1;
    iar(c);
    endOfInterrupt(c, { group: 1, intid: 8192 }, nobody);
    expect(c.lrs.at(0).state).toBe(INVALID);
  });
});

describe('F32 MISR, EISR, ELRSR', () => {
  const ended = { intid: 40, state: INVALID, eoi: 1 };
  it.each([
    ['ended with EOI', [ended], {}, {}, MISR.EOI],
    ['ended in hardware', [{ ...ended, hw: 1 }], {}, {}, 0],
    ['one LR left, UIE', [{ intid: 40 }], { uie: 1 }, {}, MISR.U],
    ['two LRs left, UIE', [{ intid: 40 }, { intid: 41 }], { uie: 1 }, {}, 0],
    ['EOIcount, LRENPIE', [], { eoiCount: 1, lrenpie: 1 }, {}, MISR.LRENP],
    ['EOIcount alone', [], { eoiCount: 1 }, {}, 0],
    ['none pending, NPIE', [{ intid: 40, state: ACTIVE }], { npie: 1 }, {}, MISR.NP],
    ['one pending, NPIE', [{ intid: 40 }], { npie: 1 }, {}, 0],
    ['group 0 on', [], { group0On: 1, group0Off: 1 }, {}, MISR.GROUP0_ON],
    ['group 0 off', [], { group0On: 1, group0Off: 1 }, { enable0: 0 }, MISR.GROUP0_OFF],
    ['group 1 on', [], { group1On: 1, group1Off: 1 }, { enable0: 0 }, MISR.GROUP1_ON],
    ['group 1 off', [], { group1On: 1, group1Off: 1 }, { enable1: 0 }, MISR.GROUP1_OFF],
  ] as const)('%s', (_name, lrs, hcr, vmcr, expected) => {
    const c = cpu(...lrs);
    Object.assign(c.hcr, hcr);
    Object.assign(c.vmcr, vmcr);
    expect([misr(c, 4), maintenancePending(c, 4)]).toEqual([expected, expected !== 0]);
  });

  it('EISR has what ended, ELRSR what is free', () => {
    const c = cpu({ intid: 40 }, ended, { ...ended, hw: 1 });
    expect([eisr(c, 4), elrsr(c, 4)]).toEqual([0b0010, 0b1100]);
  });
});
