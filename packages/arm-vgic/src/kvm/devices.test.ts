// Devices, addresses and initialisation by the rules of KVM's selftest vgic_init and the errno tables of the API: T66 to T78, rows F-60, F-61, F-62.

import type { AnyBackend } from '@virq/irq-core/backend';
import { E2BIG, EBADF, EBUSY, EEXIST, EFAULT, EINVAL, EIO, ENODEV, ENOENT, ENXIO } from '@virq/irq-core/errors';
import type { KernelVersion } from '@virq/irq-core/kvm';
import { createExec } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { armVgic } from '../index.ts';

type Row = Readonly<Record<string, unknown>>;

const GRP = { ADDR: 0, DIST: 1, CPU: 2, NR_IRQS: 3, CTRL: 4, REDIST: 5, SYSREGS: 6, LEVEL: 7, ITS: 8, MAINT: 9 };
const ADDR = { V2_DIST: 0, V2_CPU: 1, V3_DIST: 2, V3_REDIST: 3, ITS: 4, V3_REGION: 5 };
const MAX = 2n ** 40n;

const region = (index: number, base: bigint | number, count: number, flags = 0): bigint =>
  (BigInt(count) << 52n) | BigInt(base) | (BigInt(flags) << 12n) | BigInt(index);

/** A VM whose GICv3 exists and no more. */
const raw = (vm: Row = {}, kernel: KernelVersion = '6.12'): ArmVm =>
  openArm({ kernel, vm: { cpus: 4, init: false, ...vm } });
const set = (t: ArmVm, group: number, attr: number | string, value?: bigint | number | string): number =>
  t.ret('set_attr', {
    group,
    attr,
    ...(value === undefined ? {} : { value: typeof value === 'bigint' ? `0x${value.toString(16)}` : value }),
  });
const get = (t: ArmVm, group: number, attr: number | string, value?: number): Row | number => {
  const a = t.op('get_attr', { group, attr, ...(value === undefined ? {} : { value }) });
  return a.ret < 0 ? a.ret : (a.out as Row);
};
const has = (t: ArmVm, group: number, attr: number | string): number => t.ret('has_attr', { group, attr });

