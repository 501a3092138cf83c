// IOAPIC vectors T40–T85. Numbers are those observed on Linux 6.18 unless a row says otherwise.

import { describe, expect, it } from 'vitest';
import { vm } from '../__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;
const flat = (m: Vm, ...ldr: number[]) =>
  ldr.forEach((id, v) => void m.op({ op: 'mmio_write', vcpu: v, addr: 0xfee000d0, value: (id << 24) >>> 0 }));
const cluster = (m: Vm, v: number) => m.op({ op: 'mmio_write', vcpu: v, addr: 0xfee000e0, value: 0x0fffffff });
const on = (pins: number[], options = {}): Vm => {
  const m = vm(options);
  m.ioapicOnly(...pins);
  return m;
};

describe('pin changes', () => {
  const rows: [string, number, Readonly<Record<string, unknown>>, number[], number[]][] = [
    ['T40 edge', 5, { vec: 0x35 }, [1, 1, 0, 1], [1, 0, 1, 1]],
    ['T41 edge, masked', 5, { vec: 0x35, mask: 1 }, [1, 1, 0, 1], [-1, 0, 1, -1]],
    ['T42 level', 6, { vec: 0x46, level: 1 }, [1, 1, 0, 1, 0], [1, -1, 1, -1, 1]],
    ['T43 level, masked', 6, { vec: 0x46, level: 1, mask: 1 }, [1, 1, 0], [-1, -1, 1]],
    ['T44 polarity is ignored', 6, { vec: 0x46, level: 1, pol: 1 }, [1, 0], [1, 1]],
    ['T59 vector 5', 5, { vec: 5 }, [1], [1]],
    ['T60 RTC', 8, { vec: 0x38 }, [1, 0, 1, 0], [1, 1, 0, 1]],
    ['T65 masked at reset', 20, { vec: 0, mask: 1 }, [1], [-1]],
  ];
  for (const [name, pin, entry, levels, expected] of rows)
    it(name, () => {
      const m = on([pin]);
      m.rte(pin, entry);
      expect(m.L(pin, ...levels)).toEqual(expected);
    });

  it('T41 keeps the masked edge in irr; T42 sets TMR and Remote IRR', () => {
    const a = on([5]);
    a.rte(5, { vec: 0x35, mask: 1 });
    a.L(5, 1, 1, 0, 1);
    expect([a.state.ioapic.irr, a.state.lapic[0]!.irr]).toEqual([[5], []]);
    const b = on([6]);
    b.rte(6, { vec: 0x46, level: 1 });
    b.L(6, 1);
    expect([b.state.lapic[0]!.tmr, b.state.ioapic.rirr]).toEqual([[0x46], [6]]);
  });
});

describe('CORE-06 sources of a pin', () => {
  const [USER, RESAMPLER, PIT] = [0, 1, 2];

  it('the line is up while one of them holds it', () => {
    const m = on([6]);
    m.rte(6, { vec: 0x46, level: 1, mask: 1 });
    const { kvm } = m.chip.context;
    const irr = [
      [RESAMPLER, 1],
      [USER, 1],
      [USER, 0],
      [RESAMPLER, 0],
    ].map(([source, level]) => {
      kvm.setIrq(source as number, 6, level as number, true);
      return m.chip.state.ioapic.irr;
    });
    expect(irr).toEqual([0x40, 0x40, 0x40, 0]);
  });

  it('the PIT is source 2 of GSI 0 and coalesces with user space on the same edge', () => {
    const m = on([0]);
    m.rte(0, { vec: 0x30 });
    const { kvm } = m.chip.context;
    expect([kvm.setIrq(PIT, 0, 1, false), ...m.L(0, 1, 0), kvm.setIrq(PIT, 0, 0, false), ...m.L(0, 1)]).toEqual([
      1, 0, 0, 1, 1,
    ]);
  });

  it('PIC and IOAPIC keep their own', () => {
    const m = vm();
    m.op({ op: 'out', port: 0x4d0, value: 0x20 });
    m.rte(5, { vec: 0x35, level: 1, mask: 1 });
    m.L(5, 1);
    m.picOnly(5);
    m.L(5, 0);
    m.ioapicOnly(5);
    expect([m.chip.state.ioapic.pins.at(5).sources, m.chip.state.pic.sources.get(5)]).toEqual([1, 0]);
  });
});

