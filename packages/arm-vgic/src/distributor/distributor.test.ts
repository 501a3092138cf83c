// The distributor: which accesses reach it, and its registers apart from pending and active ones. Sheet 3.3, 3.4, 4.1, 5.1; kvm-unit-tests arm/gic.c mmio.

import { EBUSY, EINVAL, ENXIO } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { AT, openRegisters, type RegisterVm, WHO, type Who } from '../__fixtures__/registers.ts';
import { CONFIG } from '../irq/layout.ts';

const write = (t: RegisterVm, who: Who, at: number, value: number): void => {
  if (who === 'guest') t.dist.guestWrite(at, value);
  else t.dist.userWrite(at, value);
};
const both = (t: RegisterVm, at: number): number[] => WHO.map((who) => t.dist[who](at));

describe('F-07 F-14 accesses that reach no register read as zero, write nothing, and are events', () => {
  it.each([
    ['T26 16 bits of TYPER', 3, AT.TYPER, 2],
    ['8 bits of CTLR', 3, AT.CTLR, 1],
    ['64 bits of ISENABLER', 3, AT.ISENABLER, 8],
    ['a misaligned word', 3, AT.IPRIORITYR + 34, 4],
    ['SGIR of a GICv3', 3, AT.SGIR, 4],
    ['SETSPI_NSR', 3, 0x40, 4],
    ['PIDR2 of a GICv2', 2, 0xfe8, 4],
    ['16 bits of ITARGETSR', 2, AT.ITARGETSR + 32, 2],
  ] as const)('%s', (_name, gic, at, size) => {
    const t = openRegisters({ vm: { gic } });
    t.irq(34).priority = 0xf8;
    t.events();
    t.dist.guestWrite(at, 0xffffffff, size);
    expect(t.dist.guest(at, size)).toBe(0);
    expect(t.events().filter((name) => name === 'vgic_guest_error')).toHaveLength(2);
  });

  it.each([2, 3])('T25 registers of interrupts that a GICv%d does not have', (gic) => {
    const t = openRegisters({ vm: { gic, nr_irqs: 64 } });
    for (const [at, bits] of [
      [AT.IGROUPR, 1],
      [AT.ISENABLER, 1],
      [AT.ISPENDR, 1],
      [AT.ISACTIVER, 1],
      [AT.IPRIORITYR, 8],
      [AT.ICFGR, 2],
    ] as const)
      for (const who of WHO) {
        const beyond = at + 8 * bits;
        write(t, who, beyond, 0xffffffff);
        expect([gic, at, both(t, beyond)]).toEqual([gic, at, [0, 0]]);
      }
    expect(t.chip.registers.frames.distributor(0).has(AT.IPRIORITYR + 64)).toBe(false);
    expect(t.chip.registers.frames.distributor(0).has(AT.IPRIORITYR + 60)).toBe(true);
  });

  it('F-03 private interrupts are not in the distributor of a GICv3', () => {
    const t = openRegisters();
    for (const who of WHO) write(t, who, AT.ISENABLER, 0xffff0000);
    for (const who of WHO) write(t, who, AT.IPRIORITYR, 0xffffffff);
    expect([both(t, AT.ISENABLER), t.irq(16).enabled, t.irq(0).priority]).toEqual([[0, 0], 0, 0]);
    expect(t.chip.registers.frames.distributor(0).has(AT.ISENABLER)).toBe(true);
  });

  it('user space: a misaligned offset and a hole are successes that read as zero', () => {
    const t = openRegisters();
    expect([t.dist.userWrite(2, 1), t.dist.user(2), t.dist.userWrite(0x9000, 1), t.dist.user(0x9000)]).toEqual([
      0, 0, 0, 0,
    ]);
    expect([2, 0x40, 0x9000].map((at) => t.chip.registers.frames.distributor(0).has(at))).toEqual([
      false,
      false,
      false,
    ]);
    expect(t.op('d', { reg: 'NONSUCH' }).ret).toBe(-ENXIO);
  });
});

describe('F-25 IPRIORITYR: five bits', () => {
  it.each([
    ['T20', [[0, 0xffffffff, 4]], 0xf8f8f8f8],
    ['T21', [[0, 0xff7fbf3f, 4]], 0xf878b838],
    [
      'T22',
      [
        [0, 0xff7fbf3f, 4],
        [2, 0x1f, 1],
      ],
      0xf818b838,
    ],
  ] as const)('%s', (_name, writes, expected) => {
    for (const gic of [2, 3]) {
      const t = openRegisters({ vm: { gic } });
      for (const [add, value, size] of writes) t.dist.guestWrite(AT.IPRIORITYR + 32 + add, value, size);
      expect(both(t, AT.IPRIORITYR + 32)).toEqual([expected, expected]);
      expect(t.dist.guest(AT.IPRIORITYR + 33, 1)).toBe((expected >>> 8) & 0xff);
    }
  });
});

