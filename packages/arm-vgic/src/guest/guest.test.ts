// A Linux guest from its boot to its interrupts, on every GIC: registers as its drivers leave them, and what it takes and ends.

import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';

type Args = Readonly<Record<string, unknown>>;

function booted(vm: Args = {}, boot: Args = {}): ArmVm {
  const t = openArm({ vm: { cpus: 2, nr_irqs: 64, ...vm } });
  expect(t.ret('guest_boot', boot)).toBe(0);
  t.events();
  return t;
}
const served = (t: ArmVm, args: Args = {}): unknown => t.op('guest_serve', args).out?.['intids'];
const GICS: readonly (readonly [string, Args])[] = [
  ['GICv3', {}],
  ['GICv2', { gic: 2 }],
  ['GICv2 on a GICv2', { gic: 2, host_gic: 2 }],
];

describe.each(GICS)('%s', (_name, vm) => {
  describe.each([0, 1])('EOImode %i', (eoimode) => {
    it('boots: everything off, level and of one priority but the IPIs, and no pending state touched', () => {
      const t = openArm({ vm: { cpus: 2, nr_irqs: 64, ...vm } });
      Object.assign(t.irq(41), { pendingLatch: 1, config: 0 });
      expect(t.ret('guest_boot', { eoimode })).toBe(0);
      expect([t.chip.run.isIn(0), t.chip.run.isIn(1)]).toEqual([true, true]);
      const prio = vm['gic'] === 2 ? 0xa0 : 0xc0;
      expect(t.irq(41)).toMatchObject({ enabled: 0, config: 1, priority: prio, pendingLatch: 1, target: 1 });
      for (const cpu of [0, 1]) {
        expect([0, 7, 8, 27].map((intid) => t.irq(intid, cpu).enabled)).toEqual([1, 1, 0, 0]);
        expect(t.chip.state.interfaces.at(cpu).vmcr).toMatchObject({ pmr: 0xf0, eoiMode: eoimode });
      }
      expect(t.chip.state.dist.enabled).toBe(1);
    });

    it('a level SPI is taken, its device served, and ended', () => {
      const t = booted(vm, { eoimode });
      expect(t.ret('guest_request_irq', { intid: 40, target: 1 })).toBe(0);
      expect(t.irq(40)).toMatchObject({ enabled: 1, config: 1, target: 2 });
      t.op('irq_line', { irq: 40, level: 1 });
      expect(served(t, { lower: true })).toEqual([]);
      expect(served(t, { cpu: 1, lower: true })).toEqual([40]);
      expect(t.irq(40)).toMatchObject({ active: 0, lineLevel: 0 });
      expect(served(t, { cpu: 1 })).toEqual([]);
    });

    it('an edge comes once, a level line that stays high again and again', () => {
      const t = booted(vm, { eoimode });
      t.op('guest_request_irq', { intid: 40, edge: true });
      t.op('guest_request_irq', { intid: 41 });
      expect([t.irq(40).config, t.irq(41).config]).toEqual([0, 1]);
      t.op('irq_line', { irq: 40 });
      expect(served(t)).toEqual([40]);
      t.op('irq_line', { irq: 41 });
      expect(served(t, { most: 3 })).toEqual([41, 41, 41]);
    });

    it('IPIs reach those that are meant, and IAR tells nothing twice', () => {
      const t = booted({ ...vm, cpus: 4 }, { eoimode });
      expect(t.ret('guest_ipi', { intid: 1, targets: [1, 3], cpu: 0 })).toBe(0);
      expect(t.ret('guest_ipi', { intid: 1, targets: [1], cpu: 2 })).toBe(0);
      expect([0, 1, 2, 3].map((cpu) => served(t, { cpu }))).toEqual([[], vm['gic'] === 2 ? [1, 1] : [1], [], [1]]);
    });

    it('a PPI of one CPU, free_irq, affinity, mask and unmask', () => {
      const t = booted(vm, { eoimode });
      expect(t.ret('guest_request_irq', { intid: 23, cpu: 1 })).toBe(0);
      t.op('irq_line', { irq: 23, type: 'ppi', vcpu: 1 });
      expect(served(t, { cpu: 1, lower: true })).toEqual([23]);
      t.op('guest_request_irq', { intid: 40, edge: true });
      t.op('guest_set_affinity', { intid: 40, target: 1 });
      t.op('irq_line', { irq: 40 });
      expect([served(t), served(t, { cpu: 1 })]).toEqual([[], [40]]);
      t.op('guest_mask_irq', { intid: 40, cpu: 1 });
      t.op('irq_line', { irq: 40 });
      expect(served(t, { cpu: 1 })).toEqual([]);
      t.op('guest_unmask_irq', { intid: 40 });
      expect(served(t, { cpu: 1 })).toEqual([40]);
      expect([t.ret('guest_free_irq', { intid: 40 }), t.irq(40).enabled]).toEqual([0, 0]);
    });

    it('interrupts that are not there, not requested, or requested already', () => {
      const t = booted(vm, { eoimode });
      expect(t.ret('guest_request_irq', { intid: 64 })).toBe(-22);
      expect(t.ret('guest_request_irq', { intid: 3 })).toBe(-22);
      expect([t.ret('guest_request_irq', { intid: 40 }), t.ret('guest_request_irq', { intid: 40 })]).toEqual([0, -16]);
      expect(t.ret('guest_free_irq', { intid: 41 })).toBe(-22);
      t.op('guest_free_irq', { intid: 40 });
      Object.assign(t.irq(40), { enabled: 1 });
      t.op('irq_line', { irq: 40 });
      t.op('irq_line', { irq: 40, level: 0 });
      expect(t.op('guest_interrupt').out).toEqual({ intid: null });
    });
  });
});