describe('delivery', () => {
  it('T49 broadcast; absent destination', () => {
    const m = on([5, 6], { vcpus: 2 });
    m.rte(5, { vec: 0x35, dest: 0xff });
    m.rte(6, { vec: 0x36, dest: 9 });
    expect([m.L(5, 1), m.L(6, 1)]).toEqual([[2], [0]]);
  });

  it('T50 flat logical', () => {
    const m = on([5, 6], { vcpus: 2 });
    flat(m, 1, 2);
    m.rte(5, { vec: 0x35, logical: 1, dest: 3 });
    m.rte(6, { vec: 0x36, logical: 1, dest: 4 });
    expect([m.L(5, 1), m.L(6, 1)]).toEqual([[2], [0]]);
  });

  it('T51 lowest priority is hashed by vector', () => {
    const m = on([5], { vcpus: 2 });
    flat(m, 1, 2);
    const chosen = [0x60, 0x61, 0x62, 0x63].map((vec) => {
      m.rte(5, { vec, dm: 1, logical: 1, dest: 3 });
      expect(m.L(5, 1, 0)).toEqual([1, 1]);
      return m.state.lapic.findIndex((l) => l.irr.includes(vec));
    });
    expect(chosen).toEqual([0, 1, 0, 1]);
  });

  it('T52 lowest priority broadcast reaches all', () => {
    const m = on([5], { vcpus: 2 });
    m.rte(5, { vec: 0x35, dm: 1, dest: 0xff });
    expect(m.L(5, 1)).toEqual([2]);
  });

  const modes: [string, number, number][] = [
    ['NMI', 4, 1],
    ['SMI without SMM', 2, 0],
    ['reserved 3', 3, 1],
    ['ExtINT', 7, 0],
    ['INIT', 5, 1],
  ];
  for (const [name, dm, expected] of modes)
    it(`T53 ${name}`, () => {
      const m = on([5]);
      m.rte(5, { vec: 0x35, dm });
      expect(m.L(5, 1)).toEqual([expected]);
    });

  it('T53 SMI with SMM', () => {
    const m = vm({}, '6.1');
    m.ioapicOnly(5);
    m.rte(5, { vec: 0x35, dm: 2 });
    expect(m.L(5, 1)).toEqual([1]);
  });

  it('T54 software-disabled LAPIC: refused, Remote IRR stays clear', () => {
    const m = on([5, 6], { lapic_enable: false });
    m.rte(5, { vec: 0x35 });
    m.rte(6, { vec: 0x46, level: 1 });
    expect([m.L(5, 1), m.L(6, 1, 0, 1), m.state.ioapic.rirr]).toEqual([[0], [0, 1, 0], []]);
  });

  it('T55 cluster', () => {
    const m = on([5], { vcpus: 2 });
    flat(m, 0x11, 0x21);
    for (const v of [0, 1]) cluster(m, v);
    const counts = [0x11, 0x21, 0x13, 0xff, 0x31].map((dest) => {
      m.rte(5, { vec: 0x35, logical: 1, dest });
      return m.L(5, 1, 0)[0];
    });
    expect(counts).toEqual([1, 1, 1, 2, 0]);
  });

  it('T56, T57 mixed modes are scanned: nobody is -1 and sticks', () => {
    const m = on([5, 6], { vcpus: 2 });
    flat(m, 0x01, 0x21);
    cluster(m, 1);
    const counts = [0x01, 0x21, 0x03].map((dest) => {
      m.rte(5, { vec: 0x35, logical: 1, dest });
      return m.L(5, 1, 0)[0];
    });
    expect(counts).toEqual([1, 2, 1]);
    m.rte(6, { vec: 0x46, level: 1, logical: 1, dest: 0x08 });
    expect([m.L(6, 1, 0, 1), m.state.ioapic.rirr]).toEqual([[-1, 1, -1], [6]]);
  });

  it('T58 uniform mode: nobody is 0 and does not stick', () => {
    const m = on([6]);
    m.rte(6, { vec: 0x46, level: 1, dest: 9 });
    expect([m.L(6, 1), m.state.ioapic.rirr]).toEqual([[0], []]);
  });
});