describe('creation', () => {
  it('T66 F-60 a second VGIC is refused, of either model', () => {
    const t = raw();
    expect([t.ret('create_device', { type: 'vgic_v3' }), t.ret('create_device', { type: 'vgic_v2' })]).toEqual([
      -EEXIST,
      -EEXIST,
    ]);
    expect(t.ret('create_irqchip')).toBe(-EEXIST);
  });

  it.each([
    ['a host with GICv2 only', { host_gic: 2 }, { vgic_v2: 0, vgic_v3: -ENODEV, its: -ENODEV }],
    ['a GICv3 that is compatible', { its: 1 }, { vgic_v2: 0, vgic_v3: 0, its: 0 }],
    ['a GICv3 that is not', { v2_compat: false, its: 1 }, { vgic_v2: -ENODEV, vgic_v3: 0, its: 0 }],
  ])('F-60 KVM_CREATE_DEVICE on %s', (_name, vm, expected) => {
    for (const [type, ret] of Object.entries(expected))
      expect([type, openArm({ vm: { gic: 0, ...vm } }).ret('create_device', { type })]).toEqual([type, ret]);
  });

  it('F-60 not while a vCPU is in KVM_RUN (before EEXIST), and not after one has run', () => {
    const t = openArm({ vm: { gic: 0 } });
    expect(t.ret('vcpu_run')).toBe(0);
    expect(t.ret('create_device', { type: 'vgic_v3' })).toBe(-EBUSY);
    t.op('vcpu_exit');
    expect(t.ret('create_device', { type: 'vgic_v3' })).toBe(-EBUSY);
    const made = openArm();
    made.op('vcpu_run');
    expect(made.ret('create_device', { type: 'vgic_v3' })).toBe(-EBUSY);
    made.op('vcpu_exit');
    expect(made.ret('create_device', { type: 'vgic_v3' })).toBe(-EEXIST);
  });

  it('F-60 a GICv2 has up to 8 vCPUs, and ids below 8', () => {
    expect(openArm({ vm: { gic: 0, cpus: 9 } }).ret('create_device', { type: 'vgic_v2' })).toBe(-E2BIG);
    const t = raw({ gic: 2, cpus: 8, online: 1 });
    expect([7, 8].map((id) => t.ret('create_vcpu', { id }))).toEqual([0, -EINVAL]);
  });

  it('F-60 KVM_CREATE_IRQCHIP makes a GICv2 without a device, whose addresses have an ioctl of their own', () => {
    const t = openArm({ vm: { gic: 0 } });
    expect(t.ret('create_irqchip')).toBe(0);
    expect(set(t, GRP.CTRL, 0, 0)).toBe(-EBADF);
    expect(t.ret('set_device_addr', { id: 0x10000, addr: 0x8000000 })).toBe(-ENODEV);
    expect(t.ret('set_device_addr', { id: 2, addr: 0x8000000 })).toBe(-ENODEV);
    expect(t.ret('set_device_addr', { id: 0, addr: 0x8000000 })).toBe(0);
    expect(t.ret('set_device_addr', { id: 1, addr: 0x8010000 })).toBe(0);
    expect(t.ret('vcpu_run')).toBe(0);
    expect(openArm().ret('set_device_addr', { id: 0, addr: 0x8000000 })).toBe(-ENODEV);
  });

  it('F-60 any number of ITSs, with no VGIC', () => {
    const t = openArm({ vm: { gic: 0, its: 2 } });
    expect([0, 1].map(() => t.ret('create_device', { type: 'its' }))).toEqual([0, 0]);
    expect(openArm({ vm: { gic: 0 } }).ret('set_attr', { device: 0, group: 4, attr: 0, value: 0 })).toBe(-EBADF);
  });

  it.each([
    ['6.12', { taken: -EEXIST, slot: 3 }],
    ['6.1', { taken: -EEXIST, slot: 3 }],
  ] as const)('F-61 %s: an id that is taken costs a redistributor its place', (kernel, { taken, slot }) => {
    const t = raw({ online: 2 }, kernel);
    set(t, GRP.ADDR, ADDR.V3_REGION, region(0, 0x100000, 8));
    expect(t.ret('create_vcpu', { id: 1 })).toBe(taken);
    expect(t.ret('create_vcpu', { id: 2 })).toBe(0);
    expect(t.chip.state.redists.at(2).slot).toBe(slot);
  });

  it('F-61 7.3: an id that is taken is found first', () => {
    const t = raw({ online: 2, vgic: '7.3' });
    set(t, GRP.ADDR, ADDR.V3_REGION, region(0, 0x100000, 8));
    expect([t.ret('create_vcpu', { id: 1 }), t.ret('create_vcpu', { id: 2 })]).toEqual([-EEXIST, 0]);
    expect(t.chip.state.redists.at(2).slot).toBe(2);
  });
});

