// LAPIC and MSI vectors T90–T121 as far as this version models them, observed on Linux 6.18 or taken from kvm-unit-tests.

import { describe, expect, it } from 'vitest';
import { vm } from '../__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;
const PHYS = 0xfee00000;
const to = (dest: number, logical = 0, rh = 0): number => (PHYS | (dest << 12) | (rh << 3) | (logical << 2)) >>> 0;
const flat = (m: Vm, ...ids: number[]) =>
  ids.forEach((id, v) => void m.op({ op: 'mmio_write', vcpu: v, addr: 0xfee000d0, value: (id << 24) >>> 0 }));
const x2apic = (m: Vm, n: number) =>
  Array.from({ length: n }, (_, v) =>
    m.op({ op: 'set_msr', vcpu: v, msr: 0x1b, value: v === 0 ? '0xfee00d00' : '0xfee00c00' }),
  );
const irr = (m: Vm): number[][] => m.state.lapic.map((l) => l.irr);
const chosen = (m: Vm, vec: number): number => m.state.lapic.findIndex((l) => l.irr.includes(vec));

describe('reset', () => {
  it('T90, T91', () => {
    const m = vm({ vcpus: 2, lapic_enable: false });
    const [a, b] = m.state.lapic;
    expect([b!['id'], b!['spiv'], b!['dfr'], b!['ldr'], b!['lvt0'], b!['lvt1']]).toEqual([
      '0x1000000',
      '0xff',
      '0xffffffff',
      '0x0',
      '0x10000',
      '0x10000',
    ]);
    expect(a!['lvt0']).toBe('0x700');
    expect(m.op({ op: 'mmio_read', addr: 0xfee00030 }).out?.['value']).toBe('0x50014');
  });
});

describe('MSI', () => {
  it('T93 twice; T94 absent and broadcast; T95 level sets TMR; T96 any address; T97 hint', () => {
    const m = vm({ vcpus: 2 });
    expect([m.msi(to(1), 0x41), m.msi(to(1), 0x41)]).toEqual([1, 1]);
    expect([m.msi(to(7), 0x42), m.msi(to(0xff), 0x42)]).toEqual([0, 2]);
    expect([m.msi(to(0), 0x8043), m.state.lapic[0]!.tmr]).toEqual([1, [0x43]]);
    expect([m.msi(0x12345000, 0x44), m.msi(to(0, 0, 1), 0x45)]).toEqual([0, 1]);
    const off = vm({ vcpus: 2, lapic_enable: false });
    expect(off.msi(to(0), 0x400)).toBe(1);
  });

  it('do not reach the vCPU created last before the map is made again', () => {
    const m = vm({ vcpus: 2, lapic_enable: false });
    expect([m.msi(to(0), 0x400), m.msi(to(1), 0x400)]).toEqual([1, 0]);
    m.op({ op: 'lapic_set' });
    expect(m.msi(to(1), 0x400)).toBe(1);
  });

  it('T98 a GSI routed to MSI', () => {
    const m = vm();
    m.route({ gsi: 30, type: 'msi', address_lo: PHYS, data: 0x50 });
    expect(m.L(30, 1, 0, 1)).toEqual([1, -1, 1]);
  });

  it('T99–T102 lowest priority by vector hashing', () => {
    const m = vm({ vcpus: 3 });
    flat(m, 1, 2, 4);
    const pick = (dest: number, vec: number, dm = 1, rh = 0): [number | string, number] => [
      m.msi(to(dest, 1, rh), (dm << 8) | vec),
      chosen(m, vec),
    ];
    expect([0x60, 0x61, 0x62, 0x63, 0x64, 0x65].map((v) => pick(7, v)[1])).toEqual([0, 1, 2, 0, 1, 2]);
    expect([0x70, 0x71, 0x72, 0x73].map((v) => pick(5, v)[1])).toEqual([0, 2, 0, 2]);
    expect(pick(7, 0x80, 0, 1)).toEqual([1, 2]);
    expect([0x84, 0x85, 0x86, 0x87].map((v) => pick(0x0f, v))).toEqual([
      [1, 0],
      [1, 1],
      [1, 2],
      [0, -1],
    ]);
  });

  it('T103 two CPUs with one logical id', () => {
    const m = vm({ vcpus: 2 });
    flat(m, 1, 1);
    expect([m.msi(to(1, 1), 0x60), m.msi(to(1, 1), 0x161)]).toEqual([2, 1]);
  });

  it('T104 two CPUs with one physical id: scanned, nobody is -1, which is EPERM', () => {
    const m = vm({ vcpus: 2 });
    m.op({ op: 'mmio_write', vcpu: 1, addr: 0xfee00020, value: 0 });
    expect([m.msi(to(0), 0x60), m.msi(to(1), 0x61)]).toEqual([2, 'EPERM']);
  });

  it('T105 one CPU software-disabled', () => {
    const m = vm({ vcpus: 2 });
    flat(m, 1, 2);
    m.op({ op: 'mmio_write', vcpu: 1, addr: 0xfee000f0, value: 0xff });
    expect([m.msi(to(0xff), 0x60), m.msi(to(2, 1), 0x161)]).toEqual([1, 0]);
  });

  it('T106 x2APIC with the broadcast quirk', () => {
    const m = vm({ vcpus: 3 });
    x2apic(m, 3);
    expect([m.msi(to(0xff), 0x60), m.msi(to(3, 1), 0x61), m.msi(to(0xff, 1), 0x62)]).toEqual([3, 2, 3]);
  });

  it('T107 x2APIC with 32-bit ids and no quirk', () => {
    const m = vm({ vcpus: 3, x2apic_api: 3 });
    x2apic(m, 3);
    const hi = (address_hi: number, dest: number, logical = 0): number | string =>
      m.msi(to(dest, logical), 0x60, { address_hi });
    expect([hi(0, 0xff), hi(0, 0xff, 1), hi(0xffffff00, 0xff), hi(0x00010000, 1, 1), hi(0x100, 0)]).toEqual([
      0, 3, 3, 0, 0,
    ]);
  });

  it('T17, T18 high address bits in the 32-bit format', () => {
    const m = vm({ x2apic_api: 1 });
    expect(m.ret({ op: 'set_gsi_routing', entries: [{ gsi: 1, type: 'msi', address_lo: PHYS, address_hi: 1 }] })).toBe(
      'EINVAL',
    );
    expect(
      m.ret({ op: 'set_gsi_routing', entries: [{ gsi: 1, type: 'msi', address_lo: PHYS, address_hi: 0x100 }] }),
    ).toBe(0);
    expect([
      m.msi(to(0), 0x41, { address_hi: 1 }),
      m.msi(to(0), 0x41, { flags: 1 }),
      m.msi(to(0), 0x41, { flags: 2 }),
    ]).toEqual(['EINVAL', 1, 'EINVAL']);
  });
});

