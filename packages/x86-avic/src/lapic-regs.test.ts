// Every offset of the LAPIC page: what reads, what can be written, in both modes. Linux: lapic.c kvm_lapic_readable_reg_mask.

import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;
const OFFSETS = Array.from({ length: 0x40 }, (_, i) => i << 4);
const span = (from: number, to: number) => OFFSETS.filter((o) => o >= from && o <= to);
const LVTS = [...span(0x320, 0x370)];
/** Readable in both modes. */
const READABLE = [0x20, 0x30, 0x80, 0xa0, 0xd0, 0xf0, ...span(0x100, 0x280), 0x300, ...LVTS, 0x380, 0x390, 0x3e0];
/** APR, DFR and ICR2 went with x2APIC. */
const XAPIC_ONLY = [0x90, 0xe0, 0x310];
/** Written with 0 without a fault in x2APIC mode. */
const X2APIC_WRITABLE = [0x80, 0xb0, 0xf0, 0x280, 0x300, ...LVTS, 0x380, 0x3e0, 0x3f0];

const x2 = (): Vm => {
  const m = vm();
  m.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00d00 });
  return m;
};
const hex = (offsets: readonly number[]) => offsets.map((o) => o.toString(16));
const msr = (offset: number) => 0x800 + (offset >> 4);
const sorted = (offsets: readonly number[]) => [...offsets].sort((a, b) => a - b);

describe('X86-11 registers', () => {
  it('xAPIC: what is no register, or only written, leaves no event', () => {
    const m = vm();
    m.op({ op: 'trace' });
    const readable = OFFSETS.filter((offset) => {
      const { trace } = m.op({ op: 'mmio_read', addr: 0xfee00000 + offset }) as unknown as { trace: string[] };
      return trace.some((line) => line.startsWith('kvm_apic: apic_read'));
    });
    expect(hex(readable)).toEqual(hex(sorted([...READABLE, ...XAPIC_ONLY])));
  });

  it('x2APIC: reading anything else faults', () => {
    const m = x2();
    const readable = OFFSETS.filter((o) => m.op({ op: 'rdmsr', msr: msr(o) }).out?.['exit'] === 'done');
    expect(hex(readable)).toEqual(hex(sorted(READABLE)));
  });

  it('x2APIC: writing anything else faults', () => {
    const writable = OFFSETS.filter((o) => x2().op({ op: 'wrmsr', msr: msr(o), value: 0 }).out?.['exit'] === 'done');
    expect(hex(writable)).toEqual(hex(sorted(X2APIC_WRITABLE)));
  });

  it.each([
    ['TPR', 0x80, 0xff],
    ['LDR', 0xd0, 0xff000000],
    ['DFR', 0xe0, 0xffffffff],
    ['SVR', 0xf0, 0x3ff],
    ['ESR, which reports no errors', 0x280, 0],
    ['TMICT', 0x380, 0xffffffff],
    ['the read-only LVR', 0x30, 0x50014],
  ])('writable bits: %s', (_name, offset, expected) => {
    const m = vm();
    m.op({ op: 'mmio_write', addr: 0xfee00000 + offset, value: 0xffffffff });
    expect(m.op({ op: 'mmio_read', addr: 0xfee00000 + offset }).out?.['value']).toBe(`0x${expected.toString(16)}`);
  });

  it('DFR keeps its top nibble', () => {
    const m = vm();
    m.op({ op: 'mmio_write', addr: 0xfee000e0, value: 0 });
    expect(m.state.lapic[0]?.['dfr']).toBe('0xfffffff');
  });

  it('in x2APIC mode the page is not there: all ones, stores lost', () => {
    const m = x2();
    m.op({ op: 'mmio_write', addr: 0xfee00080, value: 0x40 });
    expect(m.op({ op: 'mmio_read', addr: 0xfee00080 }).out?.['value']).toBe('0xffffffff');
    expect(m.state.lapic[0]?.['tpr']).toBe('0x0');
  });
});

describe('X86-11 TPR', () => {
  it('lowering it lets a waiting interrupt through', () => {
    const m = vm();
    m.op({ op: 'mmio_write', addr: 0xfee00080, value: 0x50 });
    m.msi(0xfee00000, 0x51);
    expect(m.op({ op: 'ack' }).out).toEqual({ vector: null });
    m.op({ op: 'mmio_write', addr: 0xfee00080, value: 0x4f });
    expect(m.op({ op: 'ack' }).out).toEqual({ vector: 0x51 });
  });

  it('an EOI with nothing in service does nothing', () => {
    const m = vm();
    m.op({ op: 'trace' });
    const { trace } = m.op({ op: 'eoi' }) as unknown as { trace: string[] };
    expect(trace.some((line) => /^kvm_eoi: .*vector -1/.test(line))).toBe(true);
  });
});

describe('X86-22 message', () => {
  it('KVM ignores bits 11:5 of the address: user space puts an extended destination id into the high address', () => {
    const m = vm({ vcpus: 2 });
    expect([m.msi(0xfee01fe0, 0x41), m.state.lapic.map((a) => a.irr)]).toEqual([1, [[], [0x41]]]);
  });

  it('address_hi counts with 32-bit ids only', () => {
    const [narrow, wide] = [vm({ vcpus: 2, apic_ids: [0, 257] }), vm({ vcpus: 2, apic_ids: [0, 257], x2apic_api: 1 })];
    for (const m of [narrow, wide]) m.op({ op: 'set_msr', vcpu: 1, msr: 0x1b, value: 0xfee00c00 });
    const send = (m: Vm) => [m.msi(0xfee01000, 0x41, { address_hi: 0x100 }), m.state.lapic[1]?.irr];
    expect([send(narrow), send(wide)]).toEqual([
      [0, []],
      [1, [0x41]],
    ]);
  });

  it('the assert bit does not matter; a level message sets TMR', () => {
    const m = vm();
    expect([m.msi(0xfee00000, 0x8041), m.msi(0xfee00000, 0xc042)]).toEqual([1, 1]);
    expect(m.state.lapic[0]?.tmr).toEqual([0x41, 0x42]);
  });
});
