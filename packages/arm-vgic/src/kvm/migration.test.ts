// A VM moves to another VMM: what its guest sees afterwards, and what KVM's interface leaves behind. Rows F-64, F-52, F-54, F-23.

import { EINVAL } from '@virq/irq-core/errors';
import type { KernelVersion } from '@virq/irq-core/kvm';
import type { Vm } from '@virq/irq-core/machine';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import type { ArmChip } from '../chip.ts';
import { attrOf } from './codes.ts';

type Row = Readonly<Record<string, unknown>>;
type Op = Row & { readonly op: string };

/** Two VMs of one make under one hand. */
interface Pair {
  readonly t: ArmVm;
  /** Runs on the first or second VM. */
  on(vm: number, op: Op): { ret: number; out?: Row };
  chip(vm: number): ArmChip;
  /** The first one stops and saves, the second takes it over. */
  move(args?: Row): number;
}

function pair(vm: Row, kernel: KernelVersion = '6.12'): Pair {
  const t = openArm({ kernel, vm, other: vm });
  const vmOf = (n: number): Vm => t.session.machine.vms[n] as Vm;
  const on: Pair['on'] = (n, { op, ...args }) => {
    t.session.vm = vmOf(n);
    return t.op(op, args);
  };
  return {
    t,
    on,
    chip: (n) => vmOf(n).chip as unknown as ArmChip,
    move: (args = {}) => on(0, { op: 'vgic_save' }).ret || on(1, { op: 'vgic_restore', from: 0, ...args }).ret,
  };
}

/** Offsets by group, of everything there can be: apart from the order in which a VMM goes through it. */
const sweep = (from: number, to: number, step = 4): number[] =>
  Array.from({ length: (to - from) / step }, (_, i) => from + i * step);
const V3_GROUPS: readonly (readonly [number, readonly number[]])[] = [
  [1, [...sweep(0, 0x1000), ...sweep(0x6000, 0x6200)]],
  [5, [...sweep(0, 0x100), ...sweep(0x10000, 0x10e00)]],
  [6, [0xc230, ...sweep(0xc640, 0xc668, 1)]],
  [7, sweep(0, 0x400, 32)],
];
const V2_GROUPS: readonly (readonly [number, readonly number[]])[] = [
  [1, sweep(0, 0x1000)],
  [2, sweep(0, 0x100)],
];

/** What user space can read of a VM's devices. */
function visible(p: Pair, vm: number): Record<string, string> {
  const { kvm, state, its } = p.chip(vm);
  const read = (device: 'vgic' | number, group: number, attr: number): [string, string] => {
    const out: Record<string, bigint> = {};
    const ret = kvm.getAttr(device, { group, attr }, out);
    return [`${device} ${group} 0x${attr.toString(16)}`, `${ret} ${out['value']?.toString(16)}`];
  };
  const groups = state.dist.model === 2 ? V2_GROUPS : V3_GROUPS;
  return Object.fromEntries([
    ...[0, 1].flatMap((cpu) => groups.flatMap(([g, lows]) => lows.map((low) => read('vgic', g, attrOf(cpu, low))))),
    ...[...its.all.keys()].flatMap((n) => sweep(0, 0x140, 8).map((offset) => read(n, 8, offset))),
  ]);
}

/** Words of guest memory that are not zero. */
function memory(p: Pair, vm: number): Record<string, number> {
  const { frames } = p.chip(vm).state.memory;
  const out: Record<string, number> = {};
  for (let i = 0; i < frames.length; i++) {
    const { key, words } = frames.at(i);
    for (let n = 0; key !== 0 && n < 1024; n++)
      if (words.get(n) !== 0) out[((key - 1) * 4096 + 4 * n).toString(16)] = words.get(n);
  }
  return out;
}

/** What a guest takes on its vCPUs until nothing comes, in order of priority. */
function drain(p: Pair, vm: number, cpus: number): number[][] {
  return Array.from({ length: cpus }, (_, cpu) => {
    const taken: number[] = [];
    for (let n = 0; n < 80; n++) {
      const intid = p.on(vm, { op: 'iar', cpu }).out?.['x0'] as number;
      if (intid === 1023) break;
      taken.push(intid);
      p.on(vm, { op: 'eoir', intid, cpu });
    }
    return taken.sort((a, b) => a - b);
  });
}

const spi = fc.integer({ min: 32, max: 35 });
const cpu = fc.integer({ min: 0, max: 1 });
const bits = fc.nat(0x1ff);
const dist =
  (offset: number): ((value: number) => Op) =>
  (value) => ({ op: 'guest_store', addr: 0x8000000 + offset, value });

