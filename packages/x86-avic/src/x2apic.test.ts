// The x2APIC MSRs: reserved bits by kernel, the 64-bit ICR, SELF_IPI.

import type { KernelVersion } from '@virq/irq-core/kvm';
import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

const x2 = (kernel: KernelVersion = '6.18', vcpus = 2) => {
  const m = vm({ vcpus }, kernel);
  for (let vcpu = 0; vcpu < vcpus; vcpu++) m.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00c00, vcpu });
  return m;
};
type Vm = ReturnType<typeof x2>;
const write = (m: Vm, msr: number, value: number | string) => m.op({ op: 'wrmsr', msr, value }).out?.['exit'];

describe('X86-13 reserved bits', () => {
  it.each([
    ['ICR bit 20', 0x830, 0x100041, { '6.18': 'gp', '6.12': 'gp', '6.1': 'done' }],
    ['ICR bit 13', 0x830, 0x2041, { '6.18': 'gp', '6.12': 'gp', '6.1': 'done' }],
    ['bits 63:32 of TPR', 0x808, '0x100000020', { '6.18': 'gp', '6.12': 'gp', '6.1': 'done' }],
    ['SELF_IPI bit 8', 0x83f, 0x141, { '6.18': 'gp', '6.12': 'gp', '6.1': 'done' }],
    ['EOI with a value', 0x80b, 1, { '6.18': 'done', '6.12': 'done', '6.1': 'done' }],
    ['ESR with a value', 0x828, 1, { '6.18': 'gp', '6.12': 'gp', '6.1': 'gp' }],
    ['the read-only LDR', 0x80d, 0, { '6.18': 'gp', '6.12': 'gp', '6.1': 'gp' }],
    ['ICR2, which is gone', 0x831, 0, { '6.18': 'gp', '6.12': 'gp', '6.1': 'gp' }],
  ] as const)('%s', (_name, msr, value, expected) => {
    for (const kernel of ['6.18', '6.12', '6.1'] as const)
      expect([kernel, write(x2(kernel), msr, value)]).toEqual([kernel, expected[kernel]]);
  });
});

describe('X86-13 ICR', () => {
  it('T121 is one register of 64 bits, kept without the busy bit', () => {
    const m = x2();
    expect(write(m, 0x830, '0x100005041')).toBe('done');
    expect(m.op({ op: 'rdmsr', msr: 0x830 }).out?.['value']).toBe('0x100004041');
    expect(m.state.lapic.map((a) => a.irr)).toEqual([[], [0x41]]);
  });

  it('upper half is kept apart from ICR2, which is there again when x2APIC mode is left', () => {
    const m = vm({ vcpus: 1 });
    const icr2 = () => m.state.lapic[0]?.['icr2'];
    m.op({ op: 'mmio_write', addr: 0xfee00310, value: 0x10000000 });
    m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00d00 });
    expect(icr2()).toBe('0x0');
    m.op({ op: 'wrmsr', msr: 0x830, value: '0x700000041' });
    expect(icr2()).toBe('0x7');
    m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00900 });
    expect(icr2()).toBe('0x10000000');
    m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00d00 });
    m.op({ op: 'lapic_set', tpr: 0 });
    m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00900 });
    expect(icr2()).toBe('0x7');
  });

  it('T119 logical destinations: one CPU, several', () => {
    const m = x2('6.18', 3);
    write(m, 0x830, '0x200000851');
    write(m, 0x830, '0x500000852');
    expect(m.state.lapic.map((a) => a.irr)).toEqual([[0x52], [0x51], [0x52]]);
  });

  it('T119 the same in xAPIC mode, flat and cluster', () => {
    const m = vm({ vcpus: 3 });
    const store = (vcpu: number, addr: number, value: number) => m.op({ op: 'mmio_write', vcpu, addr, value });
    const ipi = (dest: number, vector: number) => {
      store(0, 0xfee00310, dest << 24);
      store(0, 0xfee00300, 0x4800 | vector);
    };
    for (let v = 0; v < 3; v++) store(v, 0xfee000d0, (1 << v) << 24);
    ipi(2, 0x51);
    ipi(5, 0x52);
    for (let v = 0; v < 3; v++) {
      store(v, 0xfee000e0, 0x0fffffff);
      store(v, 0xfee000d0, (0x10 * v + 1) << 24);
    }
    ipi(0x21, 0x53);
    expect(m.state.lapic.map((a) => a.irr)).toEqual([[0x52], [0x51], [0x52, 0x53]]);
  });
});

it('a fault is an event', () => {
  const m = x2();
  m.op({ op: 'trace', on: true });
  const { trace } = m.op({ op: 'wrmsr', msr: 0x802, value: 7 }) as unknown as { trace: string[] };
  expect(trace).toContain('kvm_msr: msr_write 802 = 0x7 (#GP)');
});
