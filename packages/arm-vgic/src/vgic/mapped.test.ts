// Interrupts that are tied to those of the host, from the physical line to the guest's end of the interrupt and back.

import { ERRNO } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { BASE } from '../options.ts';

const { EAGAIN, EEXIST, EINVAL } = ERRNO;
const [PPI, HOST] = [27, 30];

/** A guest whose timer is PPI 27, tied to host interrupt 30. */
function timer(map: object = {}, vm: object = {}): ArmVm {
  const t = openArm({ vm: { nr_irqs: 64, ...vm } });
  t.chip.state.dist.enabled = 1;
  t.op('vcpu_run');
  t.op('cpu_setup', { pmr: 0xf8 });
  Object.assign(t.irq(PPI), { enabled: 1, priority: 0xa0 });
  expect(t.ret('map_phys', { intid: PPI, host_irq: HOST, ...map })).toBe(0);
  return t;
}

const iar = (t: ArmVm): unknown => t.op('iar').out?.['x0'];
const line = (t: ArmVm, level: number): void => void t.op('phys_line', { host_irq: HOST, level });
const host = (t: ArmVm): unknown => t.op('phys_irq', { host_irq: HOST }).out;

describe('F-34 F-35 a mapped interrupt', () => {
  it('is active in the host until the guest has ended it, whose line is then looked at again', () => {
    const t = timer();
    line(t, 1);
    expect(host(t)).toMatchObject({ line: 1, active: 1 });
    expect([iar(t), t.op('ich', { reg: 'LR0' }).out?.['value']]).toEqual([PPI, '0xb0a0001e0000001b']);
    line(t, 0);
    t.op('eoir', { intid: PPI });
    expect(host(t)).toMatchObject({ line: 0, active: 0 });
    expect(iar(t)).toBe(1023);
  });

  it('comes again at once if its line is still high', () => {
    const t = timer();
    line(t, 1);
    iar(t);
    t.op('eoir', { intid: PPI });
    expect(host(t)).toMatchObject({ active: 1 });
    expect(iar(t)).toBe(PPI);
  });

  it('F-36 a line that falls before the guest takes the interrupt is seen at the next exit, and rises anew', () => {
    const t = timer();
    line(t, 1);
    t.op('mrs', { reg: 'RPR' });
    line(t, 0);
    t.op('vcpu_exit');
    t.op('vcpu_run');
    expect([iar(t), host(t)]).toEqual([1023, { line: 0, active: 0, pending: 0 }]);
    line(t, 1);
    expect(iar(t)).toBe(PPI);
  });

  it.each(['6.12', '7.3'] as const)('F-33 Linux %s, EOImode 1: only DIR deactivates', (vgic) => {
    const t = timer({}, { vgic });
    t.op('cpu_setup', { pmr: 0xf8, eoimode: 1 });
    line(t, 1);
    iar(t);
    line(t, 0);
    t.op('eoir', { intid: PPI });
    expect(host(t)).toMatchObject({ active: 1 });
    t.op('dir', { intid: PPI });
    expect(host(t)).toMatchObject({ active: 0 });
  });

  it('F-35 with software resampling the list register has no HW bit, and KVM deactivates', () => {
    const t = timer({ resample: true });
    line(t, 1);
    expect([iar(t), t.op('ich', { reg: 'LR0' }).out?.['value']]).toEqual([PPI, '0x90a002000000001b']);
    line(t, 0);
    t.op('eoir', { intid: PPI });
    expect(host(t)).toMatchObject({ active: 0 });
  });

  it('T48 user space cannot change the active state of one', () => {
    const t = openArm({ vm: { nr_irqs: 64 } });
    t.op('map_phys', { intid: 40, host_irq: HOST });
    t.op('d', { reg: 'ISACTIVER:4', value: 0x300 });
    expect([t.irq(40).active, t.irq(41).active]).toEqual([0, 1]);
  });

  it("F-35 a wire that a device owns is not user space's", () => {
    const t = timer();
    expect([t.ret('irq_line', { irq: PPI, type: 'ppi' }), t.irq(PPI).lineLevel]).toEqual([0, 0]);
  });

  it('N3 F-36 ISPENDR of one with its line low reads 0, and it is delivered', () => {
    const t = timer();
    const ISPENDR0 = BASE.GICR + 0x10200;
    t.op('guest_store', { addr: ISPENDR0, value: 2 ** PPI });
    expect([t.op('guest_load', { addr: ISPENDR0 }).out?.['x0'], iar(t)]).toEqual([0, PPI]);
  });
});

describe('F-35 errno', () => {
  it.each([
    ['an SGI', { intid: 3 }, -EINVAL],
    ['beyond the SPIs', { intid: 200 }, -EINVAL],
    ['no such host interrupt', { intid: 40, host_irq: 1000 }, -EINVAL],
    ['an SPI', { intid: 40 }, 0],
    ["another device's", { intid: PPI, owner: 2 }, -EEXIST],
    ['its own', { intid: PPI, owner: 1 }, 0],
    ['without a new owner', { intid: PPI, owner: 0 }, 0],
  ])('map_phys: %s', (_what, args, ret) => {
    expect(timer().ret('map_phys', { host_irq: HOST, ...args })).toBe(ret);
  });

  it('before initialisation', () => {
    const t = openArm({ vm: { init: false } });
    expect([t.ret('map_phys', { intid: PPI, host_irq: 1 }), t.ret('unmap_phys', { intid: PPI })]).toEqual([
      -EAGAIN,
      -EAGAIN,
    ]);
  });

  it('unmapped it is the host alone that hears of the line; a reset forgets what was in flight', () => {
    const t = timer();
    line(t, 1);
    t.op('vcpu_exit');
    t.op('reset_mapped', { intid: PPI });
    expect([t.irq(PPI).lineLevel, t.irq(PPI).active, t.chip.mapped.get(0, PPI)]).toEqual([0, 0, HOST]);
    expect([
      t.ret('unmap_phys', { intid: PPI }),
      t.ret('unmap_phys', { intid: 200 }),
      t.chip.mapped.get(0, PPI),
    ]).toEqual([0, -EINVAL, -1]);
    line(t, 0);
    line(t, 1);
    expect(t.irq(PPI).lineLevel).toBe(0);
  });
});
