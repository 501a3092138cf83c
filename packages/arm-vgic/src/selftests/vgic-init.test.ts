// What the kernel's selftest kvm/arm64/vgic_init.c checks, in words of our own: addresses, redistributor regions, order of creation and initialisation, system registers of user space.

import { errnoName } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { ADDR, CTRL, GRP } from '../kvm/codes.ts';

type Args = Readonly<Record<string, unknown>>;

const CPUS = 4;
const IPA = 40;
/** First address beyond the guest's. */
const LIMIT = 2n ** BigInt(IPA);

/** A VM with some of its vCPUs and a device, and nothing set. */
const bare = (gic: number, vm: Args = {}): ArmVm =>
  openArm({ kernel: '6.12', vm: { gic, cpus: CPUS, init: false, ipa_bits: IPA, ...vm } });

const name = (ret: number): string => (ret < 0 ? String(errnoName(ret)) : String(ret));
const set = (t: ArmVm, attr: number, value: bigint, more: Args = {}): string =>
  name(t.ret('set_attr', { group: GRP.ADDR, attr, value, ...more }));
const region = (count: number, base: bigint, flags: number, index: number): bigint =>
  (BigInt(count) << 52n) | base | (BigInt(flags) << 12n) | BigInt(index);
const setRegion = (t: ArmVm, ...of: Parameters<typeof region>): string => set(t, ADDR.V3_REDIST_REGION, region(...of));
const init = (t: ArmVm): string => name(t.ret('ctrl', { attr: CTRL.INIT }));
const run = (t: ArmVm, cpu: number): string => name(t.ret('vcpu_run', { cpu }));

/** Attributes and sizes of the two frames of a model. */
const FRAMES = {
  2: { dist: ADDR.V2_DIST, other: ADDR.V2_CPU, align: 0x1000n, size: 0x2000n },
  3: { dist: ADDR.V3_DIST, other: ADDR.V3_REDIST, align: 0x10000n, size: BigInt(CPUS) * 0x20000n },
} as const;

/** subtest_dist_rdist: the two frames at addresses that overlap, which only the first run finds. */
function overlapping(t: ArmVm, gic: 2 | 3): void {
  const { dist, other, align } = FRAMES[gic];
  for (const attr of [dist, other]) expect(t.ret('has_attr', { group: GRP.ADDR, attr })).toBe(0);
  expect(name(t.ret('has_attr', { group: GRP.ADDR, attr: 0xffffffffn }))).toBe('ENXIO');
  for (const attr of [dist, other]) {
    expect(set(t, attr, align / 16n)).toBe('EINVAL');
    expect(set(t, attr, LIMIT)).toBe('E2BIG');
  }
  expect(set(t, other, LIMIT - align)).toBe('E2BIG');
  expect([set(t, other, 0n), set(t, other, 0xe0000n)]).toEqual(['0', 'EEXIST']);
  if (gic === 3) expect(setRegion(t, CPUS, 0x100000n, 0, 0)).toBe('EINVAL');
}

describe.each([2, 3] as const)('GICv%i: vgic_init test_vgic_then_vcpus, test_vcpus_then_vgic', (gic) => {
  const { dist, align, size } = FRAMES[gic];

  it('T67 T69 T71 vCPUs first: the overlap of the frames is found when a vCPU first runs', () => {
    const t = bare(gic);
    overlapping(t, gic);
    expect([set(t, dist, size - align), run(t, 3)]).toEqual(['0', 'EINVAL']);
  });

  it('T71 the VGIC first: later vCPUs make the redistributors grow into the distributor', () => {
    const t = bare(gic, { online: 1 });
    overlapping(t, gic);
    expect(set(t, dist, size - align)).toBe('0');
    expect([1, 2, 3].map((id) => t.ret('create_vcpu', { id }))).toEqual([0, 0, 0]);
    expect(run(t, 3)).toBe('EINVAL');
  });
});

it('T78 vgic_init test_v2_uaccess_cpuif_no_vcpus: no CPU interface without its vCPU', () => {
  const t = bare(2, { online: 0 });
  const at = { group: GRP.CPU_REGS, attr: 0n };
  const answers = ['has_attr', 'get_attr', 'set_attr'].map((op) =>
    name(t.ret(op, op === 'set_attr' ? { ...at, value: 0n } : at)),
  );
  expect(answers).toEqual(['EINVAL', 'EINVAL', 'EINVAL']);
});

