// What the kernel's selftest kvm/arm64/vgic_irq.c checks, in words of our own: every way of user space to inject, preemption, restored active interrupts, DIR by another CPU, groups.

import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { GRP } from '../kvm/codes.ts';

const SPI = 32;
const LOWEST = 0xf0;
const SPURIOUS = 1023;

interface Setup {
  readonly level: boolean;
  readonly split: boolean;
  readonly nrIrqs?: number;
  readonly nrLr?: number;
}

/** A guest with all interrupts on, of the lowest priority. */
function guest({ level, split, nrIrqs = 64, nrLr = 4 }: Setup, vgic = '7.3'): ArmVm {
  const t = openArm({ vm: { cpus: 1, nr_irqs: nrIrqs, nr_lr: nrLr, vgic } });
  t.op('d', { reg: 'CTLR', value: 2 });
  for (let intid = 0; intid < nrIrqs; intid++) t.op('irq_setup', { intid, prio: LOWEST, edge: !level });
  t.op('cpu_setup', { pmr: 0xf8, eoimode: split ? 1 : 0 });
  return t;
}

const iar = (t: ArmVm, cpu = 0): number => t.op('iar', { cpu }).out?.['x0'] as number;
const setPriority = (t: ArmVm, intid: number, prio: number, edge: boolean): void => {
  t.op('irq_setup', { intid, prio, edge });
};
const isActive = (t: ArmVm, intid: number): boolean => t.irq(intid).active === 1;
const bitOf = (intid: number): number => (1 << (intid & 31)) >>> 0;
/** User space adds a bit to a register of the distributor, or of SGI_base: zeros in ISPENDR would clear what is pending. */
function setBit(t: ArmVm, reg: string, intid: number): void {
  const isPrivate = intid < SPI;
  const op = isPrivate ? 'r' : 'd';
  const at = isPrivate ? { frame: 'sgi', reg: `${reg}:0` } : { reg: `${reg}:${4 * (intid >>> 5)}` };
  const had = Number(t.op(op, at).out?.['value']);
  t.op(op, { ...at, value: (had | bitOf(intid)) >>> 0 });
}

type Inject = (t: ArmVm, intid: number) => void;
const type = (intid: number): string => (intid < SPI ? 'ppi' : 'spi');

/** Ways to inject, by the trigger they are for, and the first INTIDs of classes that they reach. */
const WAYS: readonly (readonly [string, boolean, readonly number[], Inject])[] = [
  [
    'KVM_IRQ_LINE up and down',
    false,
    [SPI],
    (t, irq) => [1, 0].forEach((level) => void t.op('irq_line', { irq, level })),
  ],
  ['KVM_IRQ_LINE high', true, [16, SPI], (t, irq) => void t.op('irq_line', { irq, level: 1, type: type(irq) })],
  [
    'LEVEL_INFO',
    true,
    [16, SPI],
    (t, irq) => {
      const attr = irq & ~31;
      const at = { group: GRP.LEVEL_INFO, attr };
      const had = Number(t.op('get_attr', at).out?.['value'] ?? 0);
      t.op('set_attr', { ...at, value: (had | bitOf(irq)) >>> 0 });
    },
  ],
  [
    'an irqfd',
    false,
    [SPI],
    (t, irq) => {
      t.op('irqfd', { name: `fd${irq}`, gsi: irq - SPI });
      t.op('efd_write', { name: `fd${irq}` });
    },
  ],
  ['ISPENDR, edge', false, [0, SPI], (t, irq) => setBit(t, 'ISPENDR', irq)],
  ['ISPENDR, level', true, [16, SPI], (t, irq) => setBit(t, 'ISPENDR', irq)],
];

const lower = (t: ArmVm, irq: number): void => void t.op('irq_line', { irq, level: 0, type: type(irq) });

/** The handler: takes one, has its line lowered, ends it. */
function handle(t: ArmVm, { level, split }: Setup): number {
  const intid = iar(t);
  if (intid === SPURIOUS) return intid;
  if (level) lower(t, intid);
  t.op('eoir', { intid });
  if (split) t.op('dir', { intid });
  return intid;
}