describe('addresses', () => {
  it('T67 F-60 distributor: misaligned, outside, set, set again', () => {
    const t = raw();
    const dist = (value?: bigint): number => set(t, GRP.ADDR, ADDR.V3_DIST, value);
    expect(get(t, GRP.ADDR, ADDR.V3_DIST)).toEqual({ value: '0xffffffffffffffff' });
    expect([dist(), dist(0x1000n), dist(MAX), dist(0xffff_ffff_ffff_0000n), dist(0x8000000n), dist(0x1000n)]).toEqual([
      -EFAULT,
      -EINVAL,
      -E2BIG,
      -EINVAL,
      0,
      -EEXIST,
    ]);
    expect(get(t, GRP.ADDR, ADDR.V3_DIST)).toEqual({ value: '0x8000000' });
  });

  it('F-60 a GICv2 has 4 KiB pages; its CPU interface 8 KiB', () => {
    const t = raw({ gic: 2 });
    expect(set(t, GRP.ADDR, ADDR.V2_DIST, 0x8000800)).toBe(-EINVAL);
    expect(set(t, GRP.ADDR, ADDR.V2_CPU, MAX - 0x1000n)).toBe(-E2BIG);
    expect([set(t, GRP.ADDR, ADDR.V2_DIST, 0x8001000), set(t, GRP.ADDR, ADDR.V2_CPU, 0x8003000)]).toEqual([0, 0]);
  });

  it.each([
    ['the other model', ADDR.V2_DIST],
    ['unknown', 9],
  ])('F-60 an address of %s: the value is read first', (_name, attr) => {
    const t = raw();
    expect([set(t, GRP.ADDR, attr), set(t, GRP.ADDR, attr, 0), get(t, GRP.ADDR, attr), has(t, GRP.ADDR, attr)]).toEqual(
      [-EFAULT, -ENXIO, -ENXIO, -ENXIO],
    );
  });

  it('T68 F-61 regions: index, count, flags, overlap, order', () => {
    const t = raw();
    const add = (...args: Parameters<typeof region>): number => set(t, GRP.ADDR, ADDR.V3_REGION, region(...args));
    expect(set(t, GRP.ADDR, ADDR.V3_REGION)).toBe(-EFAULT);
    expect([add(1, 0x200000, 2), add(0, 0x200000, 0), add(0, 0x200000, 2, 2), add(0, 0x200000, 2)]).toEqual([
      -EINVAL,
      -EINVAL,
      -EINVAL,
      0,
    ]);
    expect([
      add(1, 0x210000, 2),
      add(2, 0x240000, 2),
      add(1, MAX, 1),
      add(1, MAX - 0x20000n, 2),
      add(1, 0x240000, 2),
    ]).toEqual([-EINVAL, -EINVAL, -E2BIG, -E2BIG, 0]);
    expect([
      get(t, GRP.ADDR, ADDR.V3_REGION, 1),
      get(t, GRP.ADDR, ADDR.V3_REGION, 2),
      get(t, GRP.ADDR, ADDR.V3_REGION),
    ]).toEqual([{ value: '0x20000000240001' }, -ENOENT, -EFAULT]);
  });

  it('T69 F-61 the two kinds do not mix, except for a region with index 1 after a stretch', () => {
    const stretch = raw();
    expect(set(stretch, GRP.ADDR, ADDR.V3_REDIST, 0x200000)).toBe(0);
    expect(set(stretch, GRP.ADDR, ADDR.V3_REDIST, 0x400000)).toBe(-EEXIST);
    expect(set(stretch, GRP.ADDR, ADDR.V3_REGION, region(0, 0x400000, 2))).toBe(-EINVAL);
    expect(set(stretch, GRP.ADDR, ADDR.V3_REGION, region(1, 0x400000, 2))).toBe(0);
    const regions = raw();
    expect(set(regions, GRP.ADDR, ADDR.V3_REGION, region(0, 0x200000, 2))).toBe(0);
    expect(set(regions, GRP.ADDR, ADDR.V3_REDIST, 0x400000)).toBe(-EINVAL);
    expect(get(regions, GRP.ADDR, ADDR.V3_REDIST)).toEqual({ value: '0x200000' });
  });

  it('F-61 an index has 8 bits: 256 is 0', () => {
    const t = raw();
    expect(set(t, GRP.ADDR, ADDR.V3_REGION, region(256, 0x200000, 2))).toBe(0);
    expect(set(t, GRP.ADDR, ADDR.V3_REGION, region(257, 0x400000, 2))).toBe(0);
  });

  it('T71 F-61 over the distributor: a stretch is refused at once, a region if a vCPU waits for it, else at the first run', () => {
    const at = raw();
    set(at, GRP.ADDR, ADDR.V3_DIST, 0x100000);
    expect(set(at, GRP.ADDR, ADDR.V3_REDIST, 0x100000)).toBe(-EINVAL);
    expect(set(at, GRP.ADDR, ADDR.V3_REGION, region(0, 0x100000, 4))).toBe(-EINVAL);
    const later = raw();
    set(later, GRP.ADDR, ADDR.V3_REDIST, 0x100000);
    set(later, GRP.ADDR, ADDR.V3_DIST, 0x110000);
    set(later, GRP.CTRL, 0, 0);
    expect(later.ret('vcpu_run')).toBe(-EINVAL);
    expect([later.ret('vcpu_run'), set(later, GRP.CTRL, 0, 0), later.ret('irq_line', { irq: 40 })]).toEqual([
      -EIO,
      -EIO,
      -EIO,
    ]);
  });

  it('T77 F-60 ITS: misaligned, outside, set, set again; other addresses', () => {
    const t = raw({ its: 1 });
    const its = (attr: number, value?: bigint): number =>
      t.ret('set_attr', {
        device: 0,
        group: 0,
        attr,
        ...(value === undefined ? {} : { value: `0x${value.toString(16)}` }),
      });
    expect([
      its(4),
      its(4, 0x401000n),
      its(4, MAX - 0x10000n),
      its(4, 0x400000n),
      its(4, 0x400000n),
      its(2, 0n),
    ]).toEqual([-EFAULT, -EINVAL, -E2BIG, 0, -EEXIST, -ENODEV]);
    expect(t.ret('has_attr', { device: 0, group: 0, attr: 2 })).toBe(-ENXIO);
  });
});

