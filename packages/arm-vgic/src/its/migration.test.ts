// A VM moves: tables, pending bits and registers are saved, its memory is copied, and a new VM restores them. Linux: Documentation/virt/kvm/devices/arm-vgic-its.rst, "ITS Restore Sequence".

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import type { ArmChip } from '../chip.ts';
import { itsState } from './__fixtures__/state.ts';
import { anyStream, DOORBELL, PREFIX } from './__fixtures__/streams.ts';

const OPTIONS = { cpus: 3, its: true, lpis: 16, frames: 64, vgic: '7.3' } as const;

const source = (): ArmVm => {
  const vm = openArm({ vm: OPTIONS });
  vm.chip.state.dist.enabled = 1;
  return vm;
};

function copyMemory(from: ArmChip, to: ArmChip): void {
  const { frames } = from.state.memory;
  for (let i = 0; i < frames.length; i++) {
    const { key, words } = frames.at(i);
    if (key === 0) continue;
    for (let w = 0; w < words.length; w++) to.its.ram.store((key - 1) * 4096 + w * 4, words.get(w));
  }
}

/** Words of memory by address, without zeroes. */
function image({ state: { memory } }: ArmChip): Map<number, number> {
  const found = new Map<number, number>();
  for (let i = 0; i < memory.frames.length; i++) {
    const { key, words } = memory.frames.at(i);
    for (let w = 0; key !== 0 && w < words.length; w++)
      if (words.get(w) !== 0) found.set((key - 1) * 4096 + w * 4, words.get(w));
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

const value = (vm: ArmVm, reg: string): string => vm.op('its_reg', { reg }).out?.['value'] as string;

/** The new VM, from what the old one saved. */
function restored(old: ArmVm): ArmVm {
  const vm = openArm({ vm: { ...OPTIONS, its_setup: false } });
  copyMemory(old.chip, vm.chip);
  const redistributor = (cpu: number, reg: string): void => {
    const { out } = old.op('r', { reg, cpu });
    expect([reg, vm.ret('r', { reg, cpu, value: out?.['value'] })]).toEqual([reg, 0]);
  };
  vm.op('d', { reg: 'CTLR', value: 2 });
  for (let cpu = 0; cpu < OPTIONS.cpus; cpu++)
    for (const reg of ['PROPBASER', 'PENDBASER', 'CTLR']) redistributor(cpu, reg);
  for (const reg of ['CBASER', 'CREADR', 'CWRITER', 'BASER:0', 'BASER:8', 'IIDR'])
    expect([reg, vm.ret('its_reg', { reg, value: value(old, reg) })]).toEqual([reg, 0]);
  expect(vm.ret('its_ctrl', { attr: 2 })).toBe(0);
  expect(vm.ret('its_reg', { reg: 'CTLR', value: value(old, 'CTLR') })).toBe(0);
  return vm;
}

function save(vm: ArmVm): void {
  expect([vm.ret('its_ctrl', { attr: 1 }), vm.ret('pending_lpis')]).toEqual([0, 0]);
}

const lasting = (vm: ArmVm) => {
  const { creadr, devices, collections, lpis } = itsState(vm.chip);
  return {
    creadr,
    devices: devices
      .sort((a, b) => a.id - b.id)
      .map((d) => ({ ...d, events: [...d.events].sort((a, b) => a.event - b.event) })),
    collections,
    lpis: lpis.map(({ intid, target, enabled, priority, pendingLatch }) => ({
      intid,
      target,
      enabled,
      priority,
      pendingLatch,
    })),
  };
};

describe('F-52 F-54 F-64 migration', () => {
  it('T61 brings mappings, pending LPIs and the place in the queue back; what is in flight goes on', () => {
    const old = source();
    for (const { op, args } of PREFIX) old.op(op, args);
    for (const [event, intid, icid] of [
      [0, 8192, 0],
      [1, 8193, 1],
      [2, 8194, 1],
    ] as const)
      old.op('mapti', { dev: 1, event, intid, icid });
    for (const data of [0, 1]) expect(old.ret('signal_msi', { address_lo: DOORBELL, data, devid: 1 })).toBe(1);
    old.op('cpu_setup', { cpu: 1 });
    old.op('movi', { dev: 1, event: 0, icid: 1 });
    save(old);
    const vm = restored(old);
    expect(lasting(vm)).toEqual(lasting(old));
    expect([vm.listed(0), vm.listed(1)]).toEqual([[], [8192, 8193]]);
    expect(vm.ret('signal_msi', { address_lo: DOORBELL, data: 2, devid: 1 })).toBe(1);
    expect(vm.listed(1)).toEqual([8192, 8193, 8194]);
    expect(vm.op('mapti', { dev: 0, event: 0, intid: 8195 }).out).toEqual({
      creadr: `0x${((PREFIX.length - 3 + 5) * 32).toString(16)}`,
    });
  });

  it('save, restore, save: the same bytes, whatever was mapped before', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        const old = source();
        for (const { op, args } of stream) old.op(op, args);
        save(old);
        const before = image(old.chip);
        const vm = restored(old);
        expect(lasting(vm).collections).toEqual(lasting(old).collections);
        save(vm);
        expect(image(vm.chip)).toEqual(before);
      }),
      { numRuns: 25, seed: 14 },
    );
  });

  it('a VGIC of 6.18 follows a NULL pointer when it saves an event whose collection MAPC has taken away', () => {
    const orphaned = (vgic: string) => {
      const vm = openArm({ vm: { ...OPTIONS, vgic } });
      vm.op('mapd', { dev: 0, size: 2 });
      vm.op('mapc', { icid: 0, cpu: 0 });
      vm.op('mapti', { dev: 0, event: 0, intid: 8192 });
      vm.op('mapc', { icid: 0, valid: false });
      return () => vm.ret('its_ctrl', { attr: 1 });
    };
    expect(orphaned('6.18')).toThrow('ite->collection is NULL');
    for (const vgic of ['6.1', '6.12', '7.3']) expect([vgic, orphaned(vgic)()]).toEqual([vgic, 0]);
  });

  it('F-47 MOVALL takes every LPI along in 6.18, and those of its redistributor elsewhere', () => {
    for (const [vgic, targets] of [
      ['6.12', [3, 2]],
      ['6.18', [3, 3]],
      ['7.3', [3, 2]],
    ] as const) {
      const vm = openArm({ vm: { ...OPTIONS, vgic } });
      for (const { op, args } of PREFIX) vm.op(op, args);
      vm.op('mapti', { dev: 0, event: 0, intid: 8192, icid: 0 });
      vm.op('mapti', { dev: 0, event: 1, intid: 8193, icid: 1 });
      vm.op('movall', { cpu1: 0, cpu2: 2 });
      expect([vgic, itsState(vm.chip).lpis.map((l) => l.target)]).toEqual([vgic, targets]);
    }
  });
});
