// KVM_IRQ_LINE: how it is taken apart, and in which order it is refused. T35, T36, T37, rows F-43, F-04.

import { EBUSY, EINVAL, ENXIO } from '@virq/irq-core/errors';
import { type KernelVersion, VCPU_MODE } from '@virq/irq-core/kvm';
import { describe, expect, it } from 'vitest';
import { openArm } from '../__fixtures__/arm-vm.ts';
import { packIrqLine } from './irq-line.ts';

type Row = Readonly<Record<string, unknown>>;
const open = (kernel: KernelVersion, vm: Row = {}) => openArm({ kernel, vm: { nr_irqs: 64, ...vm } });

it.each([
  [31, -EINVAL],
  [32, 0],
  [63, 0],
  [64, -EINVAL],
  [1020, -EINVAL],
  [0xffff, -EINVAL],
])('T35 F-43 SPI %i is %i', (irq, ret) => {
  expect(open('6.12').ret('irq_line', { irq })).toBe(ret);
});

it('T35 F-43 a number from 8192 on is an LPI that is mapped', () => {
  const t = open('6.12', { its: 1 });
  for (const [op, args] of [
    ['lpi_config', { intid: 8195 }],
    ['mapd', { dev: 1 }],
    ['mapc', { icid: 0, cpu: 0 }],
    ['mapti', { dev: 1, event: 0, intid: 8195, icid: 0 }],
  ] as const)
    expect(t.ret(op, args)).toBe(0);
  expect([t.ret('irq_line', { irq: 8195 }), t.ret('irq_line', { irq: 8196 })]).toEqual([0, -EINVAL]);
  expect(t.irq(8195).pendingLatch).toBe(1);
});

it.each([
  [15, -EINVAL],
  [16, 0],
  [31, 0],
  [32, -EINVAL],
])('T36 F-43 PPI %i is %i', (irq, ret) => {
  expect(open('6.12').ret('irq_line', { irq, type: 'ppi' })).toBe(ret);
});

describe('the word', () => {
  it.each([
    [1, 0, 32, 0x01000020],
    [2, 300, 27, 0x122c001b],
    [2, 5, 16, 0x02050010],
    [2, 4095, 0xffff, 0xf2ffffff],
  ])('T37 F-43 type %i vCPU %i number %i is 0x%x', (type, vcpu, number, word) => {
    expect(packIrqLine(type, vcpu, number)).toBe(word);
  });

  it('T37 F-43 0x122C001B is PPI 27 of vCPU 300', () => {
    const t = open('6.12', { cpus: 301 });
    expect(t.ret('irq_line_raw', { irq: 0x122c001b, level: 7 })).toBe(0);
    expect([t.irq(27, 300).lineLevel, t.irq(27, 44).lineLevel]).toEqual([1, 0]);
    expect(t.session.takeTrace().filter((l) => l.includes('irq_line'))).toEqual([
      'kvm_irq_line: Inject VGIC PPI interrupt (2), vcpu->idx: 300, num: 27, level: 7',
    ]);
  });
});

describe('the vCPU', () => {
  const vm = { cpus: 3, ids: [0, 2, 1] };

  it('F-43 is an id since 6.12', () => {
    const t = open('6.12', vm);
    expect(t.ret('irq_line', { irq: 27, type: 'ppi', vcpu: 2 })).toBe(0);
    expect([0, 1, 2].map((i) => t.irq(27, i).lineLevel)).toEqual([0, 1, 0]);
    expect(t.ret('irq_line', { irq: 27, type: 'ppi', vcpu: 3 })).toBe(-EINVAL);
  });

  it('F-43 is an index in 6.1, and its id an index again: another vCPU gets the interrupt', () => {
    const t = open('6.1', vm);
    expect(t.ret('irq_line', { irq: 27, type: 'ppi', vcpu: 1 })).toBe(0);
    expect([0, 1, 2].map((i) => t.irq(27, i).lineLevel)).toEqual([0, 0, 1]);
    expect(open('6.1', { cpus: 2, ids: [0, 5] }).ret('irq_line', { irq: 27, type: 'ppi', vcpu: 1 })).toBe(-EINVAL);
  });
});

describe('order of refusals', () => {
  const lines: readonly Row[] = [
    { irq: 31 },
    { irq: 2000 },
    { irq: 40, type: 'ppi' },
    { irq: 27, type: 'ppi', vcpu: 9 },
    { irq: 40, type: 3 },
  ];

  it.each([
    ['6.12', undefined, [-EINVAL, -EBUSY, -EINVAL, -EINVAL, -EINVAL]],
    ['6.18', '7.3', [-EBUSY, -EBUSY, -EBUSY, -EBUSY, -EINVAL]],
  ] as const)('T35 F-43 F-62 Linux %s (VGIC of %s): a GICv3 that is not initialised', (kernel, vgic, expected) => {
    const t = openArm({ kernel, vm: { init: false, ...(vgic === undefined ? {} : { vgic }) } });
    expect(lines.map((line) => t.ret('irq_line', line))).toEqual(expected);
  });

  it('F-43 without a VGIC: only lines of CPUs, only IRQ and FIQ, only of vCPUs that there are', () => {
    const t = openArm({ vm: { gic: 0 } });
    const cpu = (irq: number, vcpu = 0): number => t.ret('irq_line', { irq, type: 'cpu', vcpu });
    expect([t.ret('irq_line', { irq: 40 }), t.ret('irq_line', { irq: 27, type: 'ppi' })]).toEqual([-ENXIO, -ENXIO]);
    expect([cpu(0), cpu(1), cpu(2), cpu(0, 1)]).toEqual([0, 0, -EINVAL, -EINVAL]);
    expect(t.chip.state.run.at(0).lines).toBe(3);
    t.op('irq_line', { irq: 0, type: 'cpu', level: 0 });
    expect(t.chip.state.run.at(0).lines).toBe(2);
    expect(openArm().ret('irq_line', { irq: 0, type: 'cpu' })).toBe(-ENXIO);
  });

  it('F-43 a line of a CPU kicks it when it changes, and makes it runnable', () => {
    const t = openArm({ vm: { gic: 0 } });
    t.op('vcpu_run');
    t.op('irq_line', { irq: 0, type: 'cpu' });
    expect(t.session.vm.kvm.vcpus.mode(0)).toBe(VCPU_MODE.EXITING_GUEST_MODE);
    t.op('vcpu_exit');
    t.op('vcpu_run');
    t.op('irq_line', { irq: 0, type: 'cpu' });
    expect(t.session.vm.kvm.vcpus.mode(0)).toBe(VCPU_MODE.IN_GUEST_MODE);
    expect(t.chip.arch.vcpuRunnable?.(0)).toBe(true);
    t.op('irq_line', { irq: 0, type: 'cpu', level: 0 });
    expect(t.chip.arch.vcpuRunnable?.(0)).toBe(false);
  });
});

it('F-04 a wire that somebody in the kernel owns is left alone, and nobody is told', () => {
  const t = openArm();
  t.irq(27).owner = 1;
  expect([t.ret('irq_line', { irq: 27, type: 'ppi' }), t.irq(27).lineLevel]).toEqual([0, 0]);
});
