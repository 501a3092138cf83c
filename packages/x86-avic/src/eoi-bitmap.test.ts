// Which EOIs reach the IOAPIC or user space, and when the answer is computed again.

import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;
const SCAN = 9;
const handled = (m: Vm, vcpu: number): number[] => m.chip.lapics.at(vcpu).eoiVectors.list();
const asked = (m: Vm): number[] =>
  m.state.lapic.flatMap((_, vcpu) => (m.chip.context.kvm.vcpus.isRequested(vcpu, SCAN) ? [vcpu] : []));
const synced = (m: Vm): Vm => {
  m.op({ op: 'sync' });
  return m;
};
const ldr = (m: Vm, vcpu: number, value: number) =>
  m.op({ op: 'mmio_write', vcpu, addr: 0xfee000d0, value: value << 24 });

describe('X86-08 rescans', () => {
  it('a changed logical id, without which the EOI would be lost', () => {
    const m = vm({ vcpus: 2 });
    m.ioapicOnly(6);
    m.rte(6, { vec: 0x46, level: 1, logical: 1, dest: 2 });
    synced(m);
    expect(handled(m, 1)).not.toContain(0x46);
    ldr(m, 1, 2);
    expect(asked(m)).toEqual([0, 1]);
    expect(handled(synced(m), 1)).toContain(0x46);
  });

  it('a fixed entry asks its old and new destinations, any other entry everybody', () => {
    const m = vm({ vcpus: 4 });
    m.ioapicOnly(6);
    m.rte(6, { vec: 0x46, level: 1, dest: 2 });
    synced(m);
    m.chip.ioapicRegs.writeIndirect(0x10 + 13, 1 << 24);
    m.op({ op: 'observe', what: ['lapic'] });
    expect(asked(m)).toEqual([1, 2]);
    synced(m);
    m.chip.ioapicRegs.writeIndirect(0x10 + 12, 0x8146);
    expect(asked(m)).toEqual([0, 1, 2, 3]);
  });

  it('nothing is scanned while the LAPIC is off', () => {
    const m = vm();
    m.rte(6, { vec: 0x46, level: 1 });
    synced(m);
    m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00100 });
    m.rte(6, { vec: 0x47, level: 1 });
    expect(handled(synced(m), 0)).toContain(0x46);
  });
});

describe('X86-08 a vector that an earlier routing left pending', () => {
  /** Vector 0x46 in service on CPU 0, its pin moved to CPU 1. */
  function moved(kernel: '6.18' | '6.12'): Vm {
    const m = vm({ vcpus: 2 }, kernel);
    m.ioapicOnly(6);
    m.rte(6, { vec: 0x46, level: 1 });
    m.L(6, 1);
    m.op({ op: 'ack' });
    m.rte(6, { vec: 0x46, level: 1, dest: 1 });
    return synced(m);
  }

  it('is still handled, so that its EOI clears Remote IRR', () => {
    const m = moved('6.18');
    expect([handled(m, 0), m.state.ioapic.rirr]).toEqual([[0, 0x46], [6]]);
    m.L(6, 0);
    m.op({ op: 'eoi' });
    expect(m.state.ioapic.rirr).toEqual([]);
  });

  it.each([
    ['6.18', [0]],
    ['6.12', []],
  ] as const)('Linux %s: its EOI asks for a rescan', (kernel, cpus) => {
    const m = moved(kernel);
    m.L(6, 0);
    m.op({ op: 'eoi' });
    expect(asked(m)).toEqual(cpus);
    if (kernel === '6.18') expect(handled(synced(m), 0)).toEqual([0]);
  });
});

