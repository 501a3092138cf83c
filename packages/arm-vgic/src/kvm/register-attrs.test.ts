// Groups of registers: how attributes name vCPUs, in which order things are found wrong, what can be accessed when. T72, T78, T79, T40, rows F-24, F-60, F-62, F-63.

import { EBUSY, EFAULT, EINVAL, ENOENT, ENXIO } from '@virq/irq-core/errors';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { attrNumber, sysreg } from './codes.ts';

type Row = Readonly<Record<string, unknown>>;

const GRP = { DIST: 1, CPU: 2, REDIST: 5, SYSREGS: 6, LEVEL: 7 };
const hex = (n: bigint): string => `0x${n.toString(16)}`;
/** Attribute of a vCPU's register. */
const of = (vcpu: number, low: number): string => hex((BigInt(vcpu) << 32n) | BigInt(low));

const set = (t: ArmVm, group: number, attr: number | string, value?: number | string): number =>
  t.ret('set_attr', { group, attr, ...(value === undefined ? {} : { value }) });
/** The value, or the errno. */
function get(t: ArmVm, group: number, attr: number | string): number {
  const { ret, out } = t.op('get_attr', { group, attr });
  return ret < 0 ? ret : Number(out?.['value']);
}
const has = (t: ArmVm, group: number, attr: number | string): number => t.ret('has_attr', { group, attr });

const SYSREG = {
  PMR: sysreg(6, 0, 4),
  AP0R0: sysreg(8, 4),
  AP1R1: sysreg(9, 1),
  CTLR: sysreg(12, 4),
  SRE: sysreg(12, 5),
  DIR: sysreg(11, 1),
};

describe('GICv2', () => {
  it('T78 F-60 no vCPU of the id: EINVAL, whatever is asked', () => {
    const t = openArm({ vm: { gic: 2, online: 0, init: false } });
    for (const group of [GRP.DIST, GRP.CPU])
      expect([has(t, group, 0), get(t, group, 0), set(t, group, 0, 0), set(t, group, 0)]).toEqual(
        Array(4).fill(-EINVAL),
      );
  });

  it('F-60 a vCPU is named by its id in bits 39:32; higher bits are ignored', () => {
    const t = openArm({ vm: { gic: 2, cpus: 2, ids: [0, 5] } });
    expect([get(t, GRP.DIST, of(5, 0x400)), get(t, GRP.DIST, of(1, 0x400))]).toEqual([0, -EINVAL]);
    expect([get(t, GRP.DIST, '0x10500000400'), set(t, GRP.DIST, of(5, 0x400), 0xffffffff)]).toEqual([0, 0]);
    expect([get(t, GRP.DIST, of(5, 0x400)), get(t, GRP.DIST, of(0, 0x400))]).toEqual([0xf8f8f8f8, 0]);
  });

  it('F-62 an access initialises; in KVM_RUN it does not come to that', () => {
    const t = openArm({ vm: { gic: 2, init: false } });
    expect([set(t, GRP.CPU, 4), t.chip.state.dist.initialized]).toEqual([-EFAULT, 0]);
    expect([set(t, GRP.CPU, 4, 0x1e), t.chip.state.dist.initialized, get(t, GRP.CPU, 4)]).toEqual([0, 1, 0x1e]);
    const busy = openArm({ vm: { gic: 2 } });
    busy.op('vcpu_run');
    expect([set(busy, GRP.DIST, 0), set(busy, GRP.DIST, 0, 1), get(busy, GRP.CPU, 0)]).toEqual([
      -EFAULT,
      -EBUSY,
      -EBUSY,
    ]);
  });

  it('F-60 KVM_HAS_DEVICE_ATTR: registers only, aligned', () => {
    const t = openArm({ vm: { gic: 2 } });
    expect([0x0, 0x2, 0xf00, 0xfe8].map((offset) => has(t, GRP.DIST, offset))).toEqual([0, -ENXIO, 0, -ENXIO]);
    expect([0x0, 0xc, 0xfc].map((offset) => has(t, GRP.CPU, offset))).toEqual([0, -ENXIO, 0]);
    expect([get(t, GRP.DIST, 0xfe8), get(t, GRP.DIST, 0x2), set(t, GRP.CPU, 0xc, 1)]).toEqual([0, 0, 0]);
  });
});