describe('PIC and IOAPIC behind one GSI', () => {
  const rows: [string, number, number, number[], number[]][] = [
    ['T61 PIC open, IOAPIC masked', 0, 1, [1, 1, 0], [1, 1, 2]],
    ['T62 IOAPIC open, PIC masked', 0xff, 0, [1, 0], [1, 1]],
    ['T63 both open', 0, 0, [1, 0], [2, 2]],
    ['T64 both masked', 0xff, 1, [1, 0], [-1, 1]],
  ];
  for (const [name, imr, mask, levels, expected] of rows)
    it(name, () => {
      const m = vm();
      m.out(0x21, imr);
      m.rte(5, { vec: 0x35, mask });
      expect(m.L(5, ...levels)).toEqual(expected);
    });

  it('T66 broadcast and PIC', () => {
    const m = vm({ vcpus: 2 });
    m.rte(5, { vec: 0x35, dest: 0xff });
    expect(m.L(5, 1)).toEqual([3]);
  });
});

describe('save and restore', () => {
  it('T45 a saved irr is delivered at SET; T46 not while Remote IRR', () => {
    const m = on([6]);
    m.op({ op: 'ioapic_set', irr: [6], redir: [{ pin: 6, value: '0x8046' }] });
    expect([m.state.lapic[0]!.irr, m.state.ioapic.rirr]).toEqual([[0x46], [6]]);
    const n = on([6]);
    n.op({ op: 'ioapic_set', irr: [6], redir: [{ pin: 6, value: '0xc046' }] });
    expect([n.state.lapic[0]!.irr, n.state.ioapic.irr]).toEqual([[], [6]]);
  });

  it('T47 a masked edge that was saved is delivered when restored unmasked', () => {
    const m = on([5]);
    m.rte(5, { vec: 0x35, mask: 1 });
    m.L(5, 1, 1, 0, 1);
    m.op({ op: 'ioapic_set', irr: [5], redir: [{ pin: 5, value: '0x35' }] });
    expect([m.state.lapic[0]!.irr, m.state.ioapic.irr, m.L(5, 1)]).toEqual([[0x35], [], [0]]);
  });

  it('T48 every bit of an entry survives SET', () => {
    const m = on([6]);
    m.op({ op: 'ioapic_set', redir: [{ pin: 6, value: '0xffffffffffffffff' }] });
    expect(m.state.ioapic.redir['6']).toBe('0xffffffffffffffff');
  });
});