it('firmware that clears pending state: the line stays', () => {
  const t = openArm({ vm: { cpus: 1, nr_irqs: 64 } });
  Object.assign(t.irq(41), { pendingLatch: 1 });
  Object.assign(t.irq(42), { lineLevel: 1, config: 1 });
  t.op('guest_boot', { clear_pending: true });
  expect([t.irq(41).pendingLatch, t.irq(42).lineLevel]).toEqual([0, 1]);
});

it('nothing before it has booted, and it boots once; without a GIC there is nothing to boot with', () => {
  const t = openArm({ vm: { cpus: 1 } });
  expect(t.ret('guest_request_irq', { intid: 40 })).toBe(-22);
  expect([t.ret('guest_boot'), t.ret('guest_boot')]).toEqual([0, -22]);
  expect(openArm({ vm: { gic: 0 } }).ret('guest_boot')).toBe(-19);
});

describe('MSIs through the ITS', () => {
  const its = { its: true, nr_irqs: 64 };
  const msi = (t: ArmVm, data: number, devid = 2): number =>
    t.ret('signal_msi', { address_lo: 0x8090040, data, devid, flags: 1 });

  it.each(['6.1', '6.12', '7.3'])(
    '%s: request, MSI, move (which waits for an exit of the vCPU it was on), mask, free',
    (vgic) => {
      const t = booted({ ...its, vgic });
      const { ret, out } = t.op('guest_request_msi', { dev: 2, event: 1, vectors: 4, target: 1 });
      expect([ret, out]).toEqual([0, { intid: 8193, address: '0x8090040', data: 1 }]);
      expect([msi(t, 1), served(t), served(t, { cpu: 1 })]).toEqual([1, [], [8193]]);
      t.op('guest_set_affinity', { intid: 8193, target: 0 });
      expect([msi(t, 1), t.listed(1), served(t)]).toEqual([1, [8193], []]);
      t.op('vcpu_exit', { cpu: 1 });
      expect([t.listed(1), served(t)]).toEqual([[], [8193]]);
      t.op('guest_mask_irq', { intid: 8193 });
      expect([msi(t, 1), served(t)]).toEqual([1, []]);
      t.op('guest_unmask_irq', { intid: 8193 });
      expect(served(t)).toEqual([8193]);
      expect(t.ret('guest_free_irq', { intid: 8193 })).toBe(0);
      expect(msi(t, 1)).toBe(0);
      expect(t.events()).not.toContain('its_command_error');
    },
  );

  it('two devices do not share LPIs, and a range is used again', () => {
    const t = booted(its);
    const request = (dev: number, event: number): unknown =>
      t.op('guest_request_msi', { dev, event, vectors: 4 }).out?.['intid'];
    expect([request(2, 0), request(7, 3), request(2, 1)]).toEqual([8192, 8199, 8193]);
    for (const intid of [8192, 8193]) t.op('guest_free_irq', { intid });
    expect(request(9, 0)).toBe(8192);
    expect([t.ret('guest_request_msi', { dev: 9, event: 0, vectors: 4 }), msi(t, 0, 9), served(t)]).toEqual([
      -16,
      1,
      [8192],
    ]);
  });

  it('DeviceIDs far apart get pages of the second level', () => {
    const t = booted(its);
    for (const dev of [1, 0x2001, 0xffff]) {
      t.op('guest_request_msi', { dev });
      expect(msi(t, 0, dev)).toBe(1);
    }
    expect(served(t)).toEqual([8192, 8193, 8194]);
  });

  it('what firmware has left on is turned off first', () => {
    const t = openArm({ vm: { cpus: 2, ...its, its_setup: true } });
    t.op('mapd', { dev: 5 });
    t.op('mapc', { icid: 0, cpu: 0 });
    t.op('mapti', { dev: 5, event: 0, intid: 8192, icid: 0 });
    t.op('guest_boot');
    expect([msi(t, 0, 5), t.chip.state.its.at(0).deviceList.first]).toEqual([0, 0]);
  });

  it('several ITSs', () => {
    const t = booted({ ...its, its: 2 });
    expect(t.op('guest_request_msi', { dev: 2, its: 1 }).out).toEqual({ intid: 8192, address: '0x9130040', data: 0 });
    expect([t.ret('guest_request_msi', { dev: 2, its: 2 }), msi(t, 0)]).toEqual([-19, 0]);
    expect(t.ret('signal_msi', { address_lo: 0x9130040, data: 0, devid: 2, flags: 1 })).toBe(1);
    expect(served(t)).toEqual([8192]);
  });

  it('irq_set_irqchip_state: INT and CLEAR, ISPENDR and ICPENDR, ISACTIVER', () => {
    const t = booted(its);
    t.op('guest_request_msi', { dev: 2 });
    t.op('guest_request_irq', { intid: 40, edge: true });
    const set = (intid: number, value: boolean, state = 'pending'): number =>
      t.ret('guest_set_irqchip_state', { intid, state, value });
    for (const intid of [8192, 40]) expect([set(intid, true), set(intid, false)]).toEqual([0, 0]);
    expect(served(t)).toEqual([]);
    for (const intid of [8192, 40]) set(intid, true);
    expect(served(t)).toEqual([8192, 40]);
    expect([set(40, true, 'active'), t.irq(40).active, set(8192, true, 'active')]).toEqual([0, 1, -22]);
    t.op('irq_line', { irq: 40 });
    expect(served(t)).toEqual([]);
    set(40, false, 'active');
    expect(served(t)).toEqual([40]);
  });
});