/** vCPUs whose redistributor is the last of a run, by id. */
const last = (t: ArmVm): number[] => {
  const { regions, vcpus } = t.chip.kvm.device;
  const { redists } = t.chip.state;
  return Array.from({ length: vcpus.count }, (_, i) => i)
    .filter((i) => regions.isLast(i))
    .map((i) => redists.at(i).id);
};
/** Where each redistributor is, by id. */
const places = (t: ArmVm): Record<number, number> =>
  Object.fromEntries(
    Array.from({ length: t.chip.state.dist.online }, (_, i) => t.chip.state.redists.at(i)).map((r) => [r.id, r.baseLo]),
  );

describe('redistributors', () => {
  it('T73 F-61 F-15 vCPUs 0, 3, 1, 2 in two regions', () => {
    const t = raw({ ids: [0, 3, 1, 2] });
    set(t, GRP.ADDR, ADDR.V3_REGION, region(0, 0x200000, 2));
    expect([last(t), places(t)]).toEqual([[3], { 0: 0x200000, 3: 0x220000, 1: 0, 2: 0 }]);
    set(t, GRP.ADDR, ADDR.V3_REGION, region(1, 0x20000, 10));
    expect([last(t), places(t)]).toEqual([[3, 2], { 0: 0x200000, 3: 0x220000, 1: 0x20000, 2: 0x40000 }]);
  });

  it('T74 F-61 F-15 a region that goes on in the next one has no last redistributor', () => {
    const t = raw({ cpus: 6, ids: [0, 3, 5, 4, 1, 2] });
    for (const [i, base] of [0x100000, 0x240000, 0x200000].entries())
      expect(set(t, GRP.ADDR, ADDR.V3_REGION, region(i, base, 2))).toBe(0);
    expect(last(t)).toEqual([3, 4]);
  });

  it('T75 F-61 F-15 one stretch: the vCPU that was created last', () => {
    const t = raw({ cpus: 6, ids: [0, 3, 5, 4, 1, 2] });
    set(t, GRP.ADDR, ADDR.V3_REDIST, 0x100000);
    expect(last(t)).toEqual([2]);
  });

  it('F-61 a stretch grows with vCPUs, one behind: the one that is being created does not count yet', () => {
    const t = raw({ online: 1 });
    set(t, GRP.ADDR, ADDR.V3_REDIST, 0x100000);
    set(t, GRP.ADDR, ADDR.V3_DIST, 0x140000);
    expect([1, 2, 3].map((id) => t.ret('create_vcpu', { id }))).toEqual([0, 0, -EINVAL]);
    expect(places(t)[2]).toBe(0x140000);
  });
});

