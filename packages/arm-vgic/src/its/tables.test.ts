// Tables of the ITS and of LPIs in guest memory: words of ABI revision 0, save, restore, and where an id has a place.

import { describe, expect, it } from 'vitest';
import { AT, command, createItsVm, type ItsVmOptions, mapTwo } from './__fixtures__/its-vm.ts';
import { COMMAND } from './codes.ts';
import { packCte, packDte, packIte, unpackCte, unpackDte, unpackIte } from './entries.ts';
import { ITS_POLICIES } from './policy.ts';
import { tableAt } from './tables.ts';

const hex = ({ lo, hi }: { lo: number; hi: number }): string =>
  ((BigInt(hi) << 32n) | BigInt(lo)).toString(16).toUpperCase().padStart(16, '0');

function mapped(options: ItsVmOptions = {}) {
  const vm = createItsVm(options);
  mapTwo(vm);
  return vm;
}
type Vm = ReturnType<typeof mapped>;

/** Off, empty, tables valid again: what a VM looks like before its tables are restored. */
function emptied(vm: Vm): void {
  vm.its.reset();
  vm.its.write64(0x100, (1n << 63n) | BigInt(AT.DEVICES));
  vm.its.write64(0x108, (1n << 63n) | BigInt(AT.COLLECTIONS));
  vm.its.write64(0x80, (1n << 63n) | BigInt(AT.QUEUE) | 15n);
}

describe('F-52 words', () => {
  const rows: readonly [string, { lo: number; hi: number }, object, string][] = [
    [
      'device 2',
      packDte({ next: 5, itt: 0x40100000, bits: 8 }),
      { valid: true, next: 5, itt: 0x40100000, bits: 8 },
      '800A000008020007',
    ],
    [
      'device 7',
      packDte({ next: 0, itt: 0x40110000, bits: 8 }),
      { valid: true, next: 0, itt: 0x40110000, bits: 8 },
      '8000000008022007',
    ],
    [
      'device 0',
      packDte({ next: 16383, itt: 0xffffffff00, bits: 16 }),
      { valid: true, next: 16383, itt: 0xffffffff00, bits: 16 },
      'FFFE001FFFFFFFEF',
    ],
  ];
  it.each(rows)('T61: DTE of %s', (_what, word, fields, text) => {
    expect([hex(word), unpackDte(word)]).toEqual([text, fields]);
  });
  it('T61: CTE and ITE', () => {
    expect(hex(packCte({ target: 3, id: 3 }))).toBe('8000000000030003');
    const unmapped = packCte({ target: 0xffffffff, id: 0 });
    expect([hex(unmapped), unpackCte(unmapped)]).toEqual([
      '8000FFFFFFFF0000',
      { valid: true, target: 0xffffffff, id: 0 },
    ]);
    expect(hex(packIte({ next: 0, lpi: 8195, collection: 3 }))).toBe('0000000020030003');
    const far = packIte({ next: 65535, lpi: 8192, collection: 1 });
    expect([hex(far), unpackIte(far)]).toEqual(['FFFF000020000001', { next: 65535, lpi: 8192, collection: 1 }]);
  });
});

