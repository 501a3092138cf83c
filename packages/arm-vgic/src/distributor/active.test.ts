// Active registers, and the stop of the VM for a guest's access to them. Sheet 3.2; Linux: vgic-mmio.c vgic_mmio_change_active, vgic_access_active_prepare.

import { EBUSY } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { AT, openRegisters, type RegisterVm, SGI, type Who } from '../__fixtures__/registers.ts';

const BIT = 0x100;
const write = (t: RegisterVm, who: Who, at: number): void => {
  if (who === 'guest') t.chip.registers.frames.distributor(0).write(0, at + 4, 4, BIT);
  else t.dist.userWrite(at + 4, BIT);
};

type Row = readonly [
  who: Who,
  at: 'ISACTIVER' | 'ICACTIVER',
  hw: number,
  before: number,
  after: number,
  host: number,
  listed: number[],
];

describe('F-22 writes of 1 to ISACTIVER and ICACTIVER', () => {
  it.each([
    ['guest', 'ISACTIVER', 0, 0, 1, 0, [40]],
    ['guest', 'ICACTIVER', 0, 1, 0, 0, []],
    ['guest', 'ISACTIVER', 1, 0, 1, 1, [40]],
    ['guest', 'ICACTIVER', 1, 1, 0, 0, []],
    ['user', 'ISACTIVER', 0, 0, 1, 0, [40]],
    ['user', 'ICACTIVER', 0, 1, 0, 0, []],
    ['user', 'ISACTIVER', 1, 0, 0, 0, []],
    ['user', 'ICACTIVER', 1, 1, 1, 1, [40]],
  ] as Row[])('%s %s hw %d, active %d', (who, at, hw, before, after, host, listed) => {
    const t = openRegisters();
    const i = t.irq(40);
    const phys = t.map(i, 5);
    Object.assign(i, { hw, active: before });
    phys.active = hw === 1 ? before : 0;
    write(t, who, AT[at]);
    expect([i.active, phys.active, t.listed()]).toEqual([after, host, listed]);
    expect([t.dist.user(AT.ISACTIVER + 4), t.dist.guest(AT.ICACTIVER + 4)]).toEqual([after * BIT, after * BIT]);
  });

  it('T48 user space cannot change the active state of a mapped interrupt', () => {
    const t = openRegisters();
    const phys = t.map(t.irq(27), 2);
    t.redist(0).userWrite(SGI + AT.ISACTIVER, 1 << 27);
    expect([t.irq(27).active, phys.active]).toEqual([0, 0]);
  });

  it("an SGI of the hardware's is never active", () => {
    const t = openRegisters();
    t.map(t.irq(3), 2);
    t.irq(3).active = 1;
    t.redist(0).guestWrite(SGI + AT.ISACTIVER, 1 << 3);
    expect(t.irq(3).active).toBe(0);
  });

  it('F-22 F-08 an SGI of a GICv2 gets the requester for a sender, from user space vCPU 0', () => {
    const t = openRegisters({ vm: { gic: 2, cpus: 3 } });
    t.dist.guestWrite(AT.ISACTIVER, 8, 4, 2);
    expect([t.irq(3, 2).active, t.irq(3, 2).activeSource, t.irq(3).active]).toEqual([1, 2, 0]);
    t.op('d', { reg: 'ISACTIVER', value: 8, cpu: 2 });
    expect(t.irq(3, 2).activeSource).toBe(0);
  });

  it('an active interrupt has a place on a list even if it is off and the distributor too', () => {
    const t = openRegisters();
    t.dist.userWrite(AT.ISACTIVER + 4, BIT);
    expect([t.irq(40).enabled, t.chip.state.dist.enabled, t.listed()]).toEqual([0, 0, [40]]);
  });
});