describe('x2APIC', () => {
  it('T108 ids in both formats; T109 a wrong id is refused', () => {
    const legacy = vm({ vcpus: 3 });
    x2apic(legacy, 3);
    expect([legacy.state.lapic[2]!['id'], legacy.state.lapic[2]!['ldr']]).toEqual(['0x2000000', '0x4']);
    const wide = vm({ vcpus: 3, x2apic_api: 1 });
    x2apic(wide, 3);
    expect([wide.state.lapic[2]!['id'], wide.ret({ op: 'lapic_set', vcpu: 2, id: 7 })]).toEqual(['0x2', 'EINVAL']);
  });

  it('T117 the id is read-only; in xAPIC it is not', () => {
    const m = vm();
    m.op({ op: 'mmio_write', addr: 0xfee00020, value: 0x05000000 });
    expect(m.op({ op: 'mmio_read', addr: 0xfee00020 }).out?.['value']).toBe('0x5000000');
    x2apic(m, 1);
    expect(m.op({ op: 'wrmsr', msr: 0x802, value: 9 }).out?.['exit']).toBe('gp');
  });

  it('T118 self IPI in both modes; broadcast', () => {
    const m = vm({ vcpus: 3 });
    m.op({ op: 'mmio_write', addr: 0xfee00300, value: 0x00040041 });
    m.op({ op: 'mmio_write', addr: 0xfee00300, value: 0x00080042 });
    expect(irr(m)).toEqual([[0x41, 0x42], [0x42], [0x42]]);
    x2apic(m, 3);
    m.op({ op: 'wrmsr', msr: 0x83f, value: 0x43 });
    expect(irr(m)[0]).toContain(0x43);
  });
});

describe('priorities', () => {
  it('T110 PPR from TPR and ISR', () => {
    const m = vm();
    const ppr = [0x31, 0x19].map((tpr) => {
      m.op({ op: 'lapic_set', isr: [0x25, 0x11] });
      m.op({ op: 'mmio_write', addr: 0xfee00080, value: tpr });
      return m.op({ op: 'mmio_read', addr: 0xfee000a0 }).out?.['value'];
    });
    expect(ppr).toEqual(['0x31', '0x20']);
  });

  it('T111 the class of the highest in service', () => {
    const m = vm();
    const ppr = [[0x0f], [0x0f, 0x11], [0x0f]].map((isr) => {
      m.op({ op: 'lapic_set', isr });
      return m.op({ op: 'mmio_read', addr: 0xfee000a0 }).out?.['value'];
    });
    expect(ppr).toEqual(['0x0', '0x10', '0x0']);
  });

  it('T112 what one LAPIC accepts', () => {
    const m = vm({ observe: ['lapic', 'events'] });
    for (const data of [0x8014, 0x8014, 0x15, 0x81ff, 0x500, 0x607, 0x608, 0x400, 0x400, 0x400]) m.msi(PHYS, data);
    const { lapic, events } = m.state as unknown as { lapic: { irr: number[]; tmr: number[] }[]; events: object[] };
    expect([lapic[0]!.irr, lapic[0]!.tmr]).toEqual([
      [0x14, 0x15, 0xff],
      [0x14, 0xff],
    ]);
    expect(events[0]).toMatchObject({ init: 1, sipi_vector: 8, nmi: 2 });
  });

  it('T113 a flat logical id matches by any common bit; several bits in one LDR end the fast path, so no match is -1', () => {
    const m = vm();
    flat(m, 0b1100_1001);
    expect([m.msi(to(0b0100_1000, 1), 0x41), m.msi(to(0b0001_0010, 1), 0x41)]).toEqual([1, 'EPERM']);
  });

  it('a vector of the class of PPR is not delivered', () => {
    const m = vm();
    m.op({ op: 'mmio_write', addr: 0xfee00080, value: 0x40 });
    m.msi(PHYS, 0x4f);
    expect(m.op({ op: 'ack' }).out).toEqual({ vector: null });
    m.msi(PHYS, 0x50);
    expect(m.op({ op: 'ack' }).out).toEqual({ vector: 0x50 });
  });
});

