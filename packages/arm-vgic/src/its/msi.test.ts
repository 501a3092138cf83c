// MSIs: what an injection returns, what the caches keep, and who holds an LPI meanwhile.

import { describe, expect, it } from 'vitest';
import { AT, command, createItsVm, DOORBELL, type ItsVmOptions, mapTwo } from './__fixtures__/its-vm.ts';
import { COMMAND } from './codes.ts';
import { createMsiPort, type Msi, VALID_DEVID } from './msi.ts';
import { ITS_POLICIES } from './policy.ts';

const msiOf = (data = 20, changes: Partial<Msi> = {}): Msi => ({
  addressLo: DOORBELL,
  addressHi: 0,
  data,
  devid: 2,
  flags: VALID_DEVID,
  ...changes,
});
function mapped(options: ItsVmOptions = {}) {
  const vm = createItsVm(options);
  mapTwo(vm);
  return vm;
}
const refs = (vm: ReturnType<typeof createItsVm>) => vm.lpis.at(vm.lpis.find(8195)).refs;

describe('KVM_SIGNAL_MSI', () => {
  it('T59: 1 delivered, 0 blocked, -EINVAL without device or ITS, -EBUSY while off, -ENODEV without an ITS', () => {
    const vm = mapped();
    expect(vm.msi.inject(msiOf(20, { flags: 0 }))).toBe(-22);
    expect([vm.msi.inject(msiOf()), vm.msi.inject(msiOf(21))]).toEqual([1, 0]);
    expect(vm.msi.inject(msiOf(20, { addressLo: 0x1000 }))).toBe(-22);
    vm.enabled.fill(false);
    expect(vm.msi.inject(msiOf(255, { devid: 7 }))).toBe(-16);
    vm.enabled.fill(true);
    vm.its.write(0, 4, 0);
    expect(vm.msi.inject(msiOf())).toBe(-16);
    expect(createMsiPort({ all: [], lpis: vm.lpis }).inject(msiOf())).toBe(-19);
    expect(vm.delivered).toEqual([[8195, 3]]);
  });

  it('T59 F-50: what is cached needs no device flag; any address of the frames will do from 6.12 on', () => {
    for (const [kernel, result] of [
      ['6.1', 0],
      ['6.12', 1],
      ['7.3', 1],
    ] as const) {
      const vm = mapped({ policy: ITS_POLICIES[kernel] });
      vm.msi.inject(msiOf());
      expect(vm.msi.inject(msiOf(20, { flags: 0 }))).toBe(1);
      expect(vm.msi.lookup(msiOf(20, { addressLo: AT.ITS + 8 })) === 0 ? 0 : 1).toBe(result);
    }
  });

  it('F-56: an MSI goes to the ITS whose doorbell it is written to', () => {
    const vm = createItsVm({ count: 2 });
    mapTwo(vm);
    const second = vm.all[1];
    if (second === undefined) throw new Error('no second ITS');
    vm.enable(second, { shift: 0x500000 });
    vm.configure(8300, true);
    for (const words of [command.mapd(2, AT.ITT + 0x20000, 8), command.mapc(0, 0), command.mapti(2, 20, [8300, 0])])
      vm.run(words, second);
    expect(vm.msi.inject(msiOf(20, { addressLo: DOORBELL + 0x20000 }))).toBe(1);
    expect(vm.msi.inject(msiOf())).toBe(1);
    expect(vm.delivered).toEqual([
      [8300, 0],
      [8195, 3],
    ]);
  });
});

describe.each(['lru', 'map'] as const)('translation cache, %s', (cache) => {
  const options = { policy: { cache } };

  it('F-50: an entry has a reference of its own; invalidation drops it', () => {
    const vm = mapped(options);
    expect(refs(vm)).toBe(1);
    vm.msi.inject(msiOf());
    vm.msi.inject(msiOf());
    expect(refs(vm)).toBe(2);
    vm.its.write(0, 4, 0);
    expect(refs(vm)).toBe(1);
  });

  it.each([
    ['DISCARD', command.event(COMMAND.DISCARD, 7, 255)],
    ['MOVI', command.event(COMMAND.MOVI, 7, 255, 3)],
    ['MAPD', command.mapd(7, 0, 1, false)],
    ['MAPC with V=0', command.mapc(2, 0, false)],
    ['MOVALL', command.movall(2, 1)],
  ])('F-50: %s invalidates it', (_what, words) => {
    const vm = mapped(options);
    vm.msi.inject(msiOf());
    expect(refs(vm)).toBe(2);
    vm.run(words);
    expect(refs(vm)).toBe(1);
  });

  it('T65 F-51: an LPI that a hit holds outlives DISCARD; without a reference of the hit it is used after it was freed', () => {
    for (const hitTakesReference of [true, false]) {
      const vm = mapped({ policy: { cache, hitTakesReference } });
      vm.msi.inject(msiOf());
      const stale: string[] = [];
      vm.arena.onStale((name) => stale.push(name));
      const hit = vm.msi.lookup(msiOf());
      vm.run(command.event(COMMAND.DISCARD, 2, 20));
      expect(vm.root.irqs.lpis.isLive(hit)).toBe(hitTakesReference);
      vm.msi.finish(hit);
      expect(stale.length > 0).toBe(!hitTakesReference);
      if (hitTakesReference) expect(vm.lpis.find(8195)).toBe(0);
    }
  });
});

it('F-50: the list of 6.1 keeps 16 translations per vCPU and gives up the one used longest ago', () => {
  const vm = mapped({ policy: { cache: 'lru' }, vcpus: 4 });
  for (let event = 100; event < 164; event++) {
    vm.run(command.mapti(2, event, [8300 + event, 3]));
    if (event === 163) vm.msi.inject(msiOf(100));
    vm.msi.inject(msiOf(event));
  }
  expect(vm.root.lru.length).toBe(64);
  vm.msi.inject(msiOf());
  expect([100, 101, 163].map((event) => vm.lpis.at(vm.lpis.find(8300 + event)).refs)).toEqual([2, 1, 2]);
});