describe('a region that is refused', () => {
  it.each([
    ['6.1', 'mmio'],
    ['6.12', 'done'],
    ['6.18', 'mmio'],
  ] as const)(
    'F-61 %s: redistributors that had their places before: a load of GICR_TYPER ends as %s',
    (kernel, exit) => {
      const t = raw({ cpus: 3 }, kernel);
      set(t, GRP.ADDR, ADDR.V3_DIST, 0x8000000);
      set(t, GRP.ADDR, ADDR.V3_REGION, region(0, 0x80a0000, 2));
      expect(set(t, GRP.ADDR, ADDR.V3_REGION, region(1, 0x8000000, 1))).toBe(-EINVAL);
      expect(set(t, GRP.ADDR, ADDR.V3_REGION, region(1, 0x9000000, 1))).toBe(0);
      set(t, GRP.CTRL, 0, 0);
      const loads = [0x80a0008, 0x80c0008, 0x9000008].map((addr) => t.op('guest_load', { addr }).out?.['exit']);
      expect(loads).toEqual([exit, exit, 'done']);
    },
  );
});

describe('options of a VM', () => {
  it.each([
    [{ gic: 2, cpus: 9 }, 'cpus is 9'],
    [{ gic: 1 }, 'gic is 1'],
    [{ gic: 2, v2_compat: false }, 'gic is 2'],
    [{ host_gic: 2 }, 'host_gic is 2'],
    [{ host_gic: 2, gic: 2, its: true }, 'host_gic is 2'],
    [{ nr_irqs: 100 }, 'nr_irqs is 100'],
    [{ cpus: 2, ids: [1, 1] }, 'ids names a vCPU twice'],
    [{ cpus: 200, ipa_bits: 36 }, 'ipa_bits is 36'],
  ])('F-60 F-62 %o is refused with words', (vm, message) => {
    const exec = createExec({ backend: armVgic as unknown as AnyBackend });
    expect(exec.request({ op: 'vm', ...vm })).toMatchObject({
      error: { code: 'VIRQ-X003', message: expect.stringContaining(message) },
    });
  });

  it('F-61 F-62 512 vCPUs: redistributors below RAM, and above it', () => {
    const t = openArm({ vm: { cpus: 512, nr_irqs: 64 } });
    expect([122, 123, 511].map((i) => Number(t.chip.state.redists.at(i).base))).toEqual([
      0x8fe0000, 0x4000000000, 0x4003080000,
    ]);
    expect([last(t), t.ret('vcpu_run', { cpu: 511 })]).toEqual([[122, 511], 0]);
  });
});

