// LVT entries: what can be written, CMCI, and the local sources that KVM raises.

import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;
const write = (m: Vm, offset: number, value: number) => m.op({ op: 'mmio_write', addr: 0xfee00000 + offset, value });
const read = (m: Vm, offset: number) => Number(m.op({ op: 'mmio_read', addr: 0xfee00000 + offset }).out?.['value']);
const local = (m: Vm, source: string) => m.ret({ op: 'local_interrupt', source });
const nmis = (m: Vm) => (m.state as unknown as { events: { nmi: number }[] }).events[0]?.nmi;
const withCmci = (): Vm => {
  const m = vm();
  expect(m.ret({ op: 'setup_mce', mcg_cap: 0x40a })).toBe(0);
  return m;
};

describe('X86-18 LVT', () => {
  it.each([
    ['timer', 0x320, 0x710ff],
    ['thermal sensor', 0x330, 0x117ff],
    ['performance counter', 0x340, 0x117ff],
    ['LINT0', 0x350, 0x1f7ff],
    ['LINT1', 0x360, 0x1f7ff],
    ['error', 0x370, 0x110ff],
    ['CMCI', 0x2f0, 0x117ff],
  ])('writable bits: %s', (_name, offset, writable) => {
    const m = withCmci();
    write(m, offset, 0xffffffff);
    expect(read(m, offset)).toBe(writable);
    write(m, offset, 0);
    expect(read(m, offset)).toBe(0);
    write(m, 0xf0, 0xff);
    expect(read(m, offset)).toBe(0x10000);
    write(m, offset, 0x41);
    expect(read(m, offset)).toBe(0x10041);
  });

  it('CMCI is there with MCG_CMCI_P only, and counted in the version', () => {
    const without = vm();
    write(without, 0x2f0, 0x41);
    expect([read(without, 0x2f0), read(without, 0x30)]).toEqual([0, 0x50014]);
    const m = withCmci();
    expect([read(m, 0x2f0), read(m, 0x30)]).toEqual([0x10000, 0x60014]);
    m.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00d00 });
    without.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00d00 });
    const exits = [m, without].map((x) => x.op({ op: 'rdmsr', msr: 0x82f }).out?.['exit']);
    expect(exits).toEqual(['done', 'gp']);
    expect(without.op({ op: 'wrmsr', msr: 0x82f, value: 0 }).out?.['exit']).toBe('gp');
  });

  it.each([
    ['no banks', '0x400', 'EINVAL'],
    ['33 banks', '0x21', 'EINVAL'],
    ['an unknown bit', '0x20a', 'EINVAL'],
    ['CMCI and ten banks', '0x40a', 0],
  ])('KVM_X86_SETUP_MCE: %s', (_name, cap, expected) => {
    expect(vm().ret({ op: 'setup_mce', mcg_cap: cap })).toBe(expected);
  });
});

describe('X86-18 local sources', () => {
  it('a corrected error arrives by its entry', () => {
    const m = withCmci();
    expect(local(m, 'cmci')).toBe(0);
    write(m, 0x2f0, 0x41);
    expect([local(m, 'cmci'), m.state.lapic[0]?.irr]).toEqual([1, [0x41]]);
  });

  it('Linux: a performance counter masks its own entry', () => {
    const m = vm();
    write(m, 0x340, 0x42);
    expect([local(m, 'pmc'), read(m, 0x340), local(m, 'pmc')]).toEqual([1, 0x10042, 0]);
  });

  it('LINT0 as NMI is the watchdog that the PIT drives; as ExtINT it delivers nothing by itself', () => {
    const m = vm({ observe: ['lapic', 'events'] });
    expect([local(m, 'lint0'), nmis(m)]).toEqual([0, 0]);
    write(m, 0x350, 0x400);
    expect([local(m, 'lint0'), nmis(m)]).toEqual([1, 1]);
    write(m, 0x350, 0x10400);
    expect(local(m, 'lint0')).toBe(0);
  });

  it('a level-triggered LINT0 sets TMR', () => {
    const m = vm();
    write(m, 0x350, 0x8043);
    expect([local(m, 'lint0'), m.state.lapic[0]?.tmr]).toEqual([1, [0x43]]);
  });

  it('nothing while the LAPIC is off', () => {
    const m = vm();
    write(m, 0x340, 0x42);
    m.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00100 });
    expect(local(m, 'pmc')).toBe(0);
  });

  it('LINT0 decides who takes the interrupt of the PIC', () => {
    const m = vm();
    m.picOnly(1);
    m.L(1, 1);
    const taken = [0x700, 0x10700, 0x400].map((lvt0) => {
      write(m, 0x350, lvt0);
      return m.chip.guest.hasExtint(0);
    });
    m.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00100 });
    expect([...taken, m.chip.guest.hasExtint(0)]).toEqual([true, false, false, true]);
  });
});