describe('GICv3', () => {
  it('T72 F-60 F-62 GICR_TYPER of a vCPU that does not exist EINVAL, before INIT EBUSY', () => {
    const t = openArm({ vm: { cpus: 2, online: 1, init: false } });
    expect([get(t, GRP.REDIST, of(1, 8)), get(t, GRP.REDIST, of(0, 8)), set(t, GRP.REDIST, of(0, 8))]).toEqual([
      -EINVAL,
      -EBUSY,
      -EFAULT,
    ]);
    t.op('create_vcpu', { id: 1 });
    expect(get(t, GRP.REDIST, of(1, 8))).toBe(-EBUSY);
    t.op('ctrl', { attr: 0 });
    expect(get(t, GRP.REDIST, of(1, 8))).toBe(0x100);
  });

  it('T73 F-15 GICR_TYPER says who is last in a region', () => {
    const t = openArm({ vm: { cpus: 4, ids: [0, 3, 1, 2], init: false } });
    const typer = (): number[] => [0, 3, 1, 2].map((id) => get(t, GRP.REDIST, of(id, 8)));
    t.op('set_attr', { group: 0, attr: 5, value: '0x20000000200000' });
    t.op('ctrl', { attr: 0 });
    expect(typer()).toEqual([0x000, 0x310, 0x100, 0x200]);
    t.op('set_attr', { group: 0, attr: 5, value: '0xa0000000020001' });
    expect(typer()).toEqual([0x000, 0x310, 0x100, 0x210]);
  });

  it('F-60 the affinity is Aff3.Aff2.Aff1.Aff0; that of the distributor is ignored', () => {
    const t = openArm({ vm: { cpus: 2, ids: [0, 0x123] } });
    expect([get(t, GRP.REDIST, of(0x1203, 0x14)), get(t, GRP.REDIST, of(0x123, 0x14))]).toEqual([0, -EINVAL]);
    expect(get(t, GRP.DIST, '0xffffffff00000004')).toBe(get(t, GRP.DIST, 4));
    expect(set(t, GRP.REDIST, '0xff00000000000000', 0)).toBe(-EINVAL);
  });

  it('F-60 attributes whose affinity no number holds stand for one that no VM has, and keep their offset', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 0xffff_ffffn }), fc.nat(0xffffffff), (affinity, low) => {
        const attr = attrNumber((affinity << 32n) | BigInt(low));
        expect(attr % 2 ** 32).toBe(low);
        if (affinity < 0x1fffffn) expect(Math.floor(attr / 2 ** 32)).toBe(Number(affinity));
        else expect(openArmIds()).not.toContain(Math.floor(attr / 2 ** 32));
      }),
    );
  });

  it.each([
    ['6.12', -EBUSY],
    ['6.18', 0],
  ] as const)('F-20 F-62 %s: GICD_IIDR and GICD_TYPER2 before INIT: %i', (kernel, ret) => {
    const t = openArm({ kernel, vm: { init: false } });
    expect([set(t, GRP.DIST, 8, 0x4b00243b), set(t, GRP.DIST, 0xc, 0), get(t, GRP.DIST, 0)]).toEqual([
      ret,
      ret,
      -EBUSY,
    ]);
    expect(get(openArm({ kernel, vm: { init: false, online: 0 } }), GRP.DIST, 8)).toBe(-EINVAL);
    if (ret !== 0) return;
    t.op('ctrl', { attr: 0 });
    expect(get(t, GRP.DIST, 8)).toBe(0x4b00243b);
  });

  it('T79 F-63 CPU_SYSREGS: what there is, and what the host cannot do', () => {
    const t = openArm({ vm: { cpus: 2 } });
    const at = (instr: number): string => of(1, instr);
    const ctlr = get(t, GRP.SYSREGS, at(SYSREG.CTLR));
    expect([
      set(t, GRP.SYSREGS, at(SYSREG.SRE), 0),
      set(t, GRP.SYSREGS, at(SYSREG.SRE), 1),
      get(t, GRP.SYSREGS, at(SYSREG.SRE)),
    ]).toEqual([-EINVAL, 0, 7]);
    expect(set(t, GRP.SYSREGS, at(SYSREG.CTLR), ctlr + 0x100)).toBe(-EINVAL);
    expect([get(t, GRP.SYSREGS, at(SYSREG.AP1R1)), set(t, GRP.SYSREGS, at(SYSREG.AP1R1), 0)]).toEqual([
      -EINVAL,
      -EINVAL,
    ]);
    expect([
      get(t, GRP.SYSREGS, at(SYSREG.DIR)),
      set(t, GRP.SYSREGS, at(SYSREG.DIR), 0),
      has(t, GRP.SYSREGS, at(SYSREG.DIR)),
    ]).toEqual([-ENOENT, -ENOENT, -ENXIO]);
    expect(set(t, GRP.SYSREGS, at(SYSREG.DIR))).toBe(-EFAULT);
    expect([get(t, GRP.SYSREGS, of(7, SYSREG.PMR)), has(t, GRP.SYSREGS, of(7, SYSREG.PMR))]).toEqual([
      -EINVAL,
      -EINVAL,
    ]);
  });

  it('F-63 F-60 CPU_SYSREGS: unlike other groups, EBUSY comes before EFAULT', () => {
    const t = openArm({ vm: { init: false } });
    expect([set(t, GRP.SYSREGS, SYSREG.PMR), set(t, GRP.REDIST, 0)]).toEqual([-EBUSY, -EFAULT]);
  });
});

