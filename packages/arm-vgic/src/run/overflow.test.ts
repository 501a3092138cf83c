// Interrupts beyond the list registers, from their inputs to their ends, by kernel. Vectors of the selftest vgic_irq.c, with four list registers.

import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import type { VgicVersion } from '../kernel.ts';

/** What the vectors say of the guest: distributor on, groups on, PMR F8; SPIs 32 to 62 enabled, each more urgent than the one before. */
function guest(vgic: VgicVersion, { cpus = 1, eoimode = 0 } = {}): ArmVm {
  const t = openArm({ vm: { cpus, vgic, nr_irqs: 64 } });
  t.chip.state.dist.enabled = 1;
  for (let cpu = 0; cpu < cpus; cpu++) {
    t.op('vcpu_run', { cpu });
    t.op('cpu_setup', { pmr: 0xf8, eoimode, cpu });
  }
  for (let n = 0; n < 31; n++) Object.assign(t.irq(32 + n), { enabled: 1, priority: (30 - n) * 8 });
  return t;
}

const iar = (t: ArmVm, cpu = 0): unknown => t.op('iar', { cpu }).out?.['x0'];
const ap1 = (t: ArmVm): unknown => t.op('mrs', { reg: 'ICC_AP1R0_EL1' }).out?.['value'];
const activeOf = (t: ArmVm): number[] =>
  Array.from({ length: 31 }, (_, n) => 32 + n).filter((intid) => t.irq(intid).active === 1);

/** `count` SPIs come in order, each is taken; an exit after the last, so that software knows them all. */
function takeInOrder(t: ArmVm, count: number): void {
  for (let n = 0; n < count; n++) {
    t.op('irq_line', { irq: 32 + n });
    expect(iar(t)).toBe(32 + n);
  }
  t.op('vcpu_exit');
  t.op('vcpu_run');
}

describe('F-28 F-29 F-30 T41 preemption', () => {
  it('Linux 7.3: 31 SPIs preempt each other in 4 LRs; their ends leave no priority active', () => {
    const t = guest('7.3');
    takeInOrder(t, 31);
    for (let n = 30; n >= 0; n--) t.op('eoir', { intid: 32 + n });
    t.op('vcpu_exit');
    expect([activeOf(t), ap1(t), iar(t)]).toEqual([[], '0x0', 1023]);
  });

  it.each(['6.1', '6.12', '6.18'] as const)('Linux %s: four active ones keep the LRs from the fifth', (vgic) => {
    const t = guest(vgic);
    takeInOrder(t, 4);
    t.op('irq_line', { irq: 36 });
    expect(iar(t)).toBe(1023);
    for (let n = 3; n >= 0; n--) t.op('eoir', { intid: 32 + n });
    expect(iar(t)).toBe(36);
    t.op('vcpu_exit');
    expect(activeOf(t)).toEqual([36]);
  });
});

describe('F-30 F-33 T42 EOImode 1: DIR in ascending order', () => {
  it('Linux 7.3: DIR of what is in no LR traps, and ends it', () => {
    const t = guest('7.3', { eoimode: 1 });
    takeInOrder(t, 31);
    for (let n = 30; n >= 0; n--) t.op('eoir', { intid: 32 + n });
    expect([ap1(t), activeOf(t).length]).toEqual(['0x0', 31]);
    for (let n = 0; n < 31; n++) {
      t.op('dir', { intid: 32 + n });
      expect(t.irq(32 + n).active).toBe(0);
    }
    expect(t.listed()).toEqual([]);
  });

  it('T42 Linux 6.12: with four it works without a trap', () => {
    const t = guest('6.12', { eoimode: 1 });
    takeInOrder(t, 4);
    for (let n = 3; n >= 0; n--) t.op('eoir', { intid: 32 + n });
    for (let n = 0; n < 4; n++) t.op('dir', { intid: 32 + n });
    t.op('vcpu_exit');
    expect([activeOf(t), t.listed()]).toEqual([[], []]);
  });
});

