// IA32_APIC_BASE: what the guest may not do and user space may, and what the ID and LDR registers become.

import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

const OFF = 0xfee00000;
const XAPIC = 0xfee00800;
const X2APIC = 0xfee00c00;
const INVALID = 0xfee00400;

type Vm = ReturnType<typeof vm>;
const host = (m: Vm, value: number | string, vcpu = 1) => m.ret({ op: 'set_msr', msr: 0x1b, value, vcpu });
const guest = (m: Vm, value: number, vcpu = 1) => m.op({ op: 'wrmsr', msr: 0x1b, value, vcpu }).out?.['exit'];
const at = (m: Vm, from: number): Vm => {
  if (from === OFF || from === X2APIC) host(m, from);
  return m;
};

it('the PPR of a LAPIC that is off stays as it is', () => {
  const m = vm();
  m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00100 });
  m.op({ op: 'lapic_set', isr: [0x81] });
  m.op({ op: 'ack' });
  expect(m.state.lapic[0]?.['ppr']).toBe('0x0');
});

describe('transitions', () => {
  it.each([
    ['disabled to xAPIC', OFF, XAPIC, 'done', 1],
    ['xAPIC to disabled', XAPIC, OFF, 'done', 1],
    ['xAPIC to x2APIC', XAPIC, X2APIC, 'done', 1],
    ['x2APIC to disabled', X2APIC, OFF, 'done', 1],
    ['x2APIC to xAPIC', X2APIC, XAPIC, 'gp', 1],
    ['disabled to x2APIC', OFF, X2APIC, 'gp', 1],
    ['x2APIC without enable', XAPIC, INVALID, 'gp', 0],
    ['a reserved bit', XAPIC, XAPIC + 1, 'gp', 0],
  ])('T114 %s', (_name, from, to, byGuest, byHost) => {
    expect(guest(at(vm({ vcpus: 2 }), from), to)).toBe(byGuest);
    expect(host(at(vm({ vcpus: 2 }), from), to)).toBe(byHost);
  });

  it('address bits above 52 are reserved', () => {
    expect(host(vm({ vcpus: 2 }), '0x100000fee00800')).toBe(0);
  });
});

describe('X86-17 registers', () => {
  const show = (m: Vm) => [m.state.lapic[1]?.['id'], m.state.lapic[1]?.['ldr']];

  it('leaving x2APIC for disabled keeps the id and the LDR; enabling again restores the xAPIC id', () => {
    const m = at(vm({ vcpus: 2 }), X2APIC);
    expect(show(m)).toEqual(['0x1000000', '0x2']);
    host(m, OFF);
    expect(show(m)).toEqual(['0x1', '0x2']);
    host(m, XAPIC);
    expect(show(m)).toEqual(['0x1000000', '0x2']);
  });

  it('T117 a changed xAPIC id comes back with the next enable', () => {
    const m = vm({ vcpus: 2 });
    m.op({ op: 'mmio_write', addr: 0xfee00020, value: 0x07000000, vcpu: 1 });
    expect(show(m)[0]).toBe('0x7000000');
    host(m, OFF);
    host(m, XAPIC);
    expect(show(m)[0]).toBe('0x1000000');
  });

  it('the page follows the base', () => {
    const m = vm();
    host(m, 0xfed00900, 0);
    const lvr = (addr: number) => m.op({ op: 'mmio_read', addr }).out;
    expect(lvr(0xfed00030)).toEqual({ exit: 'done', value: '0x50014' });
    expect(lvr(0xfee00030)).toEqual({ exit: 'mmio', value: '0x0' });
  });

  it('the boot CPU is the one named, not the first', () => {
    const m = vm({ vcpus: 2, boot_cpu: 1 });
    expect(m.state.lapic.map((a) => a['lvt0'])).toEqual(['0x10000', '0x700']);
    expect(m.op({ op: 'rdmsr', msr: 0x1b, vcpu: 1 }).out?.['value']).toBe('0xfee00900');
  });
});