describe('APIC base', () => {
  const rows: [string, string[], string][] = [
    ['T114 x2APIC without enable', ['0xfee00500'], 'gp'],
    ['T114 x2APIC to xAPIC', ['0xfee00d00', '0xfee00900'], 'gp'],
    ['T114 disabled to x2APIC without enable', ['0xfee00100', '0xfee00500'], 'gp'],
    ['T114 disabled to x2APIC', ['0xfee00100', '0xfee00d00'], 'gp'],
    ['T114 reserved bits', ['0xfee00901'], 'gp'],
    ['disabled and back', ['0xfee00100', '0xfee00900'], 'done'],
    ['x2APIC to disabled', ['0xfee00d00', '0xfee00100'], 'done'],
  ];
  for (const [name, values, expected] of rows)
    it(name, () => {
      const m = vm();
      const exits = values.map((value) => m.op({ op: 'wrmsr', msr: 0x1b, value }).out?.['exit']);
      expect(exits.at(-1)).toBe(expected);
    });

  it('T115 a disabled LAPIC reads all ones', () => {
    const m = vm();
    m.op({ op: 'wrmsr', msr: 0x1b, value: '0xfee00100' });
    expect([0x30, 0x80].map((o) => m.op({ op: 'mmio_read', addr: 0xfee00000 + o }).out?.['value'])).toEqual([
      '0xffffffff',
      '0xffffffff',
    ]);
  });
});

describe('timer', () => {
  const write = (m: Vm, offset: number, value: number) => m.op({ op: 'mmio_write', addr: 0xfee00000 + offset, value });
  const read = (m: Vm, offset: number) => Number(m.op({ op: 'mmio_read', addr: 0xfee00000 + offset }).out?.['value']);

  it('T120 one-shot fires once, TMCCT counts down and stays at zero', () => {
    const m = vm();
    write(m, 0x3e0, 0xb);
    write(m, 0x320, 0xec);
    write(m, 0x380, 1000);
    m.op({ op: 'advance', ns: 400 });
    expect(read(m, 0x390)).toBe(600);
    m.op({ op: 'advance', ns: 600 });
    expect([irr(m)[0], read(m, 0x390)]).toEqual([[0xec], 0]);
    m.op({ op: 'ack' });
    m.op({ op: 'advance', ns: 10_000 });
    expect(irr(m)[0]).toEqual([]);
  });

  it('T120 periodic goes on; switching to one-shot keeps TMICT; masked stays silent', () => {
    const m = vm();
    write(m, 0x3e0, 0);
    write(m, 0x320, 0x200ec);
    write(m, 0x380, 100_000);
    for (let i = 0; i < 3; i++) {
      m.op({ op: 'advance', ns: 200_000 });
      expect(m.op({ op: 'ack' }).out).toEqual({ vector: 0xec });
      m.op({ op: 'eoi' });
    }
    write(m, 0x320, 0x100ec);
    expect(read(m, 0x380)).toBe(100_000);
    m.op({ op: 'advance', ns: 1_000_000 });
    expect(irr(m)[0]).toEqual([]);
  });

  it('T120 TSC deadline reads zero after it has passed', () => {
    const m = vm();
    write(m, 0x320, 0x400ec);
    m.op({ op: 'wrmsr', msr: 0x6e0, value: 5000 });
    expect(m.op({ op: 'rdmsr', msr: 0x6e0 }).out?.['value']).toBe('0x1388');
    m.op({ op: 'advance', ns: 5000 });
    expect([irr(m)[0], m.op({ op: 'rdmsr', msr: 0x6e0 }).out?.['value']]).toEqual([[0xec], '0x0']);
  });

  it('T121 the busy bit of ICR is not kept', () => {
    const m = vm();
    write(m, 0x300, 0x00041041);
    expect(read(m, 0x300)).toBe(0x00040041);
  });
});