describe('X86-03 registers', () => {
  it('reserved and extended bits of an entry are kept', () => {
    const m = vm();
    m.op({ op: 'ioapic_write', reg: 0x1a, value: 0xffffffff });
    m.op({ op: 'ioapic_write', reg: 0x1b, value: 0xffffffff });
    const read = (reg: number) => m.op({ op: 'ioapic_read', reg }).out?.['value'];
    expect([read(0x1a), read(0x1b)]).toEqual(['0xffffafff', '0xffffffff']);
  });

  it('T67 the version cannot be written; T68 four bits of ID', () => {
    const m = vm();
    m.op({ op: 'ioapic_write', reg: 1, value: 0xffe8ffee });
    m.op({ op: 'ioapic_write', reg: 0, value: 0x1f3e5d7c });
    m.op({ op: 'ioapic_write', reg: 2, value: 0xffffffff });
    const read = (reg: number) => m.op({ op: 'ioapic_read', reg }).out?.['value'];
    expect([read(1), read(0), read(2), read(0x50)]).toEqual(['0x170011', '0xf000000', '0xf000000', '0xffffffff']);
  });

  const level = (): Vm => {
    const m = on([6]);
    m.rte(6, { vec: 0x46, level: 1 });
    m.L(6, 1);
    return m;
  };

  it('T80 Remote IRR cannot be written; T82 mask and unmask leave it', () => {
    const m = level();
    m.op({ op: 'ioapic_write', reg: 0x1c, value: 0x8046 });
    m.rte(6, { vec: 0x46, level: 1, mask: 1 });
    m.rte(6, { vec: 0x46, level: 1 });
    expect(m.state.ioapic.rirr).toEqual([6]);
  });

  it('T81 turning the entry to edge and back clears it', () => {
    const m = level();
    m.L(6, 0);
    m.rte(6, { vec: 0x46 });
    m.rte(6, { vec: 0x46, level: 1 });
    expect([m.state.ioapic.rirr, m.L(6, 1)]).toEqual([[], [1]]);
  });
});