describe('F-10 ITARGETSR', () => {
  it('T23: vCPUs that there are', () => {
    const t = openRegisters({ vm: { gic: 2, cpus: 3 } });
    t.dist.guestWrite(AT.ITARGETSR + 32, 0x0103020f);
    expect(both(t, AT.ITARGETSR + 32)).toEqual([0x01030207, 0x01030207]);
    expect([32, 33, 34, 35].map((intid) => t.irq(intid).target)).toEqual([1, 2, 1, 1]);
  });

  it('nobody is vCPU 0, and reads as nobody; a byte leaves its neighbours', () => {
    const t = openRegisters({ vm: { gic: 2 } });
    t.dist.guestWrite(AT.ITARGETSR + 33, 2, 1);
    t.dist.guestWrite(AT.ITARGETSR + 32, 0, 1);
    expect([t.dist.guest(AT.ITARGETSR + 32), t.irq(32).target, t.irq(33).target]).toEqual([0x200, 1, 2]);
  });

  it('of private interrupts it is the own CPU, and fixed', () => {
    const t = openRegisters({ vm: { gic: 2 } });
    t.dist.guestWrite(AT.ITARGETSR, 0, 4, 1);
    expect([t.dist.guest(AT.ITARGETSR, 4, 0), t.dist.guest(AT.ITARGETSR, 4, 1)]).toEqual([0x01010101, 0x02020202]);
  });

  it('of a GICv3 it is nothing', () => {
    const t = openRegisters();
    t.dist.guestWrite(AT.ITARGETSR + 32, 0xffffffff);
    expect([t.dist.guest(AT.ITARGETSR + 32), t.irq(32).target]).toEqual([0, 1]);
  });
});

describe('IROUTER', () => {
  it('keeps 24 bits of affinity; the upper word is nothing; nobody is no target', () => {
    const t = openRegisters();
    t.dist.guestWrite(AT.IROUTER + 8 * 40, 0x80000001);
    expect([t.dist.guest(AT.IROUTER + 8 * 40), t.irq(40).target]).toEqual([1, 2]);
    t.dist.guestWrite(AT.IROUTER + 8 * 40 + 4, 0xff);
    t.dist.userWrite(AT.IROUTER + 8 * 40 + 4, 0xff);
    expect([t.dist.guest(AT.IROUTER + 8 * 40 + 4), t.irq(40).target]).toEqual([0, 2]);
    t.dist.guestWrite(AT.IROUTER + 8 * 40, 0x500, 8);
    expect([t.dist.guest(AT.IROUTER + 8 * 40, 8), t.irq(40).target]).toEqual([0x500, 0]);
    t.dist.guestWrite(AT.IROUTER + 8 * 31, 1);
    expect(t.dist.guest(AT.IROUTER + 8 * 31)).toBe(0);
  });

  it('N5 F-06: a target that comes later does not queue what is pending; ISENABLER does', () => {
    const t = openRegisters();
    t.op('d', { reg: 'CTLR', value: 2 });
    t.op('irq_setup', { intid: 40, edge: true });
    t.dist.guestWrite(AT.IROUTER + 8 * 40, 7);
    t.op('irq_line', { irq: 40, level: 1 });
    t.dist.guestWrite(AT.IROUTER + 8 * 40, 0);
    expect([t.irq(40).pendingLatch, t.listed()]).toEqual([1, []]);
    t.dist.guestWrite(AT.ISENABLER + 4, 0x100);
    expect(t.listed()).toEqual([40]);
  });
});

