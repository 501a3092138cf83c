// Commands of the ITS: what each one checks, and what it does.

import { describe, expect, it } from 'vitest';
import { AT, command, createItsVm, mapTwo } from './__fixtures__/its-vm.ts';
import { COMMAND } from './codes.ts';
import { ITS_POLICIES } from './policy.ts';

const mapped = (options = {}) => {
  const vm = createItsVm(options);
  mapTwo(vm);
  return vm;
};
const int = (device: number, event: number) => command.event(COMMAND.INT, device, event);

describe('mappings', () => {
  it('T50 F-46 F-47: INT of two devices reaches the vCPUs of their collections', () => {
    const vm = mapped();
    expect([vm.run(int(2, 20)), vm.run(int(7, 255))]).toEqual([0, 0]);
    expect(vm.delivered).toEqual([
      [8195, 3],
      [8196, 2],
    ]);
  });

  it('T51 F-49: a configuration is read again by INV and INVALL only', () => {
    const vm = mapped();
    vm.configure(8195, false);
    vm.run(command.event(COMMAND.INV, 2, 20));
    vm.run(int(2, 20));
    expect(vm.delivered).toEqual([]);
    vm.configure(8195, true);
    vm.run(int(2, 20));
    expect(vm.delivered).toEqual([]);
    vm.run(command.event(COMMAND.INVALL, 0, 0, 3));
    expect(vm.delivered).toEqual([[8195, 3]]);
    vm.run(int(2, 20));
    expect(vm.delivered).toHaveLength(2);
    expect(vm.lpis.at(vm.lpis.find(8195)).priority).toBe(0xa0);
  });

  it('T52: MAPD with V=0 takes the events of a device away, and their LPIs', () => {
    const vm = mapped();
    expect(vm.run(command.mapd(2, 0, 1, false))).toBe(0);
    expect(vm.run(int(2, 20))).toBe(0x010307);
    expect([vm.delivered, vm.lpis.find(8195)]).toEqual([[], 0]);
  });

  it('T56: a second mapping of an event is not taken', () => {
    const vm = mapped();
    expect(vm.run(command.mapti(2, 20, [8200, 2]))).toBe(0);
    expect(vm.lpis.find(8200)).toBe(0);
    vm.run(int(2, 20));
    expect(vm.delivered).toEqual([[8195, 3]]);
  });

  it('N6: MAPC with V=0 orphans ITEs; neither a new collection nor MOVI nor DISCARD brings them back', () => {
    const vm = mapped();
    vm.run(command.mapc(3, 0, false));
    const results = [int(2, 20), command.mapc(3, 3), int(2, 20)].map((words) => vm.run(words));
    expect(results).toEqual([0x010307, 0, 0x010307]);
    expect(vm.run(command.event(COMMAND.MOVI, 2, 20, 2))).toBe(0x010109);
    expect(vm.run(command.event(COMMAND.DISCARD, 2, 20))).toBe(0x010f07);
    expect(vm.run(command.mapd(2, 0, 1, false))).toBe(0);
    expect(vm.lpis.find(8195)).toBe(0);
  });

  it('MOVI and MAPC retarget LPIs, MOVALL too but not their collections', () => {
    const vm = mapped();
    vm.run(command.event(COMMAND.MOVI, 2, 20, 2));
    vm.run(int(2, 20));
    vm.run(command.mapc(2, 1));
    vm.run(int(2, 20));
    vm.run(command.movall(1, 0));
    vm.run(int(2, 20));
    expect(vm.delivered.map(([, vcpu]) => vcpu)).toEqual([2, 1, 0]);
    expect(vm.its.context.maps.collectionAt(vm.its.context.maps.collection(2)).target).toBe(1);
  });

  it('CLEAR takes a pending bit away; DISCARD the LPI with it', () => {
    const vm = mapped();
    vm.configure(8195, false);
    vm.run(command.event(COMMAND.INV, 2, 20));
    vm.run(int(2, 20));
    const irq = vm.lpis.at(vm.lpis.find(8195));
    expect(irq.pendingLatch).toBe(1);
    vm.run(command.event(COMMAND.CLEAR, 2, 20));
    expect(irq.pendingLatch).toBe(0);
    expect(vm.run(command.event(COMMAND.DISCARD, 2, 20))).toBe(0);
    expect(vm.lpis.find(8195)).toBe(0);
  });

  it('an LPI that two events share has a reference of each', () => {
    const vm = mapped();
    vm.run(command.mapti(2, 21, [8195, 3]));
    expect(vm.lpis.at(vm.lpis.find(8195)).refs).toBe(2);
    vm.run(command.event(COMMAND.DISCARD, 2, 20));
    expect(vm.lpis.at(vm.lpis.find(8195)).refs).toBe(1);
    vm.run(command.event(COMMAND.DISCARD, 2, 21));
    expect(vm.lpis.find(8195)).toBe(0);
  });

  it('N13: MAPTI of an enabled LPI whose bit is set delivers it, EnableLPIs or not, and clears the bit', () => {
    const vm = mapped();
    vm.enabled.fill(false);
    vm.configure(8200, true);
    const at = AT.PENDING + 3 * 0x10000 + 8200 / 8;
    vm.ram.storeByte(at, 0x81);
    vm.run(command.mapti(2, 1, [8200, 3]));
    expect([vm.delivered, vm.ram.loadByte(at)]).toEqual([[[8200, 3]], 0x80]);
  });
});

