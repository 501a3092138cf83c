// KVM_SET_LAPIC and KVM_SET_IRQCHIP: what they recompute, and what they leave stale.

import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;
const ppr = (m: Vm) => m.state.lapic[0]?.['ppr'];
const readPpr = (m: Vm) => m.op({ op: 'mmio_read', addr: 0xfee000a0 }).out?.['value'];

describe('X86-11 KVM_SET_LAPIC', () => {
  it('PPR ignores the new ISR when nothing was in service before, until it is computed again', () => {
    const m = vm();
    m.op({ op: 'lapic_set', isr: [0x30], tpr: 0x20 });
    expect([ppr(m), readPpr(m), ppr(m)]).toEqual(['0x20', '0x30', '0x30']);
  });

  it('PPR follows the new ISR when the old one came by KVM_SET_LAPIC too', () => {
    const m = vm();
    m.op({ op: 'lapic_set', isr: [0x30] });
    m.op({ op: 'lapic_set', isr: [0x50] });
    expect(ppr(m)).toBe('0x50');
  });

  it('PPR follows the vector that the CPU took last while that has not been ended', () => {
    const m = vm({}, '6.1');
    m.msi(0xfee00000, 0x61);
    m.op({ op: 'window' });
    m.op({ op: 'lapic_set', isr: [] });
    expect([ppr(m), readPpr(m)]).toEqual(['0x60', '0x0']);
  });

  it('takes LVT entries and ESR as they are', () => {
    const m = vm();
    m.op({ op: 'lapic_set', esr: 0x40, lvterr: 0xfffff, lvtpc: 0x700 });
    const { esr, lvterr, lvtpc, lvtt } = m.op({ op: 'lapic_get', all: true }).out ?? {};
    expect([esr, lvterr, lvtpc, lvtt]).toEqual(['0x40', '0xfffff', '0x700', '0x10000']);
  });

  it.each([
    ['x2APIC, 8-bit ids', 0, '0x2000000', 0],
    ['x2APIC, 32-bit ids', 1, '0x2', 0],
  ])('T108 a page goes back as it came: %s', (_name, api, id, expected) => {
    const m = vm({ vcpus: 3, x2apic_api: api });
    m.op({ op: 'set_msr', vcpu: 2, msr: 0x1b, value: 0xfee00c00 });
    const { lvr: _lvr, ppr: _ppr, ...page } = m.op({ op: 'lapic_get', vcpu: 2, all: true }).out ?? {};
    expect(page['id']).toBe(id);
    expect(m.ret({ op: 'lapic_set', vcpu: 2, ...page })).toBe(expected);
    expect(m.op({ op: 'lapic_get', vcpu: 2, all: true }).out).toMatchObject(page);
  });

  it('Linux: 8-bit ids: any id is taken for the right one; LDR follows from it', () => {
    const m = vm({ vcpus: 3 });
    m.op({ op: 'set_msr', vcpu: 2, msr: 0x1b, value: 0xfee00c00 });
    expect(m.ret({ op: 'lapic_set', vcpu: 2, id: 0x7000000, ldr: 0x99 })).toBe(0);
    expect([m.state.lapic[2]?.['id'], m.state.lapic[2]?.['ldr']]).toEqual(['0x2000000', '0x4']);
  });

  it('T92 cannot change the version', () => {
    const m = vm();
    m.op({ op: 'lapic_set', tpr: 0 });
    expect(m.op({ op: 'mmio_read', addr: 0xfee00030 }).out?.['value']).toBe('0x50014');
  });

  it('T109 a wrong x2APIC id is refused, but SPIV has been taken over', () => {
    const m = vm({ x2apic_api: 1 });
    m.op({ op: 'set_msr', msr: 0x1b, value: 0xfee00d00 });
    expect(m.ret({ op: 'lapic_set', id: 7, spiv: 0xff, tpr: 0x40 })).toBe('EINVAL');
    expect([m.state.lapic[0]?.['spiv'], m.state.lapic[0]?.['tpr']]).toEqual(['0xff', '0x0']);
  });
});