describe('initialisation', () => {
  it('T70 F-62 v3: a vCPU without redistributor ENXIO, without INIT EBUSY, with both it runs', () => {
    const missing = raw();
    set(missing, GRP.ADDR, ADDR.V3_DIST, 0);
    set(missing, GRP.ADDR, ADDR.V3_REGION, region(0, 0x200000, 3));
    expect([set(missing, GRP.CTRL, 0, 0), missing.ret('vcpu_run')]).toEqual([0, -ENXIO]);
    const early = raw();
    set(early, GRP.ADDR, ADDR.V3_DIST, 0);
    set(early, GRP.ADDR, ADDR.V3_REGION, region(0, 0x200000, 4));
    expect(early.ret('vcpu_run')).toBe(-EBUSY);
    const t = raw();
    set(t, GRP.ADDR, ADDR.V3_DIST, 0);
    set(t, GRP.ADDR, ADDR.V3_REGION, region(0, 0x200000, 3));
    set(t, GRP.ADDR, ADDR.V3_REGION, region(1, 0x400000, 1));
    expect([set(t, GRP.CTRL, 0, 0), t.ret('vcpu_run', { cpu: 3 })]).toEqual([0, 0]);
  });

  it('F-62 v3: no distributor ENXIO, which kills the VM', () => {
    const t = raw({ cpus: 1 });
    set(t, GRP.ADDR, ADDR.V3_REDIST, 0x200000);
    set(t, GRP.CTRL, 0, 0);
    expect([t.ret('iar'), t.ret('iar'), t.ret('create_vcpu', { id: 3 })]).toEqual([-ENXIO, -EIO, -EIO]);
  });

  it('F-62 v2: addresses ENXIO, overlap EINVAL; the first run initialises', () => {
    const addresses = (dist: number, cpu?: number): ArmVm => {
      const t = raw({ gic: 2 });
      set(t, GRP.ADDR, ADDR.V2_DIST, dist);
      if (cpu !== undefined) set(t, GRP.ADDR, ADDR.V2_CPU, cpu);
      return t;
    };
    expect(addresses(0x8000000).ret('vcpu_run')).toBe(-ENXIO);
    expect(addresses(0x8001000, 0x8000000).ret('vcpu_run')).toBe(-EINVAL);
    const t = addresses(0x8000000, 0x8010000);
    expect([t.ret('vcpu_run'), t.chip.state.dist.initialized, t.chip.state.dist.nrSpis]).toEqual([0, 1, 224]);
  });

  it('F-62 v2: an injection initialises, a v3 refuses it; then there are no more vCPUs', () => {
    const t = raw({ gic: 2, online: 1 });
    expect([t.ret('irq_line', { irq: 32 }), t.chip.state.dist.initialized]).toEqual([0, 1]);
    expect(t.ret('create_vcpu', { id: 1 })).toBe(-EBUSY);
    expect(raw().ret('irq_line', { irq: 32 })).toBe(-EBUSY);
  });

  it('F-62 INIT twice is fine; default routing replaces what was there', () => {
    const t = raw();
    t.op('set_gsi_routing', { entries: [{ gsi: 8, type: 'irqchip', pin: 99 }] });
    expect([set(t, GRP.CTRL, 0, 0), set(t, GRP.CTRL, 0, 0)]).toEqual([0, 0]);
    expect(t.session.vm.kvm.routing.gsiOfPin(0, 99)).toBe(99);
    expect(t.session.vm.kvm.routing.gsiOfPin(0, 223)).toBe(223);
  });
});

describe('number of interrupts', () => {
  it.each([
    [32, -EINVAL],
    [63, -EINVAL],
    [64, 0],
    [96, 0],
    [992, 0],
    [1023, -EINVAL],
    [1024, -EINVAL],
  ])('T76 F-03 NR_IRQS %i is %i', (value, ret) => {
    const t = raw();
    expect(get(t, GRP.NR_IRQS, 0)).toEqual({ value: '0x20' });
    expect(set(t, GRP.NR_IRQS, 0, value)).toBe(ret);
    if (ret === 0) expect(get(t, GRP.NR_IRQS, 0)).toEqual({ value: `0x${value.toString(16)}` });
  });

  it('T76 F-60 a second set, and one after INIT, is EBUSY; a bad value and an unreadable one come first', () => {
    const t = raw();
    expect([set(t, GRP.NR_IRQS, 0), set(t, GRP.NR_IRQS, 0, 64), set(t, GRP.NR_IRQS, 0, 64)]).toEqual([
      -EFAULT,
      0,
      -EBUSY,
    ]);
    expect(set(t, GRP.NR_IRQS, 0, 65)).toBe(-EINVAL);
    const init = raw();
    set(init, GRP.CTRL, 0, 0);
    expect([set(init, GRP.NR_IRQS, 0, 64), get(init, GRP.NR_IRQS, 0)]).toEqual([-EBUSY, { value: '0x100' }]);
  });
});