describe.each([false, true])('vgic_irq, EOImode split %s', (split) => {
  describe.each(WAYS)('%s', (_way, level, firsts, inject) => {
    const setup: Setup = { level, split };

    it.each(firsts)('test_injection from INTID %i: each comes once', (first) => {
      const t = guest(setup);
      const last = first === SPI ? 63 : first + 15;
      const all = Array.from({ length: last - first + 1 }, (_, i) => first + i);
      for (const intid of all) setPriority(t, intid, (intid % 31) << 3, !level);
      for (const intid of all) inject(t, intid);
      const taken = all.map(() => handle(t, setup));
      expect([...taken].sort((a, b) => a - b)).toEqual(all);
      expect([iar(t), all.some((intid) => isActive(t, intid))]).toEqual([SPURIOUS, false]);
    });

    it.each(firsts)('T41 T42 T43 test_preemption from INTID %i: each preempts the one before', (first) => {
      const t = guest(setup);
      const count = first === SPI ? 31 : 16;
      const all = Array.from({ length: count }, (_, i) => first + i);
      for (const [i, intid] of all.entries()) setPriority(t, intid, (count - 1 - i) * 8, !level);
      for (const intid of all) {
        inject(t, intid);
        expect(iar(t)).toBe(intid);
        if (level) lower(t, intid);
      }
      for (const intid of [...all].reverse()) t.op('eoir', { intid });
      if (split) for (const intid of all) t.op('dir', { intid });
      expect(all.filter((intid) => isActive(t, intid))).toEqual([]);
      expect([t.op('mrs', { reg: 'AP1R0' }).out?.['value'], iar(t)]).toEqual(['0x0', SPURIOUS]);
    });
  });

  it('T35 T38 T39 test_injection_failure: numbers that there are not', () => {
    const t = guest({ level: false, split });
    const bad = [64, 1020, 1024, 1120, 5120];
    expect(bad.map((irq) => t.ret('irq_line', { irq }))).toEqual(bad.map(() => -22));
    const route = (intid: number): number =>
      t.ret('set_gsi_routing', { entries: [{ gsi: intid - SPI, type: 'irqchip', chip: 0, pin: intid - SPI }] });
    expect(bad.map(route)).toEqual([0, -22, -22, -22, -22]);
    route(64);
    t.op('irqfd', { name: 'a', gsi: 32 });
    expect([t.ret('efd_write', { name: 'a' }), iar(t)]).toEqual([0, SPURIOUS]);
  });

  it.each([
    [0, 16],
    [16, 16],
    [SPI, 31],
  ])('T47 test_restore_active from INTID %i: active interrupts that were restored are ended', (first, count) => {
    const t = guest({ level: false, split });
    const all = Array.from({ length: count }, (_, i) => first + i);
    for (const [i, intid] of all.entries()) setPriority(t, intid, (count - 1 - i) * 8, true);
    for (const [i, intid] of all.entries()) {
      setBit(t, 'ISACTIVER', intid);
      const ap = Number(t.op('mrs', { reg: 'AP1R0' }).out?.['value']);
      t.op('msr', { reg: 'AP1R0', value: (ap | (1 << i)) >>> 0 });
    }
    for (const intid of [...all].reverse()) {
      t.op('eoir', { intid });
      if (split) t.op('dir', { intid });
    }
    expect(all.filter((intid) => isActive(t, intid))).toEqual([]);
    expect([t.op('mrs', { reg: 'AP1R0' }).out?.['value'], iar(t)]).toEqual(['0x0', SPURIOUS]);
  });
});

it('T45 vgic_irq guest_code_asym_dir: another CPU deactivates', () => {
  const t = openArm({ vm: { cpus: 2, nr_irqs: 64, vgic: '7.3' } });
  t.op('d', { reg: 'CTLR', value: 2 });
  t.op('irq_setup', { intid: SPI, edge: true });
  for (const cpu of [0, 1]) t.op('cpu_setup', { cpu, eoimode: 1 });
  for (const cpu of [0, 1]) t.op('vcpu_run', { cpu });
  t.op('guest_store', { addr: 0x8000204, value: 1 });
  expect(iar(t)).toBe(SPI);
  t.op('eoir', { intid: SPI });
  t.op('dir', { intid: SPI, cpu: 1 });
  t.op('vcpu_exit', { cpu: 0 });
  expect(isActive(t, SPI)).toBe(false);
});

it('T46 vgic_irq guest_code_group_en: a group that is off keeps its interrupt', () => {
  const t = openArm({ vm: { cpus: 1, nr_irqs: 64, nr_lr: 4, vgic: '7.3' } });
  t.op('d', { reg: 'CTLR', value: 2 });
  t.op('cpu_setup', { pmr: 0xf8 });
  t.op('msr', { reg: 'IGRPEN0', value: 0 });
  for (let intid = 0; intid < 16; intid++)
    t.op('irq_setup', { intid, prio: (intid + 1) * 8, edge: true, group: intid === 0 ? 0 : 1 });
  for (let intid = 0; intid < 16; intid++) setBit(t, 'ISPENDR', intid);
  const taken = Array.from({ length: 15 }, () => {
    const intid = iar(t);
    t.op('eoir', { intid });
    return intid;
  });
  expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  expect(t.irq(0)).toMatchObject({ pendingLatch: 1, active: 0 });
  expect([iar(t), t.op('iar', { group: 0 }).out?.['x0']]).toEqual([SPURIOUS, SPURIOUS]);
  t.op('msr', { reg: 'IGRPEN0', value: 1 });
  expect(t.op('iar', { group: 0 }).out?.['x0']).toBe(0);
});