/** subtest_v3_redist_regions: two regions, three redistributors. */
function twoRegions(t: ArmVm): void {
  const rows: readonly (readonly [Parameters<typeof region>, string])[] = [
    [[CPUS, 0x100000n, 2, 0], 'EINVAL'],
    [[0, 0x100000n, 0, 0], 'EINVAL'],
    [[2, 0x200000n, 0, 1], 'EINVAL'],
    [[2, 0x201000n, 0, 1], 'EINVAL'],
    [[2, 0x200000n, 0, 0], '0'],
    [[2, 0x200000n, 0, 1], 'EINVAL'],
    [[1, 0x210000n, 0, 2], 'EINVAL'],
    [[1, 0x240000n, 0, 2], 'EINVAL'],
    [[1, 0x240000n, 0, 1], '0'],
    [[1, LIMIT, 0, 2], 'E2BIG'],
    [[2, LIMIT - 0x30000n, 0, 2], 'E2BIG'],
  ];
  expect(rows.map(([of]) => setRegion(t, ...of))).toEqual(rows.map(([, expected]) => expected));
  expect(set(t, ADDR.V3_REDIST, 0x260000n)).toBe('EINVAL');
  const read = (index: number) =>
    t.op('get_attr', { group: GRP.ADDR, attr: ADDR.V3_REDIST_REGION, value: BigInt(index) });
  expect([0, 1].map((i) => BigInt(read(i).out?.['value'] as string))).toEqual([
    region(2, 0x200000n, 0, 0),
    region(1, 0x240000n, 0, 1),
  ]);
  expect(name(read(2).ret)).toBe('ENOENT');
  expect(set(t, ADDR.V3_DIST, 0x260000n)).toBe('0');
  expect(setRegion(t, 1, 0x260000n, 0, 2)).toBe('EINVAL');
}

describe('vgic_init test_v3_new_redist_regions', () => {
  it('T68 T69 T70 without a redistributor for each vCPU nothing runs', () => {
    const t = bare(3);
    twoRegions(t);
    expect([init(t), run(t, 3)]).toEqual(['0', 'ENXIO']);
  });

  it('T70 nor without initialisation', () => {
    const t = bare(3);
    twoRegions(t);
    expect([setRegion(t, 1, 0x280000n, 0, 2), run(t, 3)]).toEqual(['0', 'EBUSY']);
  });

  it('T70 with both it runs; a pointer that cannot be read is EFAULT', () => {
    const t = bare(3);
    twoRegions(t);
    expect(name(t.ret('set_attr', { group: GRP.ADDR, attr: ADDR.V3_REDIST_REGION }))).toBe('EFAULT');
    expect([setRegion(t, 1, 0x280000n, 0, 2), init(t), run(t, 3)]).toEqual(['0', '0', '0']);
  });
});

/** GICR_TYPER's low word of a vCPU id, or the errno. */
function typer(t: ArmVm, id: number): string {
  const { ret, out } = t.op('get_attr', { group: GRP.REDIST_REGS, attr: (BigInt(id) << 32n) | 8n });
  return ret < 0 ? name(ret) : (out?.['value'] as string);
}
const typers = (t: ArmVm, ids: readonly number[]): string[] => ids.map((id) => typer(t, id));

describe('vgic_init: GICR_TYPER', () => {
  it('T72 T73 test_v3_typer_accesses: vCPUs get their redistributors in the order of their creation', () => {
    const t = bare(3, { online: 1, ids: [0, 3, 1, 2] });
    expect([t.ret('create_vcpu', { id: 3 }), typer(t, 1)]).toEqual([0, 'EINVAL']);
    expect([t.ret('create_vcpu', { id: 1 }), typer(t, 1)]).toEqual([0, 'EBUSY']);
    expect([t.ret('create_vcpu', { id: 2 }), init(t)]).toEqual([0, '0']);
    expect(typers(t, [0, 1, 2, 3])).toEqual(['0x0', '0x100', '0x200', '0x300']);
    expect(setRegion(t, 2, 0x200000n, 0, 0)).toBe('0');
    expect(typers(t, [0, 3])).toEqual(['0x0', '0x310']);
    expect(setRegion(t, 10, 0x100000n, 0, 1)).toBe('EINVAL');
    expect(typers(t, [1, 2])).toEqual(['0x100', '0x200']);
    expect(setRegion(t, 10, 0x20000n, 0, 1)).toBe('0');
    expect(typers(t, [1, 2])).toEqual(['0x100', '0x210']);
  });

  const six = (): ArmVm => {
    const t = bare(3, { cpus: 6, ids: [0, 3, 5, 4, 1, 2] });
    expect(init(t)).toBe('0');
    return t;
  };

  it('T74 test_v3_last_bit_redist_regions: no Last where the next region follows at once', () => {
    const t = six();
    for (const [index, base] of [0x100000n, 0x240000n, 0x200000n].entries())
      expect(setRegion(t, 2, base, 0, index)).toBe('0');
    expect(typers(t, [0, 1, 2, 3, 5, 4])).toEqual(['0x0', '0x100', '0x200', '0x310', '0x500', '0x410']);
  });

  it('T75 test_v3_last_bit_single_rdist: the last that was created', () => {
    const t = six();
    expect(set(t, ADDR.V3_REDIST, 0x10000n)).toBe('0');
    expect(typers(t, [0, 3, 5, 1, 2])).toEqual(['0x0', '0x300', '0x500', '0x100', '0x210']);
  });
});

