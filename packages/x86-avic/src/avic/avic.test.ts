// AVIC in the guest: which accesses exit, IPIs, tables, scheduling, inhibits. Rows X86-24 to X86-30.

import { describe, expect, it } from 'vitest';
import { names, postedGuest } from '../__fixtures__/posted.ts';
import { accessTo } from './access.ts';
import { INHIBIT, INHIBIT_REASONS, type InhibitReason, inhibitBit } from './inhibit.ts';
import { entryImage, gaTag, logicalIndex, vcpuOfTag, vmIdOfTag } from './tables.ts';

const APIC = 0xfee00000;
const exits = (events: readonly string[]): string[] =>
  events.filter((e) => e.startsWith('kvm_exit')).map((e) => /reason (\S+)/.exec(e)?.[1] ?? '');

describe('X86-24 tables', () => {
  it('an entry has the backing page, the host id, IsRunning and Valid where hardware looks for them', () => {
    const g = postedGuest();
    const entry = g.chip.avic.state.physical.at(1);
    expect(entryImage(entry)).toBe((1n << 63n) | (0x10001n << 12n));
    g.run(1, 3);
    expect(entryImage(entry)).toBe((3n << 62n) | (0x10001n << 12n) | 3n);
    g.op('vcpu_put', { vcpu: 1 });
    expect(entryImage(entry)).toBe((1n << 63n) | (0x10001n << 12n) | 3n);
  });

  it.each([
    ['flat, bit 0', 0x01000000, true, 0],
    ['flat, bit 7', 0x80000000, true, 7],
    ['flat, two bits: the lower', 0x0c000000, true, 2],
    ['nobody', 0, true, -1],
    ['cluster 2, bit 1', 0x22000000, false, 9],
    ['cluster 14', 0xe8000000, false, 59],
    ['cluster 15 is the broadcast', 0xf1000000, false, -1],
  ])('logical index: %s', (_name, ldr, flat, index) => {
    expect(logicalIndex(ldr, flat)).toBe(index);
  });

  it('the logical table follows LDR and DFR', () => {
    const g = postedGuest();
    g.run(1);
    const { logical } = g.chip.avic.state;
    expect(exits(g.op('mmio_write', { vcpu: 1, addr: APIC + 0xd0, value: 0x02000000 }).events)).toEqual([
      'avic_unaccelerated_access',
    ]);
    expect([logical.at(1).valid, logical.at(1).guestId]).toEqual([1, 1]);
    g.op('mmio_write', { vcpu: 1, addr: APIC + 0xe0, value: 0x0fffffff });
    expect(logical.at(1).valid).toBe(0);
    g.op('mmio_write', { vcpu: 1, addr: APIC + 0xd0, value: 0x24000000 });
    expect([logical.at(10).valid, logical.at(10).guestId]).toEqual([1, 1]);
  });

  it.each([8, 9] as const)('a GA tag of %i vCPU bits names VM and vCPU', (width) => {
    const tag = gaTag(5, 3, width);
    expect([vmIdOfTag(tag, width), vcpuOfTag(tag, width)]).toEqual([5, 3]);
  });
});

describe('X86-25 accesses in the guest', () => {
  const rows: [string, number, 'accelerated' | 'trap' | 'fault', 'accelerated' | 'trap' | 'fault'][] = [
    ['ID', 0x20, 'accelerated', 'trap'],
    ['TPR', 0x80, 'accelerated', 'accelerated'],
    ['PPR', 0xa0, 'accelerated', 'fault'],
    ['RRR', 0xc0, 'fault', 'trap'],
    ['LDR', 0xd0, 'accelerated', 'trap'],
    ['SVR', 0xf0, 'accelerated', 'trap'],
    ['ISR', 0x110, 'accelerated', 'fault'],
    ['IRR', 0x270, 'accelerated', 'fault'],
    ['ICR', 0x300, 'accelerated', 'accelerated'],
    ['LVT timer', 0x320, 'accelerated', 'trap'],
    ['TMICT', 0x380, 'accelerated', 'trap'],
    ['TMCCT', 0x390, 'fault', 'fault'],
    ['reserved', 0x40, 'fault', 'fault'],
  ];
  it.each(rows)('%s', (_name, offset, read, write) => {
    expect(accessTo(offset)).toEqual({ read, write });
    const g = postedGuest();
    g.run(0);
    const noExit = (access: string): boolean => access === 'accelerated';
    expect(exits(g.op('mmio_read', { addr: APIC + offset }).events).length === 0).toBe(noExit(read));
    const { events } = g.op('mmio_write', { addr: APIC + offset, value: 0 });
    expect(events.some((e) => e.includes(', trap, write'))).toBe(write === 'trap');
    expect(events.some((e) => e.includes(', fault, write'))).toBe(write === 'fault');
  });

  it('an EOI exits for a level-triggered vector only', () => {
    const g = postedGuest();
    g.run(0);
    for (const [data, reasons] of [
      [0x31, []],
      [0x8031, ['avic_unaccelerated_access']],
    ] as const) {
      g.op('signal_msi', { address_lo: APIC, data });
      g.op('ack');
      expect(exits(g.op('eoi').events)).toEqual(reasons);
    }
  });

  it('X86-28 x2AVIC completes MSR accesses, AVIC does not', () => {
    for (const [apicv, reasons] of [
      ['x2avic', []],
      ['avic', ['msr']],
    ] as const) {
      const g = postedGuest({ vm: { apicv } });
      g.op('set_msr', { msr: 0x1b, value: '0xfee00d00' });
      g.run(0);
      expect(exits(g.op('rdmsr', { msr: 0x808 }).events)).toEqual(reasons);
    }
  });

  it('a vCPU that never entered the guest is emulated', () => {
    const g = postedGuest();
    expect(names(g.op('mmio_write', { addr: APIC + 0x80, value: 0x20 }).events)).toEqual(['kvm_apic']);
  });
});