describe('F-22 the VM stops', () => {
  /** vCPU 1 stays in the guest with SPI 40 active in its list register; vCPU 0 makes the access. Returns how often vCPU 1 left. */
  function exits(vgic: string, access: (t: RegisterVm) => void, gic = 3): number {
    const t = openRegisters({ vm: { vgic, gic } });
    t.op('d', { reg: 'CTLR', value: gic === 3 ? 2 : 1 });
    t.op('vcpu_run', { cpu: 1 });
    t.events();
    access(t);
    expect(t.chip.run.isIn(1)).toBe(true);
    return t.events().filter((name) => name === 'kvm_exit').length;
  }
  const spi = (t: RegisterVm): number => t.chip.registers.frames.distributor(0).read(0, AT.ISACTIVER + 4, 4);
  const sgiOf = (vcpu: number, t: RegisterVm): void =>
    t.chip.registers.frames.redistributor(vcpu).write(0, SGI + AT.ICACTIVER, 4, 1);
  const private2 = (t: RegisterVm): number => t.chip.registers.frames.distributor(0).read(0, AT.ISACTIVER, 4);

  it.each([
    ['an SPI', '6.1', spi, 3, 1],
    ['an SPI', '7.3', spi, 3, 1],
    ['an SPI of a GICv2', '7.3', spi, 2, 1],
    ['T19 own private interrupts', '6.1', sgiOf.bind(null, 0), 3, 1],
    ['T19 own private interrupts', '6.12', sgiOf.bind(null, 0), 3, 0],
    ['T19 own private interrupts', '7.3', sgiOf.bind(null, 0), 3, 0],
    ["another vCPU's private interrupts", '6.12', sgiOf.bind(null, 1), 3, 1],
    ['private interrupts of a GICv2', '6.1', private2, 2, 0],
    ['private interrupts of a GICv3 in the distributor, where there are none', '7.3', private2, 3, 0],
    [
      'a byte, which no register takes',
      '7.3',
      (t: RegisterVm) => t.chip.registers.frames.distributor(0).write(0, AT.ICACTIVER + 4, 1, 1),
      3,
      0,
    ],
  ] as const)('for %s in %s', (_name, vgic, access, gic, expected) => {
    expect(exits(vgic, access, gic)).toBe(expected);
  });

  it('F-22 an active interrupt in the list register of a running vCPU is seen, and cleared there', () => {
    const t = openRegisters();
    t.op('d', { reg: 'CTLR', value: 2 });
    t.op('cpu_setup', { cpu: 1 });
    t.op('irq_setup', { intid: 40, target: 1, edge: true });
    t.op('vcpu_run', { cpu: 1 });
    t.op('irq_line', { irq: 40, level: 1 });
    expect(t.op('iar', { cpu: 1 }).out?.['x0']).toBe(40);
    expect(t.irq(40).active).toBe(0);
    expect(t.dist.guest(AT.ISACTIVER + 4)).toBe(BIT);
    t.dist.guestWrite(AT.ICACTIVER + 4, BIT);
    expect([t.irq(40).active, t.dist.guest(AT.ISACTIVER + 4)]).toEqual([0, 0]);
    expect(t.op('irq_line', { irq: 40, level: 1 }).ret).toBe(0);
  });

  it('user space is refused while a vCPU is in the guest', () => {
    const t = openRegisters();
    t.op('vcpu_run', { cpu: 1 });
    expect([t.op('d', { off: 0 }).ret, t.op('r', { off: 0, value: 0 }).ret]).toEqual([-EBUSY, -EBUSY]);
  });
});

it('T19 F-08 an SGI whose handler writes ICACTIVER and no EOIR is taken once; the next waits for EOIR', () => {
  const t = openRegisters();
  t.op('d', { reg: 'CTLR', value: 2 });
  t.op('cpu_setup');
  const sgi = (): void => t.chip.registers.sendSgi(1, 'ICC_SGI1R_EL1', { lo: 0x01000001, hi: 0 });
  sgi();
  expect(t.op('iar').out?.['x0']).toBe(1);
  t.redist(0).guestWrite(SGI + AT.ICACTIVER, 2);
  expect([t.irq(1).active, t.op('iar').out?.['x0']]).toEqual([0, 1023]);
  sgi();
  expect(t.op('iar').out?.['x0']).toBe(1023);
  t.op('eoir', { intid: 1 });
  expect(t.op('iar').out?.['x0']).toBe(1);
});