describe('X86-23 split irqchip', () => {
  const level = (vector: number, dest = 0) => ({
    type: 'msi',
    address_lo: 0xfee00000 + 0x1000 * dest,
    data: 0x8000 | vector,
  });

  it('the EOI of a level vector of a reserved GSI leaves for user space', () => {
    const m = vm({ irqchip: 'split', split_pins: 24 });
    m.route({ gsi: 5, ...level(0x46) }, { gsi: 30, ...level(0x47) });
    for (const gsi of [5, 30]) m.L(gsi, 1);
    m.op({ op: 'ack' });
    expect(m.op({ op: 'eoi' }).out).toEqual({ exit: 'done' });
    m.op({ op: 'ack' });
    expect(m.op({ op: 'eoi' }).out).toEqual({ exit: 'ioapic_eoi', vector: 0x46 });
    expect(m.op({ op: 'sync' }).out).toEqual({ exit: 'done' });
  });

  it('an EOI by KVM_SET_MSRS exits at the next entry', () => {
    const m = vm({ irqchip: 'split' });
    m.route({ gsi: 5, ...level(0x46) });
    m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00d00 });
    m.L(5, 1);
    m.op({ op: 'ack' });
    m.op({ op: 'eoi', how: 'setmsr' });
    expect(m.op({ op: 'sync' }).out).toEqual({ exit: 'ioapic_eoi', eois: [{ vcpu: 0, vector: 0x46 }] });
  });

  it.each([
    ['6.18', 'ioapic_eoi'],
    ['6.1', 'done'],
  ] as const)('Linux %s: a vector in service when its route moved away', (kernel, exit) => {
    const m = vm({ irqchip: 'split', vcpus: 2 }, kernel);
    m.route({ gsi: 5, ...level(0x46) });
    m.L(5, 1);
    m.op({ op: 'ack' });
    m.route({ gsi: 5, ...level(0x46, 1) });
    expect(m.op({ op: 'eoi' }).out?.['exit']).toBe(exit);
  });

  it.each([
    ['offered and ignored', 0, '0x1050014', 'ioapic_eoi'],
    ['obeyed', 4, '0x1050014', 'done'],
    ['not offered', 8, '0x50014', 'ioapic_eoi'],
  ])('a guest that suppresses EOI broadcasts: %s', (_how, flags, version, exit) => {
    const m = vm({ irqchip: 'split' });
    expect(m.ret({ op: 'x2apic_api', flags })).toBe(0);
    m.route({ gsi: 5, type: 'msi', address_lo: 0xfee00000, data: 0x8046 });
    m.op({ op: 'mmio_write', addr: 0xfee000f0, value: 0x11ff });
    expect(m.op({ op: 'mmio_read', addr: 0xfee00030 }).out?.['value']).toBe(version);
    m.L(5, 1);
    m.op({ op: 'ack' });
    expect(m.op({ op: 'eoi' }).out?.['exit']).toBe(exit);
  });

  it('has no PIC, IOAPIC or ports in the kernel, and offers directed EOI', () => {
    const m = vm({ irqchip: 'split' });
    expect(m.op({ op: 'in', port: 0x21 }).out?.['exit']).toBe('io');
    expect(m.op({ op: 'mmio_read', addr: 0xfec00000 }).out?.['exit']).toBe('mmio');
    expect(m.op({ op: 'mmio_read', addr: 0xfee00030 }).out?.['value']).toBe('0x1050014');
    m.op({ op: 'mmio_write', addr: 0xfee000f0, value: 0x11ff });
    expect(m.state.lapic[0]?.['spiv']).toBe('0x11ff');
  });
});

it('T85 directed EOI: the notifier runs, Remote IRR stays', () => {
  const m = vm();
  m.ioapicOnly(6);
  m.op({ op: 'irqfd', name: 'a', gsi: 6, resample: 'r' });
  m.rte(6, { vec: 0x46, level: 1 });
  m.op({ op: 'lapic_set', spiv: 0x11ff });
  m.op({ op: 'efd_write', name: 'a' });
  m.op({ op: 'ack' });
  m.op({ op: 'eoi' });
  expect([m.op({ op: 'efd_read', name: 'r' }).out, m.state.ioapic.rirr]).toEqual([{ count: 1 }, [6]]);
});