describe('LEVEL_INFO', () => {
  it('T06 F-24 a line that is high, and no latch', () => {
    const t = openArm({ vm: { nr_irqs: 64 } });
    t.op('irq_setup', { intid: 33 });
    t.op('irq_line', { irq: 33 });
    expect([get(t, GRP.LEVEL, 32), get(t, GRP.DIST, 0x204)]).toEqual([2, 0]);
    t.op('guest_store', { addr: 0x8000204, value: 2 });
    expect([get(t, GRP.LEVEL, 32), get(t, GRP.DIST, 0x204)]).toEqual([2, 2]);
  });

  it('T40 F-24 vINTID 33 EINVAL; beyond NR_IRQS and SGIs nothing', () => {
    const t = openArm({ vm: { nr_irqs: 64 } });
    expect([get(t, GRP.LEVEL, 33), set(t, GRP.LEVEL, 33, 1), get(t, GRP.LEVEL, 0x400), has(t, GRP.LEVEL, 33)]).toEqual([
      -EINVAL,
      -EINVAL,
      -EINVAL,
      0,
    ]);
    expect(has(t, GRP.LEVEL, 0x400)).toBe(-ENXIO);
    expect([set(t, GRP.LEVEL, 992, 0xffffffff), get(t, GRP.LEVEL, 992)]).toEqual([0, 0]);
    expect([set(t, GRP.LEVEL, 0, 0xffffffff), get(t, GRP.LEVEL, 0)]).toEqual([0, 0xffff0000]);
    expect([get(t, GRP.LEVEL, of(1, 0)), set(t, GRP.LEVEL, of(1, 0))]).toEqual([-EINVAL, -EINVAL]);
  });

  it('F-24 a set drives the line of an edge interrupt too, which a get does not show; 1 queues', () => {
    const t = openArm();
    t.op('irq_setup', { intid: 40, edge: true });
    t.op('irq_setup', { intid: 41 });
    t.chip.state.dist.enabled = 1;
    expect([set(t, GRP.LEVEL, 32, 0x300), get(t, GRP.LEVEL, 32)]).toEqual([0, 0x200]);
    expect([t.irq(40).lineLevel, t.irq(41).lineLevel, t.listed()]).toEqual([1, 1, [41]]);
    expect([set(t, GRP.LEVEL, 32, 0), t.irq(41).lineLevel, t.listed()]).toEqual([0, 0, [41]]);
  });
});

