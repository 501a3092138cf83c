// PIC vectors T130–T145. Where crosvm and KVM differ, KVM's behaviour is the one asserted.

import type { KernelVersion } from '@virq/irq-core/kvm';
import { describe, expect, it } from 'vitest';
import { vm } from '../__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;

/** Both chips initialised with bases 0x08 and 0x70 and the given ICW4. */
function pair(icw4: number, kernel: KernelVersion = '6.18'): Vm {
  const m = vm({}, kernel);
  m.picOnly(...Array.from({ length: 16 }, (_, i) => i));
  m.out(0x20, 0x11);
  m.out(0x21, 0x08, 0x04, icw4);
  m.out(0xa0, 0x11);
  m.out(0xa1, 0x70, 0x02, 0x01 | (icw4 & 2));
  return m;
}
const raise = (m: Vm, ...irqs: number[]): void => irqs.forEach((irq) => void m.L(irq, 1, 0));
const inta = (m: Vm): number => m.chip.pic.inta();
const chips = (m: Vm) => {
  m.op({ op: 'sync' });
  return m.state.pic;
};

describe('pins', () => {
  const rows: [string, (m: Vm) => void, number[], number[]][] = [
    ['T130 edge', () => undefined, [1, 1, 0, 1, 0, 1], [1, 1, 1, 0, 1, 0]],
    ['T131 masked', (m) => m.out(0x21, 0xff), [1, 0, 1], [-1, -1, -1]],
    ['T132 level', (m) => m.out(0x4d0, 0x20), [1, 1, 0, 1], [1, 0, 1, 1]],
  ];
  for (const [name, prepare, levels, expected] of rows)
    it(name, () => {
      const m = vm();
      m.picOnly(5);
      prepare(m);
      expect(m.L(5, ...levels)).toEqual(expected);
    });

  it('T130 leaves irr and last_irr; T132 a level goes with the line', () => {
    const m = vm();
    m.picOnly(5);
    m.L(5, 1);
    expect([m.state.pic.master['irr'], m.state.pic.master['last_irr']]).toEqual([0x20, 0x20]);
    const n = vm();
    n.picOnly(5);
    n.out(0x4d0, 0x20);
    n.L(5, 1, 0);
    expect(n.state.pic.master['irr']).toBe(0);
  });

  it('T133 the slave cascades', () => {
    const m = vm();
    m.picOnly(12);
    m.L(12, 1);
    expect([m.state.pic.slave['irr'], m.state.pic.master['irr']]).toEqual([0x10, 0x04]);
  });

  it('T144 ELCR keeps its masks', () => {
    const m = vm();
    m.out(0x4d0, 0x5f);
    m.out(0x4d1, 0x5f);
    expect([m.in(0x4d0), m.in(0x4d1)]).toEqual([0x58, 0x5e]);
  });
});

describe('X86-02 as KVM has it', () => {
  it('special mask mode is remembered and changes nothing', () => {
    const m = pair(0x01);
    raise(m, 4);
    inta(m);
    m.out(0x20, 0x68);
    m.out(0x21, 0x10);
    raise(m, 5);
    expect([chips(m).master['special_mask'], m.chip.pic.output()]).toEqual([1, false]);
  });

  it('ICW1 acknowledges the edges that it drops, if a CPU takes PIC interrupts', () => {
    const acked = (lvt0: number): string[] => {
      const m = vm();
      m.op({ op: 'mmio_write', addr: 0xfee00350, value: lvt0 });
      m.picOnly(3, 5);
      m.out(0x4d0, 0x08);
      m.L(3, 1);
      m.L(5, 1);
      m.op({ op: 'trace' });
      const { trace } = m.op({ op: 'out', port: 0x20, value: 0x11 }) as unknown as { trace: string[] };
      expect(m.state.pic.master['irr']).toBe(0x08);
      return trace.filter((line) => line.startsWith('kvm_ack_irq'));
    };
    expect(acked(0x700)).toEqual(['kvm_ack_irq: irqchip PIC master pin 5']);
    expect(acked(0x10700)).toEqual([]);
  });

  it('ICW1 forgets masks, priorities, special mask mode and what a read selects', () => {
    const m = pair(0x01);
    m.out(0x21, 0x5a);
    m.out(0x20, 0xc3, 0x6b);
    const { imr, priority_add, special_mask, read_reg_select } = chips(m).master;
    expect([imr, priority_add, special_mask, read_reg_select]).toEqual([0x5a, 4, 1, 1]);
    m.out(0x20, 0x11);
    expect(chips(m).master).toMatchObject({ imr: 0, priority_add: 0, special_mask: 0, read_reg_select: 0 });
  });

  it('ICW1 without ICW4 leaves special fully nested and automatic EOI mode', () => {
    const m = pair(0x13);
    expect([chips(m).master['special_fully_nested_mode'], chips(m).master['auto_eoi']]).toEqual([1, 1]);
    m.out(0x20, 0x10);
    m.out(0x21, 0x08, 0x04);
    expect([chips(m).master['special_fully_nested_mode'], chips(m).master['auto_eoi']]).toEqual([0, 0]);
    expect(chips(m).master['init_state']).toBe(0);
  });
});

