// What a guest's loads and stores meet: frames, the CPU interface, memory, nobody.

import { EINVAL } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { openRegisters } from '../__fixtures__/registers.ts';

describe('guest_load and guest_store', () => {
  it.each([
    ['distributor', 0x08000004, 4, { exit: 'done', x0: 0x7a0002 }],
    ['RD_base of vCPU 1', 0x080c0008, 8, { exit: 'done', x0: 0x100000111 }],
    ['SGI_base of vCPU 0', 0x080b0100, 4, { exit: 'done', x0: 0xffff }],
    ['ITS', 0x08080008, 8, { exit: 'done', x0: 0x1ef71 }],
    ['ITS, the upper half', 0x0808000c, 4, { exit: 'done', x0: 0 }],
    ['a hole in a frame', 0x0800ff00, 4, { exit: 'done', x0: 0 }],
    ['behind the redistributors', 0x080e0000, 4, { exit: 'mmio' }],
    ['nothing', 0x01000000, 4, { exit: 'mmio' }],
  ] as const)('%s', (_name, addr, size, out) => {
    const t = openRegisters({ vm: { its: true } });
    expect(t.op('guest_load', { addr, size }).out).toEqual(out);
  });

  it('memory, by bytes, without an exit of a vCPU that stays in the guest', () => {
    const t = openRegisters();
    t.op('vcpu_run');
    t.events();
    t.op('guest_store', { addr: 0x40000ffe, value: '0x1122334455667788', size: 8 });
    expect(t.op('guest_load', { addr: 0x41000000 }).out?.['x0']).toBe(0);
    expect(t.op('guest_load', { addr: 0x40000ffe, size: 8 }).out?.['x0']).toBe('0x1122334455667788');
    expect([t.op('guest_load', { addr: 0x40001000, size: 2 }).out?.['x0'], t.events()]).toEqual([0x5566, []]);
    t.op('guest_load', { addr: 0x08000004 });
    expect(t.events()).toEqual(['kvm_exit', 'kvm_entry']);
  });

  it("a GICv2's CPU interface is reached without KVM", () => {
    const t = openRegisters({ vm: { gic: 2 } });
    t.op('vcpu_run');
    t.events();
    t.op('guest_store', { addr: 0x08010004, value: 0xf0 });
    expect([t.op('guest_load', { addr: 0x08010004 }).out?.['x0'], t.events()]).toEqual([0xf0, []]);
    expect(t.op('guest_load', { addr: 0x08010000, size: 8 }).out?.['x0']).toBe(0);
  });

  it('sizes are 1, 2, 4 and 8, vCPUs those that there are', () => {
    const t = openRegisters();
    expect([3, 5].map((size) => t.ret('guest_load', { addr: 0x40000000, size }))).toEqual([-EINVAL, -EINVAL]);
    expect([t.ret('guest_load', { addr: 0x40000000, cpu: 2 }), t.ret('d', { off: 0, cpu: 2 })]).toEqual([
      -EINVAL,
      -EINVAL,
    ]);
  });
});

describe('user-space words', () => {
  it('name registers as the manual does, with a distance in bytes, or by offset', () => {
    const t = openRegisters();
    t.op('irq_setup', { intid: 40, prio: 0x50, target: 1, group: 0 });
    t.op('irq_setup', { intid: 27, prio: 0x30, cpu: 1, enable: false });
    const value = (op: string, args: object): unknown => t.op(op, args as Record<string, unknown>).out?.['value'];
    expect([value('d', { reg: 'ISENABLER:4' }), value('d', { off: 0x104 }), value('d', { reg: 0x104 })]).toEqual(
      Array(3).fill('0x100'),
    );
    expect([
      value('d', { reg: 'IPRIORITYR:40' }),
      value('d', { reg: 'IROUTER:320' }),
      value('d', { reg: 'ICFGR:8' }),
    ]).toEqual(['0x50', '0x1', '0xaaa8aaaa']);
    expect([value('d', { reg: 'IGROUPR:4' }), t.irq(40).target]).toEqual(['0xfffffeff', 2]);
    expect([
      value('r', { reg: 'IPRIORITYR:24', frame: 'sgi', cpu: 1 }),
      value('r', { reg: 'ISENABLER:0', frame: 'sgi', cpu: 1 }),
    ]).toEqual(['0x30000000', '0xffff']);
    expect([value('r', { reg: 'TYPER', cpu: 1 }), value('r', { off: 0xffe8 })]).toEqual(['0x110', '0x3b']);
  });

  it('of a GICv2: private interrupts by vCPU, targets by byte', () => {
    const t = openRegisters({ vm: { gic: 2 } });
    t.op('d', { reg: 'IIDR', value: 0x4b00343b });
    t.op('irq_setup', { intid: 27, cpu: 1, group: 1 });
    t.op('irq_setup', { intid: 41, target: 1 });
    expect([t.irq(27, 1).enabled, t.irq(27).enabled, t.irq(27, 1).group]).toEqual([1, 0, 1]);
    expect([t.irq(41).targets, t.irq(41).target, t.irq(40).targets]).toEqual([2, 2, 0]);
  });
});

it('T45 F-33 F-22 DIR of an SPI that is in the list register of another vCPU: all are stopped, and it is inactive', () => {
  const t = openRegisters({ vm: { vgic: '7.3' } });
  t.op('d', { reg: 'CTLR', value: 2 });
  for (const cpu of [0, 1]) t.op('cpu_setup', { cpu, eoimode: 1 });
  t.op('irq_setup', { intid: 40, edge: true });
  for (const cpu of [0, 1]) t.op('vcpu_run', { cpu });
  t.op('irq_line', { irq: 40, level: 1 });
  expect(t.op('iar').out?.['x0']).toBe(40);
  t.op('eoir', { intid: 40 });
  t.op('dir', { intid: 40, cpu: 1 });
  expect([t.irq(40).active, t.chip.run.isIn(0), t.chip.run.isIn(1)]).toEqual([0, true, true]);
  t.op('vcpu_exit', { cpu: 0 });
  expect([t.irq(40).active, t.listed()]).toEqual([0, []]);
});
