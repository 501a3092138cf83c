// A redistributor's LPIs are switched off and on again: what leaves the list, what is forgotten, what comes back from the table.

import { describe, expect, it } from 'vitest';
import { openArm } from '../__fixtures__/arm-vm.ts';
import { itsState } from './__fixtures__/state.ts';
import { DOORBELL } from './__fixtures__/streams.ts';

const mapped = (vgic: string) => {
  const vm = openArm({ vm: { cpus: 2, its: true, vgic } });
  vm.chip.state.dist.enabled = 1;
  vm.op('mapd', { dev: 1 });
  for (const icid of [0, 1]) vm.op('mapc', { icid, cpu: icid });
  for (const [event, icid] of [0, 1].entries()) {
    vm.op('lpi_config', { intid: 8192 + event });
    vm.op('mapti', { dev: 1, event, intid: 8192 + event, icid });
    expect(vm.ret('signal_msi', { address_lo: DOORBELL, data: event, devid: 1 })).toBe(1);
  }
  return vm;
};

describe('F-16 GICR_CTLR.EnableLPIs', () => {
  it.each([
    ['6.1', 0],
    ['6.12', 0],
    ['6.18', 1],
    ['7.3', 0],
  ] as const)(
    '%s: 0 takes the LPIs of that vCPU off its list, and every translation out of the caches',
    (vgic, pending) => {
      const vm = mapped(vgic);
      expect(itsState(vm.chip).translations).toHaveLength(2);
      expect(vm.ret('r', { reg: 'CTLR', cpu: 0, value: 0 })).toBe(0);
      const { translations, listed, lpis } = itsState(vm.chip);
      expect([translations, listed]).toEqual([[], [[], [8193]]]);
      expect(lpis.map(({ pendingLatch, refs }) => [pendingLatch, refs])).toEqual([
        [pending, 1],
        [1, 2],
      ]);
      expect(vm.ret('signal_msi', { address_lo: DOORBELL, data: 0, devid: 1 })).toBe(-16);
      expect(vm.ret('signal_msi', { address_lo: DOORBELL, data: 1, devid: 1 })).toBe(1);
    },
  );

  it('T60 1 takes what the table says is pending: the bit that was saved, and none that was not', () => {
    const vm = mapped('7.3');
    expect(vm.op('pending_lpis').out).toEqual({ lpis: [[8192], [8193]] });
    vm.op('r', { reg: 'CTLR', cpu: 0, value: 0 });
    expect(vm.irq(8192).pendingLatch).toBe(0);
    vm.op('r', { reg: 'CTLR', cpu: 0, value: 1 });
    expect([vm.irq(8192).pendingLatch, vm.listed(0)]).toEqual([1, [8192]]);
  });
});