describe('F-52 save and restore', () => {
  it('T61: the tables of two devices', () => {
    const vm = mapped();
    expect(vm.its.save()).toBe(0);
    expect([2, 7].map((id) => vm.load64(AT.DEVICES + id * 8))).toEqual(['800A000008020007', '8000000008022007']);
    expect([0, 1, 2].map((i) => vm.load64(AT.COLLECTIONS + i * 8))).toEqual([
      '8000000000030003',
      '8000000000020002',
      '0000000000000000',
    ]);
    expect(vm.load64(AT.ITT + 20 * 8)).toBe('0000000020030003');
    emptied(vm);
    expect([vm.its.restore(), vm.root.its.at(0).ites.count()]).toEqual([0, 2]);
    vm.its.write(0, 4, 1);
    vm.run(command.event(COMMAND.INT, 7, 255));
    expect(vm.delivered).toEqual([[8196, 2]]);
  });

  it('T62: an unmapped collection survives, and delivers once it is mapped', () => {
    const vm = mapped();
    vm.configure(8200, true);
    vm.run(command.mapti(2, 1, [8200, 0]));
    expect([vm.its.save(), vm.load64(AT.COLLECTIONS + 16)]).toEqual([0, '8000FFFFFFFF0000']);
    emptied(vm);
    expect(vm.its.restore()).toBe(0);
    vm.its.write(0, 4, 1);
    for (const words of [command.mapc(0, 1), command.event(COMMAND.INVALL, 0, 0, 0), command.event(COMMAND.INT, 2, 1)])
      expect(vm.run(words)).toBe(0);
    expect(vm.delivered).toEqual([[8200, 1]]);
  });

  it('F-53: entries that DISCARD and MAPD took away stay in memory where they are not zeroed; NEXT steps over them', () => {
    for (const zeroesEntries of [true, false]) {
      const vm = mapped({ policy: { zeroesEntries } });
      vm.run(command.mapti(2, 10, [8201, 3]));
      vm.its.save();
      vm.run(command.event(COMMAND.DISCARD, 2, 20));
      vm.run(command.mapd(7, 0, 1, false));
      vm.run(command.mapti(2, 21, [8202, 3]));
      vm.its.save();
      emptied(vm);
      expect(vm.its.restore()).toBe(0);
      const { maps } = vm.its.context;
      expect([maps.ite(maps.device(2), 21) !== 0, maps.ite(maps.device(2), 20)]).toEqual([true, 0]);
      expect(vm.load64(AT.ITT + 20 * 8) === '0000000000000000').toBe(zeroesEntries);
      expect(vm.load64(AT.DEVICES + 7 * 8) === '0000000000000000').toBe(zeroesEntries);
    }
  });

  it('T63 F-53: with nothing else in its table a discarded event is resurrected by the old kernels only', () => {
    for (const zeroesEntries of [true, false]) {
      const vm = mapped({ policy: { zeroesEntries } });
      vm.its.save();
      vm.run(command.event(COMMAND.DISCARD, 2, 20));
      vm.its.save();
      emptied(vm);
      expect([vm.its.restore(), vm.lpis.find(8195) !== 0]).toEqual([0, !zeroesEntries]);
    }
  });

  it.each([
    ['a target that is no vCPU', AT.COLLECTIONS, 0x8000_0000_0004_0003n, -22],
    ['a collection twice', AT.COLLECTIONS + 8, 0x8000_0000_0003_0003n, -17],
    ['a collection without a place', AT.COLLECTIONS, 0x8000_0000_0003_ffffn, -22],
    ['17 bits of an EventID', AT.DEVICES + 16, 0x800a_0000_0802_0010n, -22],
    ['LPI 8191', AT.ITT + 160, 0x1fff_0003n, -22],
    ['an unknown ICID', AT.ITT + 160, 0x2003_0009n, -22],
    ['a next event beyond the table', AT.ITT + 160, (236n << 48n) | 0x2003_0003n, -22],
    ['an ITT outside memory', AT.DEVICES + 16, 0x800a_0000_0000_0007n, -14],
  ])('F-52: restore refuses %s, and leaves nothing', (_what, at, word, error) => {
    const vm = mapped();
    vm.its.save();
    emptied(vm);
    vm.store64(at, word);
    const { devices, collections, ites } = vm.root.its.at(0);
    expect([vm.its.restore(), devices.count(), collections.count(), ites.count(), vm.root.irqs.lpis.count()]).toEqual([
      error,
      0,
      0,
      0,
      0,
    ]);
  });

  it('N8: restore takes an LPI that MAPTI refuses', () => {
    const vm = mapped();
    vm.its.save();
    emptied(vm);
    vm.store64(AT.ITT + 160, (70000n << 16n) | 3n);
    expect([vm.its.restore(), vm.lpis.find(70000) !== 0]).toEqual([0, true]);
    vm.its.write(0, 4, 1);
    expect(vm.run(command.mapti(2, 30, [70000, 3]))).toBe(0x010a06);
  });

  it('F-52: a forwarded LPI is not saved, and an orphaned ITE is saved as zero', () => {
    const vm = mapped();
    vm.lpis.at(vm.lpis.find(8195)).hw = 1;
    expect(vm.its.save()).toBe(-13);
    vm.lpis.at(vm.lpis.find(8195)).hw = 0;
    vm.its.save();
    vm.run(command.mapc(3, 0, false));
    expect([vm.its.save(), vm.load64(AT.ITT + 160)]).toEqual([0, '0000000000000000']);
  });

  it('F-52: NEXT of an event skips what is not saved from 7.3 on', () => {
    for (const [kernel, next] of [
      ['6.12', '0001'],
      ['7.3', '0002'],
    ] as const) {
      const vm = mapped({ policy: ITS_POLICIES[kernel] });
      for (const [event, icid] of [
        [0, 3],
        [1, 2],
        [2, 3],
      ] as const)
        vm.run(command.mapti(2, event, [8210 + event, icid]));
      vm.run(command.mapc(2, 0, false));
      vm.its.save();
      expect([kernel, vm.load64(AT.ITT).slice(0, 4)]).toEqual([kernel, next]);
    }
  });
});