describe('errors are found, and the queue goes on', () => {
  const cases: readonly [string, readonly bigint[], unknown][] = [
    ['T53: event 256 of a device with 8 bits', command.mapti(2, 256, [8200, 3]), 0x010a05],
    ['T54: LPI 8191', command.mapti(2, 1, [8191, 3]), 0x010a06],
    ['T54: LPI 65536', command.mapti(2, 1, [65536, 3]), 0x010a06],
    ['MAPTI of an unknown device', command.mapti(9, 1, [8200, 3]), 0x010a04],
    ['MAPTI into a collection that has no place', command.mapti(2, 1, [8200, 8192]), 0x010903],
    ['MAPD of a device that has no place', command.mapd(8192, AT.ITT, 8), 0x010801],
    ['MAPD with V=0 of such a one', command.mapd(0x12345, 0, 8, false), 0x010801],
    ['MAPD with 17 bits', command.mapd(3, AT.ITT, 17), 0x010802],
    ['MAPC to no vCPU', command.mapc(3, 4), 0x010902],
    ['MAPC of an ICID that has no place', command.mapc(8192, 0), 0x010903],
    ['MOVI of no event', command.event(COMMAND.MOVI, 2, 1, 2), 0x010107],
    ['MOVI to no collection', command.event(COMMAND.MOVI, 2, 20, 9), 0x010109],
    ['DISCARD of no event', command.event(COMMAND.DISCARD, 2, 1), 0x010f07],
    ['INV of no event', command.event(COMMAND.INV, 2, 1), 0x010c07],
    ['INVALL of no collection', command.event(COMMAND.INVALL, 0, 0, 9), 0x010d09],
    ['CLEAR of no event', command.event(COMMAND.CLEAR, 2, 1), 0x010507],
    ['INT of no event', command.event(COMMAND.INT, 2, 1), 0x010307],
    ['MOVALL from no vCPU', command.movall(4, 0), 0x010e01],
    ['SYNC', command.event(COMMAND.SYNC, 0, 0), 0],
    ['an opcode KVM does not have', command.event(0x2f, 0, 0), -19],
  ];
  it.each(cases)('F-47 F-48 %s', (_what, words, code) => {
    const vm = mapped();
    const before = vm.its.read64(0x90);
    expect(vm.run(words)).toBe(code);
    expect(vm.its.read64(0x90)).toBe(before + 32n);
    expect(vm.its.context.maps.collection(8192)).toBe(0);
  });

  it('T54: GICR_PROPBASER.IDbits bounds LPIs below 65536', () => {
    const vm = mapped();
    vm.rules.idBits = 14;
    expect([16383, 16384].map((intid, i) => vm.run(command.mapti(2, i, [intid, 3])))).toEqual([0, 0x010a06]);
  });

  it('F-49: MAPTI whose configuration byte cannot be read leaves neither LPI nor ITE nor collection', () => {
    const vm = mapped();
    vm.rules.config = 0x80000000;
    expect(vm.run(command.mapti(2, 1, [8200, 5]))).toBe(-14);
    const { maps } = vm.its.context;
    expect([vm.lpis.find(8200), maps.ite(maps.device(2), 1), maps.collection(5)]).toEqual([0, 0, 0]);
  });

  it('T55: MAPC with V=0 to no vCPU is refused by 6.1, carried out by 6.12 and 7.3', () => {
    for (const [kernel, code] of [
      ['6.1', 0x010902],
      ['6.12', 0],
      ['7.3', 0],
    ] as const) {
      const vm = mapped({ policy: ITS_POLICIES[kernel] });
      expect([kernel, vm.run(command.mapc(3, 4, false))]).toEqual([kernel, code]);
      expect(vm.its.context.maps.collection(3) === 0).toBe(code === 0);
    }
  });

  it('an RDbase is an index to 6.1 and an id to later kernels', () => {
    for (const [kernel, vcpu] of [
      ['6.1', 3],
      ['7.3', 1],
    ] as const) {
      const vm = mapped({ policy: ITS_POLICIES[kernel], firstId: 2 });
      vm.run(int(2, 20));
      expect([kernel, vm.delivered]).toEqual([kernel, [[8195, vcpu]]]);
    }
  });

  it('F-46: the queue wraps, and a slot outside memory is skipped', () => {
    const vm = mapped();
    for (let i = 0; i < 2048; i++) vm.run(command.event(COMMAND.SYNC, 0, 0));
    vm.run(int(2, 20));
    expect(vm.delivered).toHaveLength(1);
    vm.its.write(0, 4, 0);
    vm.its.write64(0x80, (1n << 63n) | 0x80000000n);
    vm.its.write(0, 4, 1);
    vm.its.write(0x88, 4, 0x40);
    expect([vm.its.read(0x90, 4), vm.events.at(-1)?.fields['error']]).toEqual([0x40, 'unreadable']);
  });
});