/** What guests and devices do, apart from interrupts that are taken and not ended. */
const SPIS = [
  fc.record({
    op: fc.constant('irq_setup'),
    intid: spi,
    edge: fc.boolean(),
    prio: fc.constantFrom(0x80, 0xa0, 0xc0),
    target: cpu,
    enable: fc.boolean(),
  }),
  fc.record({ op: fc.constant('irq_line'), irq: spi, level: fc.nat(1) }),
  fc.record({
    op: fc.constant('irq_line'),
    irq: fc.constant(27),
    type: fc.constant('ppi'),
    vcpu: cpu,
    level: fc.nat(1),
  }),
  bits.map(dist(0x204)),
  bits.map(dist(0x284)),
  bits.map(dist(0x304)),
  bits.map(dist(0x384)),
  fc.record({ op: fc.constant('cpu_setup'), cpu, pmr: fc.constantFrom(0xf0, 0xb0, 0x80), eoimode: fc.nat(1) }),
];
const event = fc.nat(5);
const LPIS = [
  fc.record({
    op: fc.constant('mapti'),
    dev: fc.nat(2),
    event,
    intid: fc.integer({ min: 8192, max: 8199 }),
    icid: fc.nat(1),
  }),
  fc.record({ op: fc.constant('movi'), dev: fc.nat(2), event, icid: fc.nat(1) }),
  fc.record({ op: fc.constantFrom('int', 'discard', 'clear'), dev: fc.nat(2), event }),
  fc.record({
    op: fc.constant('signal_msi'),
    address_lo: fc.constant(0x08090040),
    devid: fc.nat(2),
    data: event,
    flags: fc.constant(1),
  }),
];

const begin: readonly Op[] = [
  { op: 'd', reg: 'CTLR', value: 2 },
  { op: 'cpu_setup', cpu: 0 },
  { op: 'cpu_setup', cpu: 1 },
];
const beginLpis: readonly Op[] = [
  ...Array.from({ length: 8 }, (_, n): Op => ({ op: 'lpi_config', intid: 8192 + n })),
  ...[0, 1, 2].map((dev): Op => ({ op: 'mapd', dev })),
  ...[0, 1].map((n): Op => ({ op: 'mapc', icid: n, cpu: n })),
];

/** All lines fall, and every vCPU lets everything through. */
const quieten: readonly Op[] = [
  ...Array.from({ length: 4 }, (_, n): Op => ({ op: 'irq_line', irq: 32 + n, level: 0 })),
  ...[0, 1].map((vcpu): Op => ({ op: 'irq_line', irq: 27, type: 'ppi', vcpu, level: 0 })),
  dist(0x384)(0x1ff),
  { op: 'cpu_setup', cpu: 0 },
  { op: 'cpu_setup', cpu: 1 },
];

describe('a GICv3 moves', () => {
  it.each(['6.1', '6.12', '6.18', '7.3'] as const)(
    'F-64 F-52 F-54 %s: its guest sees the same, and takes the same',
    (version) => {
      fc.assert(
        fc.property(fc.array(fc.oneof(...SPIS, ...LPIS) as fc.Arbitrary<Op>, { maxLength: 25 }), (ops) => {
          const p = pair({ cpus: 2, its: 1, nr_irqs: 64, lpis: 16, frames: 128, nr_lr: 16, vgic: version });
          for (const op of [...begin, ...beginLpis, ...ops]) p.on(0, op);
          expect(p.move()).toBe(0);
          expect(visible(p, 1)).toEqual(visible(p, 0));
          p.on(1, { op: 'vgic_save' });
          expect(memory(p, 1)).toEqual(memory(p, 0));
          for (const op of quieten) for (const vm of [0, 1]) p.on(vm, op);
          expect(drain(p, 1, 2)).toEqual(drain(p, 0, 2));
        }),
        { numRuns: 15 },
      );
    },
  );

  it('F-64 T50 pending LPIs come along, whatever the other VM did before', () => {
    const p = pair({ cpus: 2, its: 1, nr_irqs: 64 });
    for (const op of [
      ...begin,
      ...beginLpis,
      { op: 'mapti', dev: 2, event: 20, intid: 8195, icid: 1 },
      { op: 'int', dev: 2, event: 20 },
    ])
      p.on(0, op);
    for (const op of [
      ...beginLpis,
      { op: 'mapti', dev: 1, event: 3, intid: 8196, icid: 0 },
      { op: 'int', dev: 1, event: 3 },
      { op: 'irq_line', irq: 33 },
    ])
      p.on(1, op);
    expect(p.move()).toBe(0);
    expect([p.on(1, { op: 'iar', cpu: 1 }).out?.['x0'], p.on(1, { op: 'iar', cpu: 0 }).out?.['x0']]).toEqual([
      8195, 1023,
    ]);
    expect(p.on(1, { op: 'signal_msi', address_lo: 0x08090040, devid: 1, data: 3, flags: 1 }).ret).toBe(0);
  });

  it('F-64 an interrupt that is active stays so, with its priority; its EOI ends it', () => {
    const p = pair({ cpus: 2, nr_irqs: 64 });
    for (const op of [...begin, { op: 'irq_setup', intid: 40 }, { op: 'irq_line', irq: 40 }, { op: 'iar' }])
      p.on(0, op);
    expect(p.move()).toBe(0);
    p.on(1, { op: 'irq_setup', intid: 41, prio: 0xa0, edge: true });
    p.on(1, { op: 'irq_line', irq: 41 });
    expect(p.on(1, { op: 'iar' }).out?.['x0']).toBe(1023);
    p.on(1, { op: 'irq_line', irq: 40, level: 0 });
    p.on(1, { op: 'eoir', intid: 40 });
    expect([p.chip(1).irqs.at(p.chip(1).irqs.find(0, 40)).active, p.on(1, { op: 'iar' }).out?.['x0']]).toEqual([0, 41]);
  });

  it('F-64 MOVALL stays behind: tables name collections only, and what is pending is in the wrong table', () => {
    const p = pair({ cpus: 2, its: 1, nr_irqs: 64 });
    const ops: readonly Op[] = [
      { op: 'mapti', dev: 0, event: 0, intid: 8192, icid: 0 },
      { op: 'movall', cpu1: 0, cpu2: 1 },
      { op: 'int', dev: 0, event: 0 },
    ];
    for (const op of [...begin, ...beginLpis, ...ops]) p.on(0, op);
    expect(p.move()).toBe(0);
    const intids = (vm: number): unknown[] => [0, 1].map((n) => p.on(vm, { op: 'iar', cpu: n }).out?.['x0']);
    expect([intids(0), intids(1)]).toEqual([
      [1023, 8192],
      [1023, 1023],
    ]);
  });

  it('F-64 two VMs of different make do not fit', () => {
    const t = openArm({ vm: { nr_irqs: 64 }, other: { nr_irqs: 96 } });
    t.op('vgic_save');
    t.session.vm = t.session.machine.vms[1] as Vm;
    expect([
      t.ret('vgic_restore', { from: 0 }),
      t.ret('vgic_restore', { from: 1 }),
      t.ret('vgic_restore', { from: 5 }),
    ]).toEqual([-EINVAL, -EINVAL, -EINVAL]);
  });
});