describe('other groups', () => {
  it.each(['6.12', '6.18'] as const)('F-60 %s: MAINT_IRQ', (kernel) => {
    const t = raw({}, kernel);
    const since = (ret: number): number => (kernel === '6.12' ? -ENXIO : ret);
    expect([
      set(t, GRP.MAINT, 0),
      set(t, GRP.MAINT, 0, 15),
      set(t, GRP.MAINT, 0, 32),
      set(t, GRP.MAINT, 0, 25),
    ]).toEqual([-EFAULT, -EINVAL, -EINVAL, 0].map(since));
    expect(has(t, GRP.MAINT, 0)).toBe(since(0));
    set(t, GRP.CTRL, 0, 0);
    expect(set(t, GRP.MAINT, 0, 26)).toBe(since(-EBUSY));
    if (kernel === '6.18') expect(get(t, GRP.MAINT, 0)).toEqual({ value: '0x19' });
  });

  it('F-54 F-60 SAVE_PENDING_TABLES: not of a GICv2, not before INIT, not while a vCPU runs', () => {
    expect(set(raw({ gic: 2 }), GRP.CTRL, 3, 0)).toBe(-ENXIO);
    expect(set(raw(), GRP.CTRL, 3, 0)).toBe(-ENXIO);
    const t = openArm();
    t.op('vcpu_run');
    expect(set(t, GRP.CTRL, 3, 0)).toBe(-EBUSY);
    t.op('vcpu_exit');
    expect(set(t, GRP.CTRL, 3, 0)).toBe(0);
  });

  it.each([
    ['6.12', 0],
    ['6.18', -ENXIO],
  ] as const)('F-60 %s: an ITS asked for a control that there is not: %i', (kernel, ret) => {
    const t = openArm({ kernel, vm: { its: 1 } });
    const ctrl = (attr: number): number => t.ret('set_attr', { device: 0, group: 4, attr, value: 0 });
    expect([ctrl(3), ctrl(0)]).toEqual([ret, 0]);
    t.op('vcpu_run');
    expect([ctrl(3), ctrl(1), ctrl(0)]).toEqual([-EBUSY, -EBUSY, 0]);
  });

  it('F-60 ITS registers: alignment, address, register, and what one refuses', () => {
    const t = raw({ its: 1 });
    const reg = (attr: number, value?: string): number =>
      value === undefined
        ? t.ret('get_attr', { device: 0, group: 8, attr })
        : t.ret('set_attr', { device: 0, group: 8, attr, value });
    expect([reg(0x2), reg(0x84), reg(0x0), reg(0x80, '0')]).toEqual([-EINVAL, -EINVAL, -ENXIO, -ENXIO]);
    t.op('set_attr', { device: 0, group: 0, attr: 4, value: 0x8080000 });
    expect([reg(0x0), reg(0x84), reg(0x40), reg(0x90, '0x1000'), reg(0x4, '0x1000')]).toEqual([
      0,
      -EINVAL,
      -ENXIO,
      -EINVAL,
      -EINVAL,
    ]);
    expect([0x2, 0x40, 0x8].map((attr) => t.ret('has_attr', { device: 0, group: 8, attr }))).toEqual([
      -EINVAL,
      -ENXIO,
      0,
    ]);
  });

  it('F-60 unknown groups', () => {
    const t = raw();
    expect([set(t, 20, 0, 0), get(t, 20, 0), has(t, 20, 0), get(t, GRP.CTRL, 0)]).toEqual([
      -ENXIO,
      -ENXIO,
      -ENXIO,
      -ENXIO,
    ]);
  });
});