describe('GICD_CTLR', () => {
  it.each([
    [2, 'guest', 3, 1, 1],
    [2, 'user', 1, 1, 1],
    [3, 'guest', 0xffffffff, 0x52, 1],
    [3, 'guest', 1, 0x50, 0],
    [3, 'user', 2, 0x52, 1],
  ] as const)('of a GICv%d by %s: %d reads %d', (gic, who, value, reads, enabled) => {
    const t = openRegisters({ vm: { gic } });
    write(t, who, AT.CTLR, value);
    expect([both(t, AT.CTLR), t.chip.state.dist.enabled]).toEqual([[reads, reads], enabled]);
  });

  /** A vCPU in the guest that could take SPI 40, on its list since before the distributor went off. */
  function waiting(gic: number) {
    const t = openRegisters({ vm: { gic } });
    const on = gic === 2 ? 1 : 2;
    t.op('d', { reg: 'CTLR', value: on });
    t.op('cpu_setup');
    t.op('irq_setup', { intid: 40, edge: true, group: gic === 2 ? 0 : 1 });
    t.op('irq_line', { irq: 40, level: 1 });
    t.op('d', { reg: 'CTLR', value: 0 });
    expect(t.listed()).toEqual([40]);
    const kicks = (): boolean => t.chip.context.kvm.vcpus.isRequested(0, 9);
    t.chip.context.kvm.vcpus.check(0, 9);
    return { t, on, kicks };
  }

  it.each([
    [2, 'guest', true],
    [2, 'user', true],
    [3, 'guest', true],
    [3, 'user', false],
  ] as const)('switched on, of a GICv%d by %s: kicks vCPUs with something on their list: %s', (gic, who, expected) => {
    const { t, on, kicks } = waiting(gic);
    const frame = t.chip.registers.frames.distributor(1);
    if (who === 'guest') frame.write(1, AT.CTLR, 4, on);
    else frame.set(AT.CTLR, on);
    expect(kicks()).toBe(expected);
    t.chip.context.kvm.vcpus.check(0, 9);
    frame.write(1, AT.CTLR, 4, on);
    expect(kicks()).toBe(false);
  });

  it('N4 F-05: what was on a list when the distributor went off is lost after an exit, until the next event', () => {
    const { t } = waiting(3);
    t.op('vcpu_run');
    t.op('vcpu_exit');
    expect([t.listed(), t.irq(40).pendingLatch]).toEqual([[], 1]);
    t.dist.guestWrite(AT.CTLR, 2);
    expect([t.op('iar').out?.['x0'], t.irq(40).pendingLatch]).toEqual([1023, 1]);
    t.op('irq_line', { irq: 40, level: 1 });
    expect(t.op('iar').out?.['x0']).toBe(40);
  });
});

describe('F-20 identification', () => {
  it.each([
    ['T27 64 interrupts', { nr_irqs: 64 }, 0x00480001],
    ['T27 64 interrupts with an ITS', { nr_irqs: 64, its: true }, 0x007a0001],
    ['256 interrupts', { nr_irqs: 256 }, 0x00480007],
    ['256 interrupts with an ITS', { nr_irqs: 256, its: true }, 0x007a0007],
    ['GICv2, 4 CPUs', { gic: 2, cpus: 4 }, 0x62],
  ] as const)('%s', (_name, vm, typer) => {
    const t = openRegisters({ vm });
    expect(both(t, AT.TYPER)).toEqual([typer, typer]);
  });

  it("T24 TYPER and IIDR are not the guest's to write", () => {
    for (const gic of [2, 3]) {
      const t = openRegisters({ vm: { gic } });
      const before = [both(t, AT.TYPER), both(t, AT.IIDR)];
      t.dist.guestWrite(AT.TYPER, 0);
      t.dist.guestWrite(AT.IIDR, 0x4b00243b);
      expect(t.dist.userWrite(AT.TYPER, 0)).toBe(0);
      expect([both(t, AT.TYPER), both(t, AT.IIDR)]).toEqual(before);
      expect(before[1]).toEqual([0x4b00343b, 0x4b00343b]);
    }
  });

  it.each([
    [0x4b00243b, 0],
    [0x4b00343b, 0],
    [0x4b00043b, -EINVAL],
    [0x4b00143b, -EINVAL],
    [0x4b00443b, -EINVAL],
    [0x4c00243b, -EINVAL],
    [0x4b00243a, -EINVAL],
  ])('user space writes IIDR %i: %i', (value, ret) => {
    for (const gic of [2, 3]) {
      const t = openRegisters({ vm: { gic } });
      expect(t.dist.userWrite(AT.IIDR, value)).toBe(ret);
      expect(t.dist.guest(AT.IIDR)).toBe(ret === 0 ? value : 0x4b00343b);
    }
  });

  it('PIDR2 alone of the ID registers says something; STATUSR reads all ones', () => {
    const t = openRegisters();
    const words = Array.from({ length: 12 }, (_, n) => t.dist.guest(0xffd0 + 4 * n));
    expect(words).toEqual([0, 0, 0, 0, 0, 0, 0x3b, 0, 0, 0, 0, 0]);
    t.dist.guestWrite(0x10, 0);
    expect(t.dist.guest(0x10)).toBe(0xffffffff);
  });

  it('TYPER2: zero without GICv4.1; 6.x takes what is there, 7.3 changes nothing any more', () => {
    for (const [vgic, ret] of [
      ['6.12', -EINVAL],
      ['7.3', -EBUSY],
    ] as const) {
      const t = openRegisters({ vm: { vgic } });
      expect([both(t, AT.TYPER2), t.dist.userWrite(AT.TYPER2, 0)]).toEqual([[0, 0], 0]);
      expect([vgic, t.dist.userWrite(AT.TYPER2, 0x100)]).toEqual([vgic, ret]);
    }
  });
});