describe('a GICv2 moves', () => {
  const V2 = { gic: 2, cpus: 2, nr_irqs: 64, nr_lr: 16 };
  const start: readonly Op[] = [{ op: 'd', reg: 'CTLR', value: 1 }, ...begin.slice(1)];
  const groups = { op: 'guest_store', addr: 0x8000084, value: 0x100 };

  it('F-64 its guest sees the same', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(...SPIS) as fc.Arbitrary<Op>, { maxLength: 20 }), (ops) => {
        const p = pair(V2);
        for (const op of [...start, ...ops]) p.on(0, op);
        expect(p.move()).toBe(0);
        expect(visible(p, 1)).toEqual(visible(p, 0));
      }),
      { numRuns: 20 },
    );
  });

  it('F-64 F-08 SGIs come with their senders', () => {
    const p = pair(V2);
    for (const op of [...start, { op: 'guest_store', addr: 0x8000f00, value: 0x00010001, cpu: 1 }]) p.on(0, op);
    expect(p.move()).toBe(0);
    const spendsgir = (vm: number): unknown =>
      p.on(vm, { op: 'get_attr', group: 1, attr: attrOf(0, 0xf20) }).out?.['value'];
    expect([spendsgir(0), spendsgir(1)]).toEqual(['0x200', '0x200']);
  });

  it('F-23 F-64 without GICD_IIDR, as QEMU does it, groups stay behind', () => {
    const igroupr = (args: Row): unknown => {
      const p = pair(V2);
      for (const op of [...start, groups]) p.on(0, op);
      expect(p.move(args)).toBe(0);
      return p.on(1, { op: 'get_attr', group: 1, attr: 0x84 }).out?.['value'];
    };
    expect([igroupr({}), igroupr({ iidr: false })]).toEqual(['0x100', '0x0']);
  });

  it('F-64 a line that is high comes back as a latch: it outlives the device', () => {
    const p = pair(V2);
    for (const op of [...start, { op: 'irq_setup', intid: 40 }, { op: 'irq_line', irq: 40 }]) p.on(0, op);
    expect(p.move()).toBe(0);
    const irq = (vm: number) => p.chip(vm).irqs.at(p.chip(vm).irqs.find(0, 40));
    expect([irq(0).lineLevel, irq(0).pendingLatch, irq(1).lineLevel, irq(1).pendingLatch]).toEqual([1, 0, 0, 1]);
  });
});

it('F-55 vgic_reset: nothing is left on, nothing pending, nothing mapped', () => {
  const p = pair({ cpus: 2, its: 1, nr_irqs: 64 });
  for (const op of [
    ...begin,
    ...beginLpis,
    { op: 'mapti', dev: 0, event: 0, intid: 8192, icid: 0 },
    { op: 'int', dev: 0, event: 0 },
    { op: 'irq_setup', intid: 40 },
    { op: 'irq_line', irq: 40 },
  ])
    p.on(0, op);
  expect(p.on(0, { op: 'vgic_reset' }).ret).toBe(0);
  const { irqs, its, state } = p.chip(0);
  const { lineLevel, pendingLatch, enabled } = irqs.at(irqs.find(0, 40));
  expect([lineLevel, pendingLatch, enabled, state.dist.enabled, state.redists.at(0).lpis, its.lpis.find(8192)]).toEqual(
    [0, 0, 0, 0, 0, 0],
  );
});