it('vgic_init test_v3_redist_ipa_range_check_at_vcpu_run: room for three, and a fourth vCPU', () => {
  const t = bare(3, { online: 1 });
  expect(set(t, ADDR.V3_REDIST, LIMIT - 3n * 0x20000n)).toBe('0');
  expect(set(t, ADDR.V3_DIST, 0n)).toBe('0');
  expect([1, 2, 3].map((id) => t.ret('create_vcpu', { id }))).toEqual([0, 0, 0]);
  expect([init(t), run(t, 2)]).toEqual(['0', 'EINVAL']);
});

it('T77 vgic_init test_v3_its_region', () => {
  const t = bare(3, { its: 1 });
  const its = { device: 0 };
  const answers = [0x401000n, LIMIT, LIMIT - 0x10000n, 0x400000n, 0x300000n].map((at) => set(t, ADDR.ITS, at, its));
  expect(answers).toEqual(['EINVAL', 'E2BIG', 'E2BIG', '0', 'EEXIST']);
});

describe.each([
  ['vgic_v2', 'vgic_v3'],
  ['vgic_v3', 'vgic_v2'],
])('T66 vgic_init test_kvm_device: %s', (own, other) => {
  it('unknown types, and a second device', () => {
    const t = bare(0);
    expect(name(t.ret('create_device', { type: 0 }))).toBe('ENODEV');
    expect(t.ret('create_device', { type: own })).toBe(0);
    expect([own, other].map((type) => name(t.ret('create_device', { type })))).toEqual(['EEXIST', 'EEXIST']);
  });
});

/** op0 3, op1 0: CRn, CRm, op2. */
const instr = (crn: number, crm: number, op2: number): bigint => BigInt((3 << 14) | (crn << 7) | (crm << 3) | op2);

describe('T79 vgic_init test_v3_sysregs: what was read can be written', () => {
  const registers: readonly (readonly [string, bigint, boolean])[] = [
    ['ICC_PMR_EL1', instr(4, 6, 0), true],
    ['ICC_BPR0_EL1', instr(12, 8, 3), true],
    ...[0, 1, 2, 3].map((n) => [`ICC_AP0R${n}_EL1`, instr(12, 8, 4 + n), n === 0] as const),
    ...[0, 1, 2, 3].map((n) => [`ICC_AP1R${n}_EL1`, instr(12, 9, n), n === 0] as const),
    ['ICC_BPR1_EL1', instr(12, 12, 3), true],
    ['ICC_CTLR_EL1', instr(12, 12, 4), true],
    ['ICC_SRE_EL1', instr(12, 12, 5), true],
    ['ICC_IGRPEN0_EL1', instr(12, 12, 6), true],
    ['ICC_IGRPEN1_EL1', instr(12, 12, 7), true],
  ];

  it.each(registers)('%s', (_register, attr, exists) => {
    const t = openArm({ vm: { cpus: 1 } });
    const at = { group: GRP.CPU_SYSREGS, attr };
    expect(t.ret('has_attr', at)).toBe(0);
    const { ret, out } = t.op('get_attr', at);
    expect(name(ret)).toBe(exists ? '0' : 'EINVAL');
    const value = exists ? (out?.['value'] as string) : 0n;
    expect(name(t.ret('set_attr', { ...at, value }))).toBe(exists ? '0' : 'EINVAL');
  });
});

describe('vgic_init test_v3_nassgicap on a host without GICv4.1', () => {
  const at = { group: GRP.DIST_REGS, attr: 0xcn };
  it.each([
    ['7.3', '0', 'EINVAL', 'EBUSY'],
    ['6.12', 'EBUSY', 'EBUSY', 'EINVAL'],
  ] as const)('%s: TYPER2 before and after initialisation', (vgic, read, before, after) => {
    const t = bare(3, { vgic });
    expect(name(t.ret('get_attr', at))).toBe(read);
    expect(name(t.ret('set_attr', { ...at, value: 0x100n }))).toBe(before);
    expect(init(t)).toBe('0');
    expect(name(t.ret('set_attr', { ...at, value: 0x100n }))).toBe(after);
  });
});
