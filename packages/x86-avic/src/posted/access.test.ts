// A guest with APICv on VMX touches its local APIC: which accesses exit, with which reason, and what the CPU does by itself.

import { createMachine } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { chipOf, smallMachine, type X86Machine } from '../models/machine.ts';

/** A guest in the guest, and the exits that it has made. */
function guest({ x2apic = false } = {}) {
  const m = createMachine(smallMachine({ vcpus: 2, cpus: 2, vectors: 1, processes: 8, intel: true })) as X86Machine;
  const c = chipOf(m);
  if (x2apic) for (const v of [0, 1]) c.guest.writeMsr(v, 0x1b, 0xfee00c00n | (v === 0 ? 0x100n : 0n));
  c.apicv.load(0, 0);
  c.guest.run(0);
  const exits: string[] = [];
  m.trace.on = true;
  m.trace.listener = (e) => {
    if (e.name === 'kvm_exit') exits.push(`${e.fields['reason']} ${Number(e.fields['info1']).toString(16)}`);
  };
  return { m, c, exits };
}

describe('accesses by MMIO', () => {
  it.each([
    ['TPR', 0x80, 0x20, []],
    ['EOI', 0xb0, 0, []],
    ['ICR high', 0x310, 0x01000000, []],
    ['ICR, shorthand self', 0x300, 0x40031, []],
    ['ICR to another', 0x300, 0x31, ['APIC_WRITE 300']],
    ['ICR, self, NMI', 0x300, 0x40431, ['APIC_WRITE 300']],
    ['SVR', 0xf0, 0x1ff, ['APIC_WRITE f0']],
    ['LVT LINT0', 0x350, 0x10000, ['APIC_WRITE 350']],
    ['PPR', 0xa0, 0, ['APIC_ACCESS 10a0']],
    ['ISR', 0x100, 0, ['APIC_ACCESS 1100']],
  ])('a write of %s', (_name, offset, value, expected) => {
    const { c, exits } = guest();
    c.guest.mmioWrite(0, 0xfee00000 + offset, 4, value);
    expect(exits).toEqual(expected);
  });

  it.each([
    ['ID', 0x20, []],
    ['TPR', 0x80, []],
    ['IRR', 0x210, []],
    ['ICR', 0x300, []],
    ['PPR', 0xa0, ['APIC_ACCESS a0']],
    ['current count', 0x390, ['APIC_ACCESS 390']],
  ])('a read of %s', (_name, offset, expected) => {
    const { c, exits } = guest();
    c.guest.mmioRead(0, 0xfee00000 + offset, 4);
    expect(exits).toEqual(expected);
  });

  it('anything else is EPT_MISCONFIG', () => {
    const { c, exits } = guest();
    c.guest.mmioRead(0, 0xfec00000, 4);
    expect(exits).toEqual(['EPT_MISCONFIG 0']);
  });
});

describe('accesses by MSR', () => {
  it.each([
    ['TPR', 0x808, 0x20n, []],
    ['EOI', 0x80b, 0n, []],
    ['SELF_IPI', 0x83f, 0x31n, []],
    ['ICR', 0x830, 0x31n, ['MSR_WRITE 0']],
    ['SVR', 0x80f, 0x1ffn, ['MSR_WRITE 0']],
  ])('a write of %s', (_name, msr, value, expected) => {
    const { c, exits } = guest({ x2apic: true });
    c.guest.writeMsr(0, msr, value);
    expect(exits).toEqual(expected);
  });

  it.each([
    ['ID', 0x802, []],
    ['PPR', 0x80a, []],
    ['current count', 0x839, ['MSR_READ 0']],
  ])('a read of %s', (_name, msr, expected) => {
    const { c, exits } = guest({ x2apic: true });
    c.guest.readMsr(0, msr);
    expect(exits).toEqual(expected);
  });
});

describe('virtual interrupts', () => {
  it('a self-IPI is delivered and ended without an exit, above the TPR only', () => {
    const { c, exits } = guest();
    c.guest.mmioWrite(0, 0xfee00080, 4, 0x40);
    c.guest.mmioWrite(0, 0xfee00300, 4, 0x40031);
    expect(c.guest.take(0)).toBe(-1);
    c.guest.mmioWrite(0, 0xfee00080, 4, 0);
    expect(c.guest.take(0)).toBe(0x31);
    expect([c.vmx.at(0).svi, c.lapics.at(0).ppr, c.lapics.at(0).isr.list()]).toEqual([0x31, 0x30, [0x31]]);
    c.guest.mmioWrite(0, 0xfee000b0, 4, 0);
    expect([c.vmx.at(0).svi, c.lapics.at(0).ppr, c.lapics.at(0).isr.list(), exits]).toEqual([0, 0, [], []]);
  });

  it('an EOI exits for vectors in the EOI-exit bitmap only', () => {
    const { c, exits } = guest();
    c.lapics.at(0).eoiVectors.add(0x51);
    for (const vector of [0x51, 0x31]) {
      c.guest.mmioWrite(0, 0xfee00300, 4, 0x40000 | vector);
      expect(c.guest.take(0)).toBe(vector);
      c.guest.mmioWrite(0, 0xfee000b0, 4, 0);
    }
    expect(exits).toEqual(['EOI_INDUCED 51']);
  });

  it('an IPI is posted to a vCPU in the guest, and notified once', () => {
    const { m, c } = guest();
    c.apicv.load(1, 1);
    c.guest.run(1);
    const notified: unknown[] = [];
    m.trace.listener = (e) => {
      if (e.name === 'hw_notification') notified.push(e.fields['apicid']);
    };
    c.guest.mmioWrite(0, 0xfee00310, 4, 0x01000000);
    for (const vector of [0x31, 0x41]) c.guest.mmioWrite(0, 0xfee00300, 4, vector);
    expect([notified, c.vmx.at(1).desc.pir.list()]).toEqual([[1], [0x31, 0x41]]);
    expect([c.guest.take(1), c.guest.take(1)]).toEqual([0x41, -1]);
  });

  it('with APICv off the notification is an exit, and KVM injects', () => {
    const { m, c, exits } = guest();
    c.apicv.setInhibit('BLOCKIRQ', true);
    c.guest.enter(0);
    c.vmx.at(0).desc.pir.add(0x31);
    c.vmx.at(0).desc.on = 1;
    m.parts.x86.posted.notify(0, 0xf2);
    expect(c.guest.take(0)).toBe(0x31);
    expect(exits).toEqual(['EXTERNAL_INTERRUPT 0', 'EXTERNAL_INTERRUPT 0']);
  });

  it('reasons that concern AVIC only do not switch it off', () => {
    const { c } = guest();
    for (const reason of ['IRQWIN', 'PIT_REINJ', 'LOGICAL_ID_ALIASED', 'NESTED'] as const)
      c.apicv.setInhibit(reason, true);
    expect(c.avic.state.inhibits).toBe(0);
  });
});