describe('X86-26 IPIs', () => {
  const icr = (g: ReturnType<typeof postedGuest>, low: number, dest = 1) => {
    g.op('mmio_write', { addr: APIC + 0x310, value: (dest << 24) >>> 0 });
    return g.op('mmio_write', { addr: APIC + 0x300, value: low });
  };

  it('to a vCPU that runs: no exit', () => {
    const g = postedGuest();
    g.run(0);
    g.run(1);
    expect(icr(g, 0x40).events).toEqual([]);
    expect([g.op('ack', { vcpu: 1 }).out, g.host.state.cpus.at(1).doorbell]).toEqual([{ vector: 0x40 }, 0]);
  });

  const failures: [string, number, number, number, string[]][] = [
    ['0 not fixed', 0x440, 1, 0, ['kvm_apic_ipi']],
    ['1 target not running', 0x40, 1, 1, []],
    ['2 no such target', 0x40, 7, 2, ['kvm_apic_ipi']],
    ['4 vector below 16', 0x05, 1, 4, []],
  ];
  it.each(failures)('failure %s', (_name, low, dest, id, then) => {
    const g = postedGuest();
    g.run(0);
    const { events } = icr(g, low, dest);
    expect(exits(events)).toEqual(['avic_incomplete_ipi']);
    expect(events.find((e) => e.startsWith('kvm_avic_incomplete_ipi'))).toMatch(`id=${id},`);
    for (const name of then) expect(names(events)).toContain(name);
    expect(names(events).includes('kvm_apic_ipi')).toBe(then.includes('kvm_apic_ipi'));
  });

  it('a target that halts has the bit, and is woken by KVM', () => {
    const g = postedGuest();
    g.run(0);
    g.run(1);
    g.op('vcpu_halt', { vcpu: 1 });
    expect(names(icr(g, 0x40).events)).toContain('kvm_vcpu_wakeup');
    g.op('vcpu_run', { vcpu: 1 });
    expect(g.op('ack', { vcpu: 1 }).out).toEqual({ vector: 0x40 });
  });

  it('to all but self, one of them halting: the scan of KVM says so', () => {
    const g = postedGuest({ vcpus: 3 });
    for (const v of [0, 1, 2]) g.run(v);
    g.op('vcpu_halt', { vcpu: 2 });
    expect(names(icr(g, 0xc0040).events)).toEqual(
      expect.arrayContaining(['kvm_avic_kick_vcpu_slowpath', 'kvm_vcpu_wakeup']),
    );
    g.op('vcpu_run', { vcpu: 2 });
    expect([g.op('ack', { vcpu: 1 }).out, g.op('ack', { vcpu: 2 }).out, g.op('ack').out]).toEqual([
      { vector: 0x40 },
      { vector: 0x40 },
      { vector: null },
    ]);
  });

  it('to self: no doorbell', () => {
    const g = postedGuest();
    g.run(0);
    expect([icr(g, 0x40040).events, g.op('ack').out]).toEqual([[], { vector: 0x40 }]);
  });

  it('by a flat logical id', () => {
    const g = postedGuest();
    g.run(0);
    g.run(1);
    g.op('mmio_write', { vcpu: 1, addr: APIC + 0xd0, value: 0x02000000 });
    expect([icr(g, 0x840, 2).events, g.op('ack', { vcpu: 1 }).out]).toEqual([[], { vector: 0x40 }]);
  });

  it('X86-29 with erratum 1235 the table never says running, so that every IPI exits, while IRTEs know', () => {
    const g = postedGuest({ vm: { ipiv: false } });
    g.run(0);
    g.run(1);
    g.passThrough(1);
    expect([g.chip.avic.state.physical.at(1).isRunning, g.irte().isRun]).toEqual([0, 1]);
    expect(exits(icr(g, 0x40).events)).toEqual(['avic_incomplete_ipi']);
    expect(g.op('ack', { vcpu: 1 }).out).toEqual({ vector: 0x40 });
  });
});

