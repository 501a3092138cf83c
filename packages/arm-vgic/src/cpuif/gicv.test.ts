// The CPU interface of a GICv2 guest by its loads and stores, on a GICv2 host and on a GICv3 host that stands in for one. Arm IHI 0048B 4.4, 5.5; row F-11.

import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { BASE } from '../options.ts';

/** Offsets in GICC. */
const AT = {
  ...{ CTLR: 0, PMR: 4, BPR: 8, IAR: 0xc, EOIR: 0x10, RPR: 0x14, HPPIR: 0x18, ABPR: 0x1c },
  ...{ APR: 0xd0, DIR: 0x1000 },
};

/** SPI 40 of group 0 at priority A0; the vCPU is in the guest. */
function v2(vm: object = {}): ArmVm {
  const t = openArm({ vm: { gic: 2, nr_irqs: 64, ...vm } });
  t.chip.state.dist.enabled = 1;
  t.op('vcpu_run');
  t.op('cpu_setup', { pmr: 0xf0 });
  Object.assign(t.irq(40), { enabled: 1, priority: 0xa0, group: 0 });
  return t;
}
const load = (t: ArmVm, offset: number): unknown => t.op('guest_load', { addr: BASE.GICC + offset }).out?.['x0'];
const store = (t: ArmVm, offset: number, value: number): void =>
  void t.op('guest_store', { addr: BASE.GICC + offset, value });

describe('F-11 GICV', () => {
  it.each([2, 3] as const)('F-11 a GICv%i host: what CTLR, PMR, BPR, ABPR and APR keep', (host_gic) => {
    const t = v2({ host_gic });
    const kept = (offset: number): unknown[] =>
      [0xffffffff, 0].map((value) => {
        store(t, offset, value);
        return load(t, offset);
      });
    const { CTLR, PMR, BPR, ABPR, APR } = AT;
    expect([CTLR, PMR, BPR, ABPR, APR, APR + 4].map(kept)).toEqual([
      [0x21f, 0],
      [0xf8, 0],
      [7, 2],
      [7, 3],
      [0xffffffff, 0],
      [0, 0],
    ]);
  });

  it.each([2, 3] as const)('F-11 a GICv%i host: IAR, HPPIR, RPR and APR through preemption and EOIR', (host_gic) => {
    const t = v2({ host_gic });
    const state = (): unknown[] => [AT.HPPIR, AT.RPR, AT.APR].map((at) => load(t, at));
    Object.assign(t.irq(42), { enabled: 1, priority: 0x50, group: 0 });
    expect([load(t, AT.IAR), ...state()]).toEqual([1023, 1023, 0xff, 0]);
    t.op('irq_line', { irq: 40 });
    expect([state(), load(t, AT.IAR), state()]).toEqual([[40, 0xff, 0], 40, [1023, 0xa0, 1 << 20]]);
    t.op('irq_line', { irq: 42 });
    expect([load(t, AT.HPPIR), load(t, AT.IAR), state()]).toEqual([42, 42, [1023, 0x50, (1 << 20) | (1 << 10)]]);
    store(t, AT.EOIR, 42);
    expect(state().slice(1)).toEqual([0xa0, 1 << 20]);
    store(t, AT.EOIR, 40);
    expect(state().slice(1)).toEqual([0xff, 0]);
  });

  it('F-11 PMR: only what is below the mask is taken; CTLR: only what is of an enabled group', () => {
    const t = v2();
    t.op('irq_line', { irq: 40 });
    const seen = (pmr: number, ctlr: number): unknown => {
      store(t, AT.PMR, pmr);
      store(t, AT.CTLR, ctlr);
      return load(t, AT.IAR);
    };
    expect([seen(0xa0, 1), seen(0xa8, 0), seen(0xa8, 2), seen(0xa8, 1)]).toEqual([1023, 1023, 1023, 40]);
  });

  it('F-11 BPR: a binary point that hides the difference of two priorities keeps the second from preempting', () => {
    const preempts = [2, 7].map((bpr) => {
      const t = v2();
      store(t, AT.BPR, bpr);
      Object.assign(t.irq(42), { enabled: 1, priority: 0x98, group: 0 });
      t.op('irq_line', { irq: 40 });
      expect(load(t, AT.IAR)).toBe(40);
      t.op('irq_line', { irq: 42 });
      return load(t, AT.IAR);
    });
    expect(preempts).toEqual([42, 1023]);
  });

  it('F-11 EOImode 1: EOIR drops the priority, DIR deactivates', () => {
    const t = v2();
    t.op('cpu_setup', { pmr: 0xf0, eoimode: 1 });
    const exited = (): unknown => {
      t.op('vcpu_exit');
      t.op('vcpu_run');
      return [t.irq(40).active, t.listed()];
    };
    t.op('irq_line', { irq: 40 });
    expect(load(t, AT.IAR)).toBe(40);
    t.op('irq_line', { irq: 40, level: 0 });
    store(t, AT.EOIR, 40);
    expect([load(t, AT.RPR), exited()]).toEqual([0xff, [1, [40]]]);
    store(t, AT.DIR, 40);
    expect(exited()).toEqual([0, []]);
  });
});