describe('X86-01 the rest of the command set', () => {
  it('polling the slave frees the cascade', () => {
    const m = pair(0x01);
    m.L(12, 1, 0);
    m.out(0xa0, 0x0c);
    expect(m.in(0xa0)).toBe(0x84);
    expect([chips(m).slave['irr'], chips(m).master['irr'], m.chip.pic.output()]).toEqual([0, 0, false]);
    m.out(0xa0, 0x0c);
    expect(m.in(0xa0)).toBe(0x07);
  });

  it('rotation on a non-specific EOI; set priority; no operation', () => {
    const m = pair(0x01);
    raise(m, 3);
    inta(m);
    m.out(0x20, 0xa0);
    expect([chips(m).master['priority_add'], chips(m).master['isr']]).toEqual([4, 0]);
    raise(m, 3, 4);
    expect(inta(m)).toBe(0x0c);
    m.out(0x20, 0x20, 0xc6);
    expect(chips(m).master['priority_add']).toBe(7);
    m.out(0x20, 0x40);
    expect(chips(m).master['priority_add']).toBe(7);
  });

  it('a level that is still up after its EOI interrupts again', () => {
    const m = pair(0x01);
    m.out(0x4d0, 0x20);
    m.L(5, 1);
    const first = inta(m);
    expect(m.chip.pic.output()).toBe(false);
    m.out(0x20, 0x20);
    expect([first, m.chip.pic.output(), inta(m)]).toEqual([0x0d, true, 0x0d]);
  });

  it('an EOI tells the ack notifiers of the pin', () => {
    const m = pair(0x01);
    raise(m, 12);
    inta(m);
    m.op({ op: 'trace' });
    const { trace } = m.op({ op: 'out', port: 0xa0, value: 0x20 }) as unknown as { trace: string[] };
    expect(trace).toContain('kvm_ack_irq: irqchip PIC slave pin 12');
  });
});

describe('INTA and EOI', () => {
  it('T134 automatic EOI', () => {
    const m = pair(0x03);
    raise(m, 12);
    expect(inta(m)).toBe(0x74);
    const { master, slave } = chips(m);
    expect([master['irr'], master['isr'], slave['irr'], slave['isr']]).toEqual([0, 0, 0, 0]);
  });

  it('T135 special fully nested: the slave interrupts itself', () => {
    const m = pair(0x11);
    raise(m, 12);
    const first = inta(m);
    raise(m, 8);
    expect([first, inta(m)]).toEqual([0x74, 0x70]);
    expect([chips(m).slave['isr'], chips(m).master['isr']]).toEqual([0x11, 0x04]);
  });

  it('T136 not special fully nested: spurious until EOI', () => {
    const m = pair(0x01);
    raise(m, 12);
    const first = inta(m);
    raise(m, 8);
    expect([first, inta(m)]).toEqual([0x74, 0x0f]);
    m.out(0x20, 0x20);
    m.out(0xa0, 0x20);
    expect(inta(m)).toBe(0x70);
  });

  it('T137 masked on the slave, then not', () => {
    const m = pair(0x03);
    m.out(0xa1, 0x40);
    raise(m, 14);
    expect(m.chip.pic.output()).toBe(false);
    m.out(0xa1, 0);
    expect(inta(m)).toBe(0x76);
  });

  it('T138 masks lifted one after the other', () => {
    const m = pair(0x03);
    m.out(0x21, 0xff);
    m.out(0xa1, 0xff);
    raise(m, 14, 4, 12);
    const quiet = [m.chip.pic.output()];
    m.out(0xa1, 0);
    quiet.push(m.chip.pic.output());
    m.out(0x21, 0xfb);
    const vectors = [inta(m), inta(m)];
    m.out(0x21, 0);
    expect([quiet, vectors, inta(m)]).toEqual([[false, false], [0x74, 0x76], 0x0c]);
  });

  it.each([
    ['6.18', 0x85],
    ['6.1', 0x05],
  ] as const)('T139 reading IRR, ISR and polling, Linux %s', (kernel, polled) => {
    const m = pair(0x01, kernel);
    raise(m, 5, 4);
    expect(inta(m)).toBe(0x0c);
    m.out(0x20, 0x0a);
    const irr = m.in(0x20);
    m.out(0x20, 0x0b);
    const isr = m.in(0x20);
    m.out(0x20, 0x20, 0x0c);
    expect([irr, isr, m.in(0x20)]).toEqual([0x20, 0x10, polled]);
  });

  it('T140 IR2 with an idle slave is a spurious 7 of the slave; T145 nothing at all of the master', () => {
    const m = pair(0x01);
    m.chip.pic.setPin(2, 0, 1);
    expect(inta(m)).toBe(0x77);
    const n = pair(0x01);
    expect([inta(n), chips(n).master['isr']]).toEqual([0x0f, 0]);
  });

  it('T141 specific EOI', () => {
    const m = pair(0x01);
    raise(m, 4);
    inta(m);
    m.out(0x20, 0x63);
    const wrong = chips(m).master['isr'];
    m.out(0x20, 0x64);
    expect([wrong, chips(m).master['isr']]).toEqual([0x10, 0]);
  });

  it('T142 rotate in automatic EOI mode; T143 rotate on specific EOI', () => {
    const m = pair(0x03);
    m.out(0x20, 0x80);
    raise(m, 5);
    inta(m);
    expect(chips(m).master['priority_add']).toBe(6);
    const n = pair(0x01);
    raise(n, 5);
    inta(n);
    n.out(0x20, 0xe4);
    const before = chips(n).master['isr'];
    n.out(0x20, 0xe5);
    expect([before, chips(n).master['isr'], chips(n).master['priority_add']]).toEqual([0x20, 0, 6]);
  });
});
