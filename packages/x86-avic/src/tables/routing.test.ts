// Routing and ioctl rows T01–T20: preconditions, validation of routing tables, what survives a refused one.

import { describe, expect, it } from 'vitest';
import { vm } from '../__fixtures__/bench.ts';

type Op = Readonly<Record<string, unknown>>;
const MSI = { type: 'msi', address_lo: 0xfee00000, data: 0x41 };
const ioapic = (gsi: number, pin: number): Op => ({ gsi, type: 'irqchip', chip: 'ioapic', pin });
const msi = (gsi: number, more: Op = {}): Op => ({ gsi, ...MSI, ...more });
const set = (entries: readonly Op[], options: Op = {}, flags = 0): string | number =>
  vm(options).ret({ op: 'set_gsi_routing', entries, flags });

describe('preconditions', () => {
  it('CORE-04 the default table: 0–15 to IOAPIC and PIC, in this order, 16–23 to the IOAPIC', () => {
    const m = vm({ vcpus: 0 });
    m.op({ op: 'trace' });
    const reached = Array.from({ length: 25 }, (_, gsi) => {
      const { trace } = m.op({ op: 'irq_line', gsi, level: 0 }) as unknown as { trace: string[] };
      return trace.slice(1).map((line) => /^kvm_(ioapic|pic)_set_irq: (?:chip (\d) )?pin (\d+)/.exec(line)?.slice(1));
    });
    const ioapic = (pin: number) => ['ioapic', undefined, String(pin)];
    const expected = Array.from({ length: 24 }, (_, gsi) =>
      gsi < 16 ? [ioapic(gsi), ['pic', String(gsi >> 3), String(gsi & 7)]] : [ioapic(gsi)],
    );
    expect(reached).toEqual([...expected, []]);
  });

  it('T01 without an irqchip', () => {
    const m = vm({ irqchip: 'none' });
    const results = [
      m.ret({ op: 'set_gsi_routing', entries: [] }),
      m.ret({ op: 'irq_line', gsi: 0, level: 1 }),
      m.ret({ op: 'irqfd', name: 'e', gsi: 0 }),
      m.msi(0xfee00000, 0x41),
      m.ret({ op: 'lapic_get' }),
    ];
    expect(results).toEqual(['EINVAL', 'ENXIO', 'EINVAL', 'EINVAL', 'EINVAL']);
  });

  it('T02 a second irqchip; T03 an irqchip or a split one after a vCPU', () => {
    const m = vm({ irqchip: 'none', vcpus: 0 });
    expect([m.ret({ op: 'create_irqchip' }), m.ret({ op: 'create_irqchip' })]).toEqual([0, 'EEXIST']);
    const n = vm({ irqchip: 'none' });
    expect([n.ret({ op: 'create_irqchip' }), n.ret({ op: 'enable_split', pins: 24 })]).toEqual(['EINVAL', 'EEXIST']);
  });

  it('T15 split irqchip', () => {
    const m = vm({ irqchip: 'split', split_pins: 24 });
    const results = [
      m.ret({ op: 'set_gsi_routing', entries: [ioapic(5, 5)] }),
      m.ret({ op: 'set_gsi_routing', entries: [msi(5)] }),
      m.ret({ op: 'create_irqchip' }),
      m.ret({ op: 'irqchip_get', chip: 2 }),
      m.ret({ op: 'irqfd', name: 'e', gsi: 5 }),
      m.ret({ op: 'irqfd', name: 'f', gsi: 5, resample: 'r' }),
    ];
    expect(results).toEqual(['EINVAL', 0, 'EEXIST', 'ENXIO', 0, 'EINVAL']);
  });

  it('T16 pins reserved with the split irqchip', () => {
    const m = vm({ irqchip: 'none', vcpus: 0 });
    const pins = (n: number) => m.ret({ op: 'enable_split', pins: n });
    expect([pins(4097), pins(4096)]).toEqual(['EINVAL', 0]);
  });

  it('T19 an unknown chip; KVM_INTERRUPT with the kernel PIC', () => {
    const m = vm();
    expect([m.ret({ op: 'irqchip_get', chip: 3 }), m.ret({ op: 'interrupt', vector: 0x41 })]).toEqual([
      'EINVAL',
      'ENXIO',
    ]);
  });

  it('T20 KVM_INTERRUPT with the split irqchip, and the CPU takes the vector before the LAPIC', () => {
    const m = vm({ irqchip: 'split' });
    const interrupt = (vector: number) => m.ret({ op: 'interrupt', vector });
    expect([interrupt(0x41), interrupt(0x42), interrupt(256)]).toEqual([0, 'EEXIST', 'EINVAL']);
    m.msi(0xfee00000, 0x91);
    const taken = [1, 2].map(() => m.op({ op: 'window' }).out?.['vector']);
    expect([taken, interrupt(0x42)]).toEqual([[0x41, 0x91], 0]);
  });
});