describe('F-48 two-level device table', () => {
  const L2 = AT.DEVICES + 0x20000 + 0x100000;
  function indirect(): Vm {
    const vm = createItsVm();
    vm.enable(vm.its, { devices: (1n << 63n) | (1n << 62n) });
    return vm;
  }

  it('F-48: an id has a place where its level 1 entry is valid and names memory', () => {
    const vm = indirect();
    expect(vm.run(command.mapd(8193, AT.ITT, 8))).toBe(0x010801);
    vm.store64(AT.DEVICES + 8, (1n << 63n) | 0x80000000n);
    expect(vm.run(command.mapd(8193, AT.ITT, 8))).toBe(0x010801);
    vm.store64(AT.DEVICES + 8, (1n << 63n) | BigInt(L2));
    expect(vm.run(command.mapd(8193, AT.ITT, 8))).toBe(0);
    expect([vm.its.save(), vm.load64(L2 + 8)]).toEqual([0, '8000000008020007']);
    vm.its.context.maps.freeDevices();
    expect([vm.its.restore(), vm.its.context.maps.device(8193) !== 0]).toEqual([0, true]);
  });

  it('F-52: a device whose place is gone is skipped, by 6.1 refused', () => {
    for (const [kernel, result] of [
      ['6.1', -22],
      ['7.3', 0],
    ] as const) {
      const vm = createItsVm({ policy: ITS_POLICIES[kernel] });
      vm.enable(vm.its, { devices: (1n << 63n) | (1n << 62n) });
      vm.store64(AT.DEVICES + 8, (1n << 63n) | BigInt(L2));
      vm.run(command.mapd(8193, AT.ITT, 8));
      vm.store64(AT.DEVICES + 8, 0n);
      expect([kernel, vm.its.save()]).toEqual([kernel, result]);
    }
  });
});

it('F-48: bits 15:12 of GITS_BASER are bits 51:48 of the address', () => {
  expect(tableAt(0x99071234, 0x56783600)).toBe(0x3_1234_5678_0000);
});

describe('F-49 pending tables', () => {
  it('T60: 256 LPIs on two vCPUs are delivered where their collections point, when their vCPU enables LPIs', () => {
    const vm = createItsVm();
    vm.enable();
    vm.enabled.fill(false);
    for (const words of [command.mapd(2, AT.ITT, 8), command.mapc(0, 0), command.mapc(1, 1)]) vm.run(words);
    for (let i = 0; i < 256; i++) vm.run(command.mapti(2, i, [8192 + i, i & 1]));
    for (let i = 0; i < 256; i++) vm.configure(8192 + i, true);
    for (let i = 0; i < 32; i++)
      for (const vcpu of [0, 1]) vm.ram.storeByte(AT.PENDING + vcpu * 0x10000 + 1024 + i, 0xff);
    for (const icid of [0, 1]) expect(vm.run(command.event(COMMAND.INVALL, 0, 0, icid))).toBe(0);
    expect(vm.delivered).toEqual([]);
    for (const target of [1, 2]) expect(vm.lpis.loadPending(target)).toBe(0);
    expect([0, 1].map((vcpu) => vm.delivered.filter(([, to]) => to === vcpu).length)).toEqual([128, 128]);
    expect(vm.delivered.every(([intid, vcpu]) => (intid & 1) === vcpu)).toBe(true);
  });

  it('F-54: saving writes the bits of what is pending, and clears those of what is not', () => {
    const vm = mapped();
    const at = AT.PENDING + 3 * 0x10000 + 1024;
    vm.ram.storeByte(at, 0x81);
    vm.lpis.at(vm.lpis.find(8195)).pendingLatch = 1;
    expect([vm.lpis.savePending(), vm.ram.loadByte(at)]).toEqual([0, 0x89]);
    vm.lpis.at(vm.lpis.find(8195)).pendingLatch = 0;
    expect([vm.lpis.savePending(), vm.ram.loadByte(at)]).toEqual([0, 0x81]);
  });
});
