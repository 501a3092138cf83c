// Guest accesses at their edges: widths, holes, CR8, who takes the PIC's interrupt.

import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;
const load = (m: Vm, addr: number, size = 4) => m.op({ op: 'mmio_read', addr, size }).out?.['value'];
const store = (m: Vm, addr: number, value: number, size = 4, vcpu = 0) =>
  m.op({ op: 'mmio_write', addr, value, size, vcpu });

it('an entry leaves PPR stale while the PIC has an interrupt for the vCPU', () => {
  const stale = (line: number): unknown => {
    const m = vm();
    m.L(3, line);
    m.op({ op: 'lapic_set', isr: [0x81] });
    m.op({ op: 'sync' });
    return m.state.lapic[0]?.['ppr'];
  };
  expect([stale(0), stale(1)]).toEqual(['0x80', '0x0']);
});

it('an NMI or a #GP has the guest entered with events evaluated, so that PPR is computed', () => {
  const stale = (op: string, more: object = {}): unknown => {
    const m = vm();
    m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00100 });
    m.op({ op: 'lapic_set', isr: [0x81] });
    m.op({ op: 'sync' });
    m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00900 });
    m.op({ op, ...more });
    m.op({ op: 'sync' });
    return m.state.lapic[0]?.['ppr'];
  };
  expect([stale('sync'), stale('nmi'), stale('rdmsr', { msr: 0x80a })]).toEqual(['0x0', '0x80', '0x80']);
});

describe('IOAPIC', () => {
  it.each([0x03, 0x0f, 0x40, 0xff])('X86-03 index 0x%s reads all ones: it is no register', (index) => {
    expect(vm().op({ op: 'ioapic_read', reg: index }).out?.['value']).toBe('0xffffffff');
  });

  it('narrow stores carry their bytes only; an access across the end leaves KVM', () => {
    const m = vm();
    store(m, 0xfec00000, 0x1234, 1);
    expect(load(m, 0xfec00000)).toBe('0x34');
    expect(m.op({ op: 'mmio_read', addr: 0xfec000fc, size: 8 }).out?.['exit']).toBe('mmio');
  });

  it('X86-11 a LAPIC register reads at any width inside its 4 bytes and is written only as a whole', () => {
    const m = vm();
    expect([load(m, 0xfee00030, 1), load(m, 0xfee00032, 2), load(m, 0xfee00032, 4)]).toEqual(['0x14', '0x5', '0x0']);
    store(m, 0xfee00080, 0x40, 1);
    store(m, 0xfee00084, 0x40);
    expect(m.state.lapic[0]?.['tpr']).toBe('0x0');
  });
});

describe('PIC ports', () => {
  it('two bytes are swallowed, more reach beyond the region', () => {
    const m = vm();
    m.out(0x21, 0x5a);
    const exit = (port: number, size: number) => m.op({ op: 'in', port, size }).out;
    expect(exit(0x20, 2)).toEqual({ exit: 'done', value: '0x0' });
    expect(exit(0x21, 2)?.['exit']).toBe('io');
    expect(exit(0x20, 4)?.['exit']).toBe('io');
    expect(m.in(0x21)).toBe(0x5a);
  });

  it('a changed mask bit is told under the pin of the pair', () => {
    const m = vm();
    const { kvm } = m.chip.context;
    const told: [number, number][] = [];
    kvm.notifiers.handle(16, (owner, masked) => told.push([owner, masked]));
    kvm.notifiers.register('maskNotifiers', 12, 16, 12);
    kvm.notifiers.register('maskNotifiers', 4, 16, 4);
    m.out(0xa1, 0x10);
    expect(told).toEqual([[12, 1]]);
  });

  it('X86-18 every vCPU whose LINT0 lets it through sees INTR', () => {
    const m = vm({ vcpus: 2 });
    store(m, 0xfee00350, 0x700, 4, 1);
    m.picOnly(1);
    m.L(1, 1);
    expect([0, 1].map((vcpu) => m.chip.guest.hasExtint(vcpu))).toEqual([true, true]);
    expect(m.op({ op: 'window', vcpu: 1 }).out?.['exit']).toBe('vector');
  });
});

it('an MSR of somebody else is left to user space; the ICR of a LAPIC in xAPIC mode faults', () => {
  const m = vm();
  expect([0x10, 0x830].map((msr) => m.op({ op: 'wrmsr', msr, value: 0 }).out?.['exit'])).toEqual(['unhandled', 'gp']);
});

describe('CR8', () => {
  it('T116 is the class of TPR, and T115 works while the LAPIC is off', () => {
    const m = vm();
    m.op({ op: 'mov_to_cr8', value: 9 });
    expect(load(m, 0xfee00080)).toBe('0x90');
    m.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00100 });
    m.op({ op: 'mov_to_cr8', value: 5 });
    expect(m.op({ op: 'mov_from_cr8' }).out?.['value']).toBe('0x5');
    m.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00900 });
    expect(load(m, 0xfee00080)).toBe('0x50');
    expect(m.op({ op: 'mov_to_cr8', value: 0x10 }).out?.['exit']).toBe('gp');
  });
});

describe('SVR', () => {
  it('X86-18 a write that leaves the LAPIC disabled masks the LVT again', () => {
    const m = vm({ lapic_enable: false });
    expect(m.state.lapic[0]?.['lvt0']).toBe('0x700');
    store(m, 0xfee000f0, 0xff);
    expect(m.state.lapic[0]?.['lvt0']).toBe('0x10700');
  });
});

describe('X86-16 lowest priority without vector hashing', () => {
  it('goes to the CPU that had the fewest', () => {
    const m = vm({ vcpus: 3, vector_hashing: false });
    for (let v = 0; v < 3; v++) store(m, 0xfee000d0, (1 << v) << 24, 4, v);
    for (const vector of [0x60, 0x63, 0x66, 0x69]) m.msi(0xfee07004, 0x100 | vector);
    expect(m.state.lapic.map((a) => a.irr)).toEqual([[0x60, 0x69], [0x63], [0x66]]);
  });
});

it('X86-19 a tick period below 200 µs is stretched to it', () => {
  const m = vm();
  store(m, 0xfee003e0, 0xb);
  store(m, 0xfee00320, 0x200ec);
  store(m, 0xfee00380, 1000);
  m.op({ op: 'advance', ns: 199_999 });
  expect(m.state.lapic[0]?.irr).toEqual([]);
  m.op({ op: 'advance', ns: 1 });
  expect(m.state.lapic[0]?.irr).toEqual([0xec]);
});