describe('validation of a table', () => {
  const rows: readonly (readonly [string, number | string, number | string])[] = [
    ['T04 gsi 4095', set([ioapic(4095, 0)]), 0],
    ['T04 gsi 4096', set([ioapic(4096, 0)]), 'EINVAL'],
    ['T05 4096 entries', set(Array.from({ length: 4096 }, (_, gsi) => msi(gsi))), 0],
    ['T05 4097 entries', set(Array.from({ length: 4097 }, (_, i) => msi(i % 4096))), 'EINVAL'],
    ['T07 table flags 1', set([], {}, 1), 'EINVAL'],
    ['T08 IRQCHIP entry flags 1', set([{ ...ioapic(5, 5), flags: 1 }]), 'EINVAL'],
    ['T08 MSI entry flags 1', set([msi(5, { flags: 1 })]), 0],
    ['T08 MSI entry flags 2', set([msi(5, { flags: 2 })]), 'EINVAL'],
    ['T09 IOAPIC + IOAPIC', set([ioapic(5, 5), ioapic(5, 6)]), 'EINVAL'],
    ['T09 MSI + IOAPIC', set([msi(5), ioapic(5, 5)]), 'EINVAL'],
    ['T09 IOAPIC + MSI', set([ioapic(5, 5), msi(5)]), 'EINVAL'],
    ['T09 MSI + MSI', set([msi(5), msi(5)]), 'EINVAL'],
    [
      'T10 PIC master + PIC slave + IOAPIC',
      set([
        { gsi: 5, type: 'irqchip', chip: 'pic_master', pin: 5 },
        { gsi: 5, type: 'irqchip', chip: 'pic_slave', pin: 5 },
        ioapic(5, 5),
      ]),
      0,
    ],
    ['T11 one pin from two GSIs', set([ioapic(5, 5), ioapic(6, 5)]), 0],
    ['T12 IOAPIC pin 24', set([ioapic(5, 24)]), 'EINVAL'],
    ['T12 PIC pin 8', set([{ gsi: 5, type: 'irqchip', chip: 'pic_master', pin: 8 }]), 'EINVAL'],
    ['T12 irqchip 3', set([{ gsi: 5, type: 'irqchip', chip: 3, pin: 0 }]), 'EINVAL'],
    ['T12 type 0', set([{ gsi: 5, type: 0 }]), 'EINVAL'],
    ['T12 type 3', set([{ gsi: 5, type: 3 }]), 'EINVAL'],
    ['T12 type 6', set([{ gsi: 5, type: 6 }]), 'EINVAL'],
    ['T17 x2APIC format, address_hi 1', set([msi(5, { address_hi: 1 })], { x2apic_api: 1 }), 'EINVAL'],
    ['T17 x2APIC format, address_hi 0x100', set([msi(5, { address_hi: 0x100 })], { x2apic_api: 1 }), 0],
  ];
  it.each(rows)('%s', (_name, result, expected) => expect(result).toBe(expected));

  it('T18 KVM_SIGNAL_MSI checks the same', () => {
    const m = vm({ x2apic_api: 1 });
    const send = (more: Op) => m.msi(0xfee00000, 0x41, more);
    expect([send({ address_hi: 1 }), send({ flags: 1 }), send({ flags: 2 })]).toEqual(['EINVAL', 1, 'EINVAL']);
  });
});