describe('X86-27 scheduling', () => {
  it.each([
    ['a CPU that the host has not', { vcpu: 0, cpu: 9 }, -22],
    ['a CPU that another vCPU has', { vcpu: 0, cpu: 1 }, -16],
    ['a second CPU', { vcpu: 1, cpu: 2 }, -16],
  ])('vcpu_load: %s', (_name, args, ret) => {
    const g = postedGuest();
    g.run(1, 1);
    expect(g.op('vcpu_load', args).ret).toBe(ret);
  });

  it('halting with an interrupt pending does not sleep', () => {
    const g = postedGuest();
    g.run(0);
    g.op('signal_msi', { address_lo: APIC, data: 0x31 });
    g.op('vcpu_halt');
    expect([g.chip.avic.vcpus.isBlocking(0), g.op('vcpu_run').ret, g.op('ack').out]).toEqual([
      false,
      0,
      { vector: 0x31 },
    ]);
  });
});

describe('X86-30 inhibits', () => {
  it('reasons have the bits of 6.18', () => {
    expect(INHIBIT_REASONS.map((r) => INHIBIT[r].bit)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('only the first reason and the last make vCPUs exit', () => {
    const g = postedGuest();
    g.run(0);
    const set = (reason: InhibitReason, on = true) => names(g.op('apicv_inhibit', { reason, on }).events);
    expect(set('BLOCKIRQ')).toEqual(['ipi_send_cpu', 'kvm_apicv_inhibit_changed']);
    g.op('ack');
    expect(set('PIT_REINJ')).toEqual(['kvm_apicv_inhibit_changed']);
    expect(set('BLOCKIRQ', false)).toEqual(['kvm_apicv_inhibit_changed']);
    expect(g.chip.avic.state.inhibits).toBe(inhibitBit('PIT_REINJ'));
    expect(set('PIT_REINJ', false)).toEqual(['ipi_send_cpu', 'kvm_apicv_inhibit_changed']);
    g.op('ack');
    expect(g.chip.avic.isActive(0)).toBe(true);
  });

  it('an ExtINT from the PIC takes AVIC away until it is injected', () => {
    const g = postedGuest({ vcpus: 1 });
    g.run(0);
    for (const [port, value] of [
      [0x20, 0x11],
      [0x21, 0x20],
      [0x21, 0x04],
      [0x21, 0x01],
    ])
      g.op('out', { port, value });
    g.op('irq_line', { gsi: 5, level: 1 });
    const { events, out } = g.op('ack');
    expect(out).toEqual({ vector: 0x25 });
    expect(events.filter((e) => e.startsWith('kvm_apicv'))).toEqual([
      'kvm_apicv_inhibit_changed: set reason=8, inhibits=0x100',
      'kvm_apicv_inhibit_changed: cleared reason=8, inhibits=0x0',
    ]);
  });

  it.each([
    ['APIC_ID_MODIFIED', { addr: APIC + 0x20, value: 0x05000000 }],
    ['LOGICAL_ID_ALIASED', { addr: APIC + 0xd0, value: 0x03000000 }],
  ] as const)("%s is the guest's own doing", (reason, args) => {
    const g = postedGuest();
    g.run(0);
    g.op('mmio_write', args);
    expect(g.chip.avic.state.inhibits & inhibitBit(reason)).not.toBe(0);
  });

  it('two vCPUs with one logical id', () => {
    const g = postedGuest();
    g.run(0);
    g.run(1);
    for (const vcpu of [0, 1]) g.op('mmio_write', { vcpu, addr: APIC + 0xd0, value: 0x01000000 });
    expect(g.chip.avic.state.inhibits).toBe(inhibitBit('LOGICAL_ID_ALIASED'));
    g.op('mmio_write', { vcpu: 1, addr: APIC + 0xd0, value: 0x02000000 });
    expect(g.chip.avic.state.inhibits).toBe(0);
  });

  it('the APIC base moves', () => {
    const g = postedGuest();
    g.run(0);
    g.op('wrmsr', { msr: 0x1b, value: '0xfed00900' });
    expect(g.chip.avic.state.inhibits & inhibitBit('APIC_BASE_MODIFIED')).not.toBe(0);
  });

  it('a vCPU id that the table has no room for', () => {
    const g = postedGuest({ vm: { apic_ids: [0, 0xff] } });
    expect([g.chip.avic.state.inhibits, g.chip.avic.isActive(0)]).toEqual([inhibitBit('PHYSICAL_ID_TOO_BIG'), false]);
  });

  it('no in-kernel local APIC', () => {
    expect(postedGuest({ vm: { irqchip: 'none' } }).chip.avic.state.inhibits).toBe(inhibitBit('ABSENT'));
  });
});
