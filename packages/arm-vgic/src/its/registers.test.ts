// Registers of the ITS: what is kept of a write, what enabling asks for, and what user space may do.

import { ERRNO } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { AT, command, createItsVm, mapTwo } from './__fixtures__/its-vm.ts';
import { COMMAND } from './codes.ts';
import { ITS_POLICIES } from './policy.ts';

const VALID = 1n << 63n;

describe('ITS registers', () => {
  it('T49 F-45: TYPER, IIDR and ID registers are constants to the guest', () => {
    const { its } = createItsVm();
    its.write(4, 4, 0xffffffff);
    its.write64(8, 0n);
    expect([its.read64(8), its.read(4, 4), its.read(0, 4)]).toEqual([0x1ef71n, 0x4b00043b, 0x80000000]);
    expect([0xffd0, 0xffe0, 0xffe4, 0xffe8, 0xfff0, 0xfff4, 0xfff8, 0xfffc].map((at) => its.read(at, 4))).toEqual([
      0x40, 0x92, 0xb4, 0x3b, 0x0d, 0xf0, 0x05, 0xb1,
    ]);
  });

  it('F-45: tables keep type, entry size and page size; cacheability and shareability become what KVM has', () => {
    const { its } = createItsVm();
    expect([its.read64(0x100), its.read64(0x108)]).toEqual([0x1907000000000600n, 0x1c07000000000600n]);
    its.write64(0x100, 0xffff_ffff_ffff_ffffn & ~(7n << 59n));
    its.write64(0x108, VALID | (1n << 62n) | (1n << 59n) | (1n << 53n) | 0x800n);
    expect(its.read64(0x100)).toBe(0xd907fffffffffeffn);
    expect(its.read64(0x108)).toBe(0x9c27000000000600n);
    expect(its.read64(0x110)).toBe(0n);
    its.write64(0x110, VALID);
    expect(its.read64(0x110)).toBe(0n);
  });

  it('F-45: accesses of 2 bytes and the doorbell reach nothing, and are events', () => {
    const { its, events } = createItsVm();
    expect([its.read(4, 2), its.read(0x10040, 4), its.read(6, 4)]).toEqual([0, 0, 0]);
    expect(events.map((e) => e.name)).toEqual(['its_guest_error', 'its_guest_error', 'its_guest_error']);
  });

  it('T57: enabling needs both tables and the queue', () => {
    const { its } = createItsVm();
    its.write64(0x100, VALID);
    its.write64(0x80, VALID);
    its.write(0, 4, 1);
    expect(its.read(0, 4)).toBe(0x80000000);
    its.write64(0x108, VALID);
    its.write(0, 4, 1);
    expect(its.read(0, 4)).toBe(0x80000001);
  });

  it('T58 F-46: CWRITER beyond the queue is ignored, its low bits too', () => {
    const { its } = createItsVm();
    its.write64(0x80, VALID | BigInt(AT.QUEUE) | 15n);
    its.write(0x88, 4, 0x10000);
    expect(its.read(0x88, 4)).toBe(0);
    its.write(0x88, 4, 0xffff);
    expect([its.read(0x88, 4), its.read(0, 4)]).toEqual([0xffe0, 0]);
    its.write64(0x80, VALID | BigInt(AT.QUEUE + 0x3000));
    expect([its.read64(0x80), its.read(0x88, 4)]).toEqual([VALID | (3n << 59n) | BigInt(AT.QUEUE), 0]);
  });

  it('T64: user space sets CREADR while disabled, within the queue', () => {
    const vm = createItsVm();
    vm.its.set(0x80, { lo: AT.QUEUE, hi: 0x80000000 });
    expect(vm.its.set(0x90, { lo: 0x1000, hi: 0 })).toBe(-ERRNO.EINVAL);
    expect([vm.its.set(0x90, { lo: 0x40, hi: 0 }), vm.its.get(0x90)]).toEqual([0, { lo: 0x40, hi: 0 }]);
    vm.its.write(0x90, 4, 0);
    expect(vm.its.read(0x90, 4)).toBe(0x40);
    vm.enable();
    expect(vm.its.set(0x90, { lo: 0, hi: 0 })).toBe(-ERRNO.EBUSY);
    expect([vm.its.set(4, { lo: 0x4b00143b, hi: 0 }), vm.its.set(4, { lo: 0x4b00043b, hi: 0 })]).toEqual([-22, 0]);
    expect([vm.its.set(0x20, { lo: 0, hi: 0 }), vm.its.get(0x20)]).toEqual([-ERRNO.ENXIO, null]);
  });

  it('N7: 6.1 frees devices of a table that turns invalid, 6.12 and 7.3 of one that changes', () => {
    for (const [kernel, kept] of [
      ['6.1', [true, true]],
      ['6.12', [true, false]],
      ['7.3', [true, false]],
    ] as const) {
      const vm = createItsVm({ policy: ITS_POLICIES[kernel] });
      mapTwo(vm);
      vm.its.write(0, 4, 0);
      const rewrites = [0n, 1n].map((change) => {
        vm.its.write64(0x100, vm.its.read64(0x100) ^ change);
        return vm.its.context.maps.device(2) !== 0;
      });
      expect([kernel, rewrites]).toEqual([kernel, kept]);
      vm.its.write64(0x100, 0n);
      expect([vm.its.context.maps.device(2), vm.lpis.find(8195)]).toEqual([0, 0]);
    }
  });

  it('F-55: reset frees everything; table registers lose their valid bit only', () => {
    const vm = createItsVm();
    mapTwo(vm);
    vm.run(command.event(COMMAND.INT, 2, 20));
    const before = vm.its.read64(0x100);
    vm.its.reset();
    expect([0x80, 0x88, 0x90].map((at) => vm.its.read64(at))).toEqual([0n, 0n, 0n]);
    expect([vm.its.read(0, 4), vm.its.read64(0x100)]).toEqual([0x80000000, before & ~VALID]);
    expect([vm.root.irqs.lpis.count(), vm.root.its.at(0).collections.count()]).toEqual([0, 0]);
  });
});