describe('KVM_CAP_X2APIC_API', () => {
  const enable = (flags: number, options: Op = {}, kernel: '6.18' | '6.12' = '6.18') =>
    vm(options, kernel).ret({ op: 'x2apic_api', flags });
  it.each([
    ['T17 an unknown bit', enable(0x80), 'EINVAL'],
    ['T17 32-bit ids, no quirk', enable(3), 0],
    ['T17 suppressed EOI broadcasts with the IOAPIC in the kernel', enable(4), 'EINVAL'],
    ['T17 suppressed EOI broadcasts', enable(4, { irqchip: 'split' }), 0],
    ['T17 suppressed and not', enable(12, { irqchip: 'split' }), 'EINVAL'],
    ['T17 before there was suppression', enable(8, {}, '6.12'), 'EINVAL'],
  ])('%s', (_name, result, expected) => expect(result).toBe(expected));

  it('T17 changes the format of messages', () => {
    const m = vm();
    const send = () => m.msi(0xfee00000, 0x41, { address_hi: 1 });
    const before = send();
    m.op({ op: 'x2apic_api', flags: 1 });
    expect([before, send()]).toEqual([1, 'EINVAL']);
  });
});

describe('vCPU ids', () => {
  const fault = (options: Op) => {
    try {
      return vm(options).ret({ op: 'sync' });
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('an id that is taken is EEXIST, also when it is the index of another', () => {
    expect(fault({ vcpus: 2, apic_ids: [3, 3] })).toMatch(/apic_ids vCPU 1 gets id 3, which vCPU 0 has.*EEXIST/);
    expect(fault({ vcpus: 2, apic_ids: [1] })).toMatch(/vCPU 1 gets id 1, which vCPU 0 has/);
    expect(fault({ vcpus: 2, apic_ids: [1, 0] })).toBe(0);
  });

  it('without vCPUs nothing of a vCPU or its guest works, the rest does', () => {
    const m = vm({ vcpus: 0 });
    const guest = ['ack', 'eoi', 'window', 'hlt', 'lapic_get'].map((op) => m.ret({ op }));
    const ioapic = [m.ret({ op: 'ioapic_read', reg: 0 }), m.ret({ op: 'ioapic_redir', pin: 5, value: 0x35 })];
    expect([...guest, ...ioapic]).toEqual(Array(7).fill('EINVAL'));
    expect([m.L(5, 1), m.ret({ op: 'irqchip_get', chip: 2 }), m.ret({ op: 'sync' })]).toEqual([[1], 0, 0]);
  });
});

describe('which table is in force', () => {
  it('T06 the empty table', () => {
    const m = vm();
    expect(m.route().ret).toBe(0);
    expect(Array.from({ length: 24 }, (_, gsi) => m.L(gsi, 1)[0]).every((r) => r === -1)).toBe(true);
  });

  it('T13 a refused table leaves the old one', () => {
    const m = vm();
    m.rte(7, { vec: 0x37 });
    m.ioapicOnly(7);
    expect(m.ret({ op: 'set_gsi_routing', entries: [ioapic(7, 24)] })).toBe('EINVAL');
    expect(m.L(7, 1, 0)).toEqual([1, 1]);
  });

  it('T14 GSIs without a route', () => {
    const m = vm();
    expect([24, 5000, 0xffffffff].map((gsi) => m.L(gsi, 1)[0])).toEqual([-1, -1, -1]);
  });
});