describe('F-30 T43 EOImode 0: EOIcount', () => {
  it('T43 Linux 7.3: exactly the one that was ended is deactivated each time', () => {
    const t = guest('7.3');
    takeInOrder(t, 31);
    for (let n = 30; n >= 0; n--) {
      t.op('eoir', { intid: 32 + n });
      t.op('vcpu_exit');
      t.op('vcpu_run');
      expect(activeOf(t)).toEqual(Array.from({ length: n }, (_, k) => 32 + k));
    }
  });

  it.each(['6.1', '6.12'] as const)('T43 Linux %s: actives beyond the LRs stay so for ever', (vgic) => {
    const t = guest(vgic);
    for (let n = 0; n < 31; n++) {
      t.irq(32 + n).active = 1;
      t.chip.inputs.queue(t.chip.irqs.find(-1, 32 + n));
    }
    t.chip.state.interfaces.at(0).ap1.set(0, 0x7fffffff);
    for (let n = 30; n >= 0; n--) t.op('eoir', { intid: 32 + n });
    t.op('vcpu_exit');
    t.op('vcpu_run');
    expect([activeOf(t).length, ap1(t), iar(t)]).toEqual([27, '0x0', 1023]);
  });
});

describe('F-33 T45 DIR on another vCPU', () => {
  it('Linux 7.3: it is deactivated for the one that took it', () => {
    const t = guest('7.3', { cpus: 2, eoimode: 1 });
    t.op('irq_line', { irq: 32 });
    expect(iar(t, 0)).toBe(32);
    t.op('eoir', { intid: 32, cpu: 0 });
    t.op('dir', { intid: 32, cpu: 1 });
    t.op('vcpu_exit', { cpu: 0 });
    expect([t.irq(32).active, t.listed(0)]).toEqual([0, []]);
  });

  it('Linux 6.12: it is lost', () => {
    const t = guest('6.12', { cpus: 2, eoimode: 1 });
    t.op('irq_line', { irq: 32 });
    iar(t, 0);
    t.op('eoir', { intid: 32, cpu: 0 });
    t.op('dir', { intid: 32, cpu: 1 });
    t.op('vcpu_exit', { cpu: 0 });
    expect([t.irq(32).active, t.listed(0)]).toEqual([1, [32]]);
  });
});

it.each(['6.12', '7.3'] as const)(
  'F-19 T46 Linux %s: SGI 0 of a disabled group waits while 15 others are served',
  (vgic) => {
    const t = guest(vgic);
    t.op('msr', { reg: 'ICC_IGRPEN0_EL1', value: 0 });
    t.irq(0).group = 0;
    for (let n = 0; n < 16; n++) Object.assign(t.irq(n), { pendingLatch: 1, priority: 0xa0 });
    for (let n = 0; n < 16; n++) t.chip.inputs.queue(t.chip.irqs.find(0, n));
    const served: unknown[] = [];
    for (let n = 0; n < 15; n++) {
      const intid = iar(t);
      served.push(intid);
      t.op('eoir', { intid });
    }
    expect(served.sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 15 }, (_, n) => n + 1));
    expect([iar(t), t.op('iar', { group: 0 }).out?.['x0'], t.irq(0).active]).toEqual([1023, 1023, 0]);
    t.op('msr', { reg: 'ICC_IGRPEN0_EL1', value: 1 });
    expect(t.op('iar', { group: 0 }).out?.['x0']).toBe(0);
  },
);

it('F-30 T47 Linux 7.3: 31 restored actives and their priorities, ended from the highest', () => {
  const t = guest('7.3');
  t.op('vcpu_exit');
  t.op('d', { reg: 'ISACTIVER:4', value: 0x7fffffff });
  t.op('sysreg', { reg: 'AP1R0', value: 0x7fffffff });
  expect(activeOf(t).length).toBe(31);
  t.op('vcpu_run');
  for (let n = 30; n >= 0; n--) t.op('eoir', { intid: 32 + n });
  t.op('vcpu_exit');
  expect([activeOf(t), ap1(t), iar(t)]).toEqual([[], '0x0', 1023]);
});