describe('X86-07 RTC ticks', () => {
  const armed = (): Vm => {
    const m = vm();
    m.ioapicOnly(8);
    m.rte(8, { vec: 0x38 });
    return m;
  };

  it('with AVIC nobody sees the EOI of a tick; the next edge of any pin finds it ended', () => {
    const m = vm({ apicv: 'avic' });
    m.ioapicOnly(5, 8);
    m.rte(5, { vec: 0x38 });
    m.rte(8, { vec: 0x38 });
    for (const op of [{ op: 'vcpu_load', cpu: 0 }, { op: 'vcpu_run' }]) expect(m.ret(op)).toBe(0);
    expect(m.L(8, 1, 0, 1, 0)).toEqual([1, 1, 0, 1]);
    expect(m.op({ op: 'ack' }).out).toEqual({ vector: 0x38 });
    expect(m.L(8, 1, 0)).toEqual([0, 1]);
    m.op({ op: 'trace' });
    const { trace } = m.op({ op: 'eoi' }) as unknown as { trace: string[] };
    expect([trace, m.chip.state.ioapic.rtcPending]).toEqual([[], 1]);
    expect([...m.L(5, 1, 0), m.chip.state.ioapic.rtcPending]).toEqual([1, 1, 0]);
    expect(m.L(8, 1)).toEqual([1]);
  });

  it('a tick that a restored LAPIC has pending is owed', () => {
    const m = armed();
    m.op({ op: 'lapic_set', irr: [0x38] });
    expect(m.L(8, 1, 0)).toEqual([0, 1]);
    m.op({ op: 'ack' });
    m.op({ op: 'eoi' });
    expect(m.L(8, 1)).toEqual([1]);
  });

  it('a tick that a restored LAPIC does not have is not owed any more', () => {
    const m = armed();
    expect(m.L(8, 1, 0, 1, 0)).toEqual([1, 1, 0, 1]);
    m.op({ op: 'lapic_set', irr: [] });
    expect(m.L(8, 1)).toEqual([1]);
  });

  it('restoring the IOAPIC derives the debts anew', () => {
    const m = armed();
    m.op({ op: 'lapic_set', irr: [0x38] });
    m.op({ op: 'lapic_set', vcpu: 0, irr: [] });
    m.msi(0xfee00000, 0x38);
    expect(m.L(8, 1, 0)).toEqual([1, 1]);
    m.op({ op: 'ioapic_set' });
    expect(m.L(8, 1)).toEqual([0]);
  });
});

describe('X86-09 a delivered edge', () => {
  const saved = (m: Vm) => m.op({ op: 'irqchip_get', chip: 2 }).out?.['irr'];
  const asLevel = '0x18035';
  const delivered = (): Vm => {
    const m = vm();
    m.ioapicOnly(5);
    m.rte(5, { vec: 0x35 });
    m.L(5, 1);
    return m;
  };

  it('is hidden from KVM_GET_IRQCHIP, even after the pin has become level-triggered', () => {
    const m = delivered();
    m.op({ op: 'ioapic_redir', pin: 5, value: asLevel });
    m.L(5, 1);
    expect(saved(m)).toBe('0x0');
  });

  it('is forgotten by KVM_SET_IRQCHIP', () => {
    const m = delivered();
    m.op({ op: 'ioapic_set', redir: [{ pin: 5, value: asLevel }] });
    m.L(5, 1);
    expect(saved(m)).toBe('0x20');
  });
});

it('Linux: KVM_SET_IRQCHIP takes the ELCR mask, too', () => {
  const m = vm();
  m.op({ op: 'pic_set', elcr_mask: 0xff });
  m.out(0x4d0, 0x5f);
  expect([m.in(0x4d0), m.op({ op: 'irqchip_get', chip: 0, all: true }).out?.['elcr_mask']]).toEqual([0x5f, 0xff]);
});

it('KVM_SET_IRQCHIP ends with an evaluation of the PIC, which ICW1 leaves out', () => {
  const m = vm();
  m.picOnly(5);
  m.L(5, 1);
  expect(m.chip.pic.output()).toBe(true);
  m.out(0x20, 0x11);
  expect(m.chip.pic.output()).toBe(true);
  m.op({ op: 'ioapic_set' });
  expect(m.chip.pic.output()).toBe(false);
});
