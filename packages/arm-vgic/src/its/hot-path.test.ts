// An MSI out of the cache, and an LPI looked up by its number, allocate nothing; the table of LPIs finds each among many.

import { createArena, struct } from '@virq/irq-core/arena';
import { ROUTE, type Route } from '@virq/irq-core/kvm';
import { describe, expect, it } from 'vitest';
import { openArm } from '../__fixtures__/arm-vm.ts';
import { lpiTable } from '../irq/layout.ts';
import { createLpiTable } from './lpi-table.ts';

/** Heap growth per call in bytes: the smallest of several rounds. */
function bytesPerCall(call: () => void): number {
  const rounds = Array.from({ length: 8 }, () => {
    for (let i = 0; i < 10_000; i++) call();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 10_000; i++) call();
    return Math.abs(process.memoryUsage().heapUsed - before) / 10_000;
  });
  return Math.min(...rounds);
}

it('F-50 an MSI out of the cache allocates nothing', () => {
  const vm = openArm({ vm: { cpus: 1, its: true } });
  vm.session.machine.trace.on = false;
  vm.chip.state.dist.enabled = 1;
  vm.op('mapd', { dev: 5 });
  vm.op('mapc', { icid: 0 });
  vm.op('lpi_config', { intid: 8200 });
  vm.op('mapti', { dev: 5, event: 1, intid: 8200 });
  const route: Route = {
    type: ROUTE.MSI,
    irqchip: 0,
    pin: 0,
    addressLo: 0x08090040,
    addressHi: 0,
    data: 1,
    flags: 1,
    devid: 5,
  };
  expect(vm.chip.arch.setIrq(route, 0, 1, false)).toBe(1);
  const cycle = (): void => {
    vm.chip.arch.setIrqInatomic(route, 0, 1);
    vm.chip.irqs.find(0, 8200);
  };
  expect(bytesPerCall(cycle)).toBeLessThan(8);
  expect([vm.listed(), vm.irq(8200).refs]).toEqual([[8200], 3]);
});

describe('F-03 the table of LPIs', () => {
  it('finds each of a thousand, whatever came and went', () => {
    const { root } = createArena(struct('lpis', { table: lpiTable(1023) }));
    const table = createLpiTable(root.table);
    const intids = Array.from({ length: 1000 }, (_, i) => 8192 + ((i * 7919) % 57344));
    for (const [i, intid] of intids.entries()) expect(table.store(intid, i + 1)).toBe(0);
    for (const [i, intid] of intids.entries()) if (i % 3 === 0) expect(table.erase(intid)).toBe(i + 1);
    for (const [i, intid] of intids.entries()) expect(table.find(intid)).toBe(i % 3 === 0 ? 0 : i + 1);
    expect([table.count, table.erase(1), table.store(intids[1] as number, 9)]).toEqual([666, 0, 2]);
    const order = Array.from({ length: table.count }, (_, place) => root.table.intids.get(place));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });
});