describe('EOI', () => {
  const serve = (m: Vm, vector: number, vcpu = 0): void => {
    expect(m.op({ op: 'ack', vcpu }).out).toEqual({ vector });
    m.op({ op: 'eoi', vcpu });
  };

  it('T69, T71 a line that is still up is served again', () => {
    const m = on([6]);
    m.rte(6, { vec: 0x46, level: 1 });
    m.L(6, 1);
    serve(m, 0x46);
    expect([m.state.lapic[0]!.irr, m.state.ioapic.rirr]).toEqual([[0x46], [6]]);
    m.L(6, 0);
    serve(m, 0x46);
    expect([m.state.lapic[0]!.irr, m.state.ioapic.rirr]).toEqual([[], []]);
  });

  it('T70 a pulse while in service is coalesced', () => {
    const m = on([6]);
    m.rte(6, { vec: 0x46, level: 1 });
    m.L(6, 1);
    m.op({ op: 'ack' });
    m.L(6, 0, 1, 0);
    m.op({ op: 'eoi' });
    expect(m.state.lapic[0]!.irr).toEqual([]);
  });

  it('T72 an edge while masked is lost; T73 a level is not', () => {
    const m = on([5, 6]);
    m.rte(5, { vec: 0x35, mask: 1 });
    m.L(5, 1, 0);
    m.rte(5, { vec: 0x35 });
    m.rte(6, { vec: 0x46, level: 1, mask: 1 });
    m.L(6, 1);
    m.rte(6, { vec: 0x46, level: 1 });
    expect(m.state.lapic[0]!.irr).toEqual([0x46]);
  });

  it('T74 masked in the handler, unmasked with the line up: two runs', () => {
    const m = on([6]);
    m.rte(6, { vec: 0x46, level: 1 });
    m.L(6, 1);
    m.op({ op: 'ack' });
    m.rte(6, { vec: 0x46, level: 1, mask: 1 });
    m.op({ op: 'eoi' });
    expect(m.state.lapic[0]!.irr).toEqual([]);
    m.rte(6, { vec: 0x46, level: 1 });
    expect(m.state.lapic[0]!.irr).toEqual([0x46]);
  });

  it('T75 the higher vector first', () => {
    const m = on([14, 15]);
    m.rte(14, { vec: 0x78 });
    m.rte(15, { vec: 0x66 });
    m.L(14, 1);
    m.L(15, 1);
    serve(m, 0x78);
    serve(m, 0x66);
  });

  it('T76 TMR follows the last delivery', () => {
    const m = on([14]);
    const tmr = [0, 1, 0].map((level) => {
      m.rte(14, { vec: 0x79, level });
      m.L(14, 1, 0);
      serve(m, 0x79);
      return m.state.lapic[0]!.tmr;
    });
    expect(tmr).toEqual([[], [0x79], []]);
  });

  it('T77 both pins end clear although their destination was rewritten while in service', () => {
    const m = on([13, 14], { vcpus: 2 });
    m.rte(13, { vec: 0x64, level: 1 });
    m.rte(14, { vec: 0x84, level: 1 });
    m.op({ op: 'sync' });
    m.L(13, 1, 0);
    m.op({ op: 'ack', vcpu: 0 });
    m.L(14, 1, 0);
    for (const pin of [13, 14]) m.op({ op: 'ioapic_write', reg: 0x11 + 2 * pin, value: 1 << 24 });
    serve(m, 0x84);
    m.op({ op: 'eoi', vcpu: 0 });
    expect(m.state.ioapic.rirr).toEqual([]);
  });

  it('T78 on another CPU; T79 three CPUs', () => {
    const m = on([13], { vcpus: 4 });
    m.rte(13, { vec: 0x64, level: 1, dest: 1 });
    m.L(13, 1, 0);
    serve(m, 0x64, 1);
    expect(m.state.ioapic.rirr).toEqual([]);
    flat(m, 1, 2, 4, 8);
    m.rte(13, { vec: 0x65, level: 1, logical: 1, dest: 0xd });
    expect(m.L(13, 1)).toEqual([3]);
  });

  it('T83 ten thousand re-deliveries: the next one comes 10 ms later', () => {
    const m = on([6]);
    m.rte(6, { vec: 0x46, level: 1 });
    m.L(6, 1);
    const { chip } = m;
    for (let n = 0; n < 10_000; n++) {
      chip.lapics.acknowledge(0);
      chip.guest.eoi(0);
    }
    m.op({ op: 'sync' });
    expect([m.state.lapic[0]!.irr, m.state.ioapic.irr]).toEqual([[], [6]]);
    m.op({ op: 'advance', ns: 9_999_999 });
    expect(m.state.lapic[0]!.irr).toEqual([]);
    m.op({ op: 'advance', ns: 1 });
    expect(m.state.lapic[0]!.irr).toEqual([0x46]);
  });

  it('X86-06 a line that was down starts the count of deliveries anew', () => {
    const m = on([6]);
    m.rte(6, { vec: 0x46, level: 1 });
    m.L(6, 1);
    const serveOnce = () => {
      m.chip.lapics.acknowledge(0);
      m.chip.guest.eoi(0);
    };
    for (let n = 0; n < 9_999; n++) serveOnce();
    m.L(6, 0);
    serveOnce();
    m.L(6, 1);
    serveOnce();
    expect([m.chip.state.ioapic.delayed, m.chip.lapics.at(0).irr.list()]).toEqual([0, [0x46]]);
  });

  it('X86-04 an ack notifier that raises the line again within the EOI', () => {
    const m = on([6]);
    m.rte(6, { vec: 0x46, level: 1 });
    const { kvm } = m.chip.context;
    kvm.notifiers.handle(16, () => void kvm.setIrq(0, 6, 1, false));
    kvm.notifiers.register('ackNotifiers', 6, 16, 0);
    m.L(6, 1, 0);
    serve(m, 0x46);
    expect([m.state.lapic[0]!.irr, m.state.ioapic.rirr]).toEqual([[0x46], [6]]);
  });

  it('T84 two pins of one vector: one EOI ends both, in pin order', () => {
    const m = on([6, 7]);
    for (const pin of [6, 7]) m.rte(pin, { vec: 0x46, level: 1 });
    m.L(6, 1, 0);
    m.L(7, 1, 0);
    m.op({ op: 'trace' });
    m.op({ op: 'ack' });
    const r = m.op({ op: 'eoi' }) as unknown as { trace: string[] };
    expect(r.trace.filter((l) => l.startsWith('kvm_ack'))).toEqual([
      'kvm_ack_irq: irqchip IOAPIC pin 6',
      'kvm_ack_irq: irqchip IOAPIC pin 7',
    ]);
    expect(m.state.ioapic.rirr).toEqual([]);
  });
});