describe('enable, trigger and group', () => {
  it('ISENABLER and ICENABLER both read what is on; writing 1 again queues again', () => {
    const t = openRegisters();
    t.op('d', { reg: 'CTLR', value: 2 });
    for (const who of WHO) {
      write(t, who, AT.ISENABLER + 4, 0x101);
      expect([both(t, AT.ISENABLER + 4), both(t, AT.ICENABLER + 4)]).toEqual([
        [0x101, 0x101],
        [0x101, 0x101],
      ]);
      write(t, who, AT.ICENABLER + 4, 0x1);
      expect(t.dist.user(AT.ISENABLER + 4)).toBe(0x100);
    }
    t.irq(40).pendingLatch = 1;
    expect(t.listed()).toEqual([]);
    t.dist.userWrite(AT.ISENABLER + 4, 0x100);
    expect(t.listed()).toEqual([40]);
  });

  it('F-36 a guest that enables a mapped level interrupt learns its line; user space does not ask', () => {
    const t = openRegisters();
    const i = t.irq(40);
    const phys = t.map(i, 4);
    const frame = t.chip.registers.frames.distributor(0);
    Object.assign(i, { config: CONFIG.LEVEL, lineLevel: 1 });
    phys.active = 1;
    frame.set(AT.ISENABLER + 4, 0x100);
    expect([i.lineLevel, phys.active]).toEqual([1, 1]);
    frame.write(0, AT.ISENABLER + 4, 4, 0x100);
    expect([i.lineLevel, phys.active]).toEqual([0, 0]);
    Object.assign(phys, { line: 1, active: 1 });
    frame.write(0, AT.ISENABLER + 4, 4, 0x100);
    expect([i.lineLevel, phys.active]).toEqual([1, 1]);
    Object.assign(i, { active: 1 });
    phys.line = 0;
    frame.write(0, AT.ISENABLER + 4, 4, 0x100);
    expect([i.lineLevel, phys.active]).toEqual([0, 1]);
  });

  it.each(WHO)('ICFGR by %s: the upper bit counts, state stays, private interrupts are fixed', (who) => {
    const t = openRegisters({ vm: { gic: 2 } });
    Object.assign(t.irq(40), { pendingLatch: 1, lineLevel: 1, config: CONFIG.LEVEL });
    write(t, who, AT.ICFGR + 8, 0xffff5555);
    expect(both(t, AT.ICFGR + 8)).toEqual([0xaaaa0000, 0xaaaa0000]);
    expect([t.irq(40).config, t.irq(40).pendingLatch, t.irq(40).lineLevel]).toEqual([CONFIG.EDGE, 1, 1]);
    write(t, who, AT.ICFGR, 0);
    write(t, who, AT.ICFGR + 4, 0xffffffff);
    expect([t.dist.guest(AT.ICFGR), t.dist.guest(AT.ICFGR + 4)]).toEqual([0xaaaaaaaa, 0]);
  });

  it('F-23 groups of a GICv2 are dropped for user space until it has written IIDR; guests set them', () => {
    const t = openRegisters({ vm: { gic: 2 } });
    t.dist.userWrite(AT.IGROUPR + 4, 0xff);
    expect(t.dist.guest(AT.IGROUPR + 4)).toBe(0);
    t.dist.guestWrite(AT.IGROUPR + 4, 0xf);
    expect(t.dist.guest(AT.IGROUPR + 4)).toBe(0xf);
    t.dist.userWrite(AT.IIDR, 0x4b00243b);
    t.dist.userWrite(AT.IGROUPR + 4, 0xff00);
    expect(t.dist.guest(AT.IGROUPR + 4)).toBe(0xff00);
  });

  it('IGROUPR assigns all 32 and queues what waits on no list', () => {
    const t = openRegisters();
    t.op('d', { reg: 'CTLR', value: 2 });
    Object.assign(t.irq(40), { enabled: 1, pendingLatch: 1 });
    t.dist.guestWrite(AT.IGROUPR + 4, 1);
    expect([t.irq(32).group, t.irq(40).group, t.listed()]).toEqual([1, 0, [40]]);
  });
});

it('F-03 SPI 95 is the last of 96 interrupts, in every register', () => {
  const t = openRegisters();
  t.dist.guestWrite(AT.ISENABLER + 8, 0x80000000);
  t.dist.guestWrite(AT.IPRIORITYR + 95, 0x55, 1);
  t.dist.guestWrite(AT.IROUTER + 8 * 95, 1);
  const { enabled, priority, target } = t.irq(95);
  expect([enabled, priority, target]).toEqual([1, 0x50, 2]);
});