/** Affinities of vCPUs with ids 0 to 511. */
function openArmIds(): number[] {
  return Array.from({ length: 512 }, (_, id) => (id & 0xf) | ((id >>> 4) << 8));
}

describe('whatever user space does', () => {
  const groups = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20);
  const attrs = fc.oneof(
    fc.nat(0x1ffff),
    fc.constantFrom(0, 2, 4, 8, 0xc, 0x80, 0x104, 0x200, 0x304, 0x404, 0x6100, 0x10080, 0xc664, 0xc230),
    fc
      .tuple(fc.nat(3), fc.constantFrom(8, 0x70, 0x78, 0x10200, 0xc230, 0xc644, 32))
      .map(([vcpu, low]) => of(vcpu, low)),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(hex),
  );
  const values = fc.oneof(
    fc.constant(undefined),
    fc.nat(0xffffffff),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(hex),
  );
  const calls = fc.record({
    op: fc.constantFrom('set_attr', 'get_attr', 'has_attr', 'create_vcpu', 'irq_line_raw'),
    device: fc.constantFrom('vgic', 0, 1),
    group: groups,
    attr: attrs,
    value: values,
  });

  it.each([
    ['GICv3, initialised', { cpus: 2, its: 1, lpis: 16, frames: 512 }],
    ['GICv3, bare', { cpus: 3, online: 2, init: false, its: 1 }],
    ['GICv2', { cpus: 2, gic: 2 }],
  ])('F-60 %s: no sequence of calls does more than return an errno', (_name, vm: Row) => {
    fc.assert(
      fc.property(fc.array(calls, { maxLength: 25 }), (sequence) => {
        const t = openArm({ vm });
        for (const { op, device, group, attr, value } of sequence) {
          const at = { device, group, attr };
          if (op === 'create_vcpu') t.op(op, { id: group });
          else if (op === 'irq_line_raw') t.op(op, { irq: typeof attr === 'number' ? attr : 0x1000020 });
          else if (op === 'has_attr') t.op(op, at);
          else expect(t.ret(op, { ...at, ...(value === undefined ? {} : { value }) })).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('F-60 a get gives what was set, where nothing but storage is behind the register', () => {
    const t = openArm({ vm: { cpus: 2 } });
    const places: readonly (readonly [number, string, number])[] = [
      [GRP.DIST, of(0, 0x84), 0xffffffff],
      [GRP.DIST, of(0, 0x424), 0xf8f8f8f8],
      [GRP.DIST, of(0, 0xc08), 0xaaaaaaaa],
      [GRP.DIST, of(0, 0x6100), 0xffffff],
      [GRP.DIST, of(0, 0x204), 0xffffffff],
      [GRP.REDIST, of(1, 0x10080), 0xffffffff],
      [GRP.REDIST, of(1, 0x10410), 0xf8f8f8f8],
      [GRP.SYSREGS, of(1, SYSREG.PMR), 0xff],
      [GRP.SYSREGS, of(1, SYSREG.AP0R0), 0xffffffff],
      [GRP.LEVEL, of(1, 0), 0xffff0000],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.nat(0xffffffff), ([group, attr, mask], value) => {
        expect(set(t, group, attr, value)).toBe(0);
        expect(get(t, group, attr)).toBe((value & mask) >>> 0);
      }),
    );
  });
});
