// Laws of the chips under random use: fast path = scan, the PIC against a plain second formulation, save and restore, EOI.

import { createMachine } from '@virq/irq-core/machine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';
import { physicalId } from './apic-map.ts';
import type { X86Chip } from './chip.ts';
import { lapicIrq, UNDECIDED } from './destination.ts';
import { x86Avic } from './index.ts';
import { IOAPIC_PINS } from './layout.ts';

type Vm = ReturnType<typeof vm>;
const runs = { numRuns: 300 };

describe('destinations', () => {
  const ldr = fc.constantFrom(0, 0x01, 0x02, 0x04, 0x08, 0x11, 0x12, 0x21, 0x03);
  const cpu = fc.record({
    ldr,
    cluster: fc.boolean(),
    id: fc.option(fc.integer({ min: 0, max: 4 })),
    on: fc.boolean(),
  });
  const message = fc.record({ dest: fc.integer({ min: 0, max: 0x2f }), logical: fc.integer({ min: 0, max: 1 }) });

  function setUp(
    m: Vm,
    cpus: readonly { ldr: number; cluster: boolean; id: number | null; on: boolean }[],
    x2: boolean,
  ): void {
    for (const [vcpu, c] of cpus.entries()) {
      const store = (offset: number, value: number) => void m.chip.lapicRegs.write(vcpu, offset, value >>> 0);
      store(0xf0, c.on ? 0x1ff : 0xff);
      if (x2) m.ret({ op: 'set_msr', vcpu, msr: 0x1b, value: 0xfee00c00 });
      else {
        if (c.cluster) store(0xe0, 0x0fffffff);
        store(0xd0, c.ldr << 24);
        if (c.id !== null) store(0x20, c.id << 24);
      }
    }
  }

  it('X86-15 where the map decides, it reaches exactly the LAPICs that match and are on', () => {
    const decided = { n: 0 };
    fc.assert(
      fc.property(
        fc.array(cpu, { minLength: 1, maxLength: 5 }),
        message,
        fc.boolean(),
        (cpus, { dest, logical }, x2) => {
          const m = vm({ vcpus: cpus.length });
          setUp(m, cpus, x2);
          const irq = { ...lapicIrq(), dest, logical, vector: 0x41 };
          const matching = cpus.flatMap((c, vcpu) => (c.on && m.chip.delivery.matches(vcpu, irq) ? [vcpu] : []));
          const ids = new Set(cpus.map((_, vcpu) => physicalId(m.chip.lapics.at(vcpu))));
          const reached = m.chip.delivery.fast(irq);
          if (reached === UNDECIDED) return;
          decided.n++;
          const irr = cpus.flatMap((_, vcpu) => (m.chip.lapics.at(vcpu).irr.has(0x41) ? [vcpu] : []));
          expect([ids.size, irr, reached]).toEqual([cpus.length, matching, matching.length]);
        },
      ),
      runs,
    );
    expect(decided.n).toBeGreaterThan(50);
  });

  it('Linux: among x2APIC LAPICs an xAPIC one without a logical id answers to the bit of its physical id', () => {
    const m = vm({ vcpus: 2 });
    m.ret({ op: 'set_msr', vcpu: 1, msr: 0x1b, value: 0xfee00c00 });
    const irq = { ...lapicIrq(), dest: 3, logical: 1, vector: 0x41 };
    expect([0, 1].map((vcpu) => m.chip.delivery.matches(vcpu, irq))).toEqual([false, true]);
    expect(m.chip.delivery.fast(irq)).toBe(2);
  });

  it('X86-16 one arbitrated interrupt reaches at most one LAPIC, and one that matches', () => {
    fc.assert(
      fc.property(
        fc.array(cpu, { minLength: 1, maxLength: 5 }),
        message,
        fc.boolean(),
        (cpus, { dest, logical }, hashing) => {
          const m = vm({ vcpus: cpus.length, vector_hashing: hashing });
          setUp(m, cpus, false);
          const irq = { ...lapicIrq(), dest, logical: logical | 1, vector: 0x41, dm: 1 };
          const can = cpus.flatMap((c, vcpu) => (c.on && m.chip.delivery.matches(vcpu, irq) ? [vcpu] : []));
          const reached = m.chip.delivery.deliver(irq);
          const irr = cpus.flatMap((_, vcpu) => (m.chip.lapics.at(vcpu).irr.has(0x41) ? [vcpu] : []));
          expect(irr).toHaveLength(Math.max(0, reached));
          expect(irr.every((vcpu) => can.includes(vcpu))).toBe(true);
          expect(irr.length).toBeLessThanOrEqual(1);
        },
      ),
      runs,
    );
  });
});

/** One 8259A told as lists of inputs in order of priority: nothing in common with the model's arithmetic. */
class PlainPic {
  order = [0, 1, 2, 3, 4, 5, 6, 7];
  readonly waiting = new Set<number>();
  readonly serving = new Set<number>();
  readonly high = new Set<number>();
  masked = new Set<number>();
  private readonly level: ReadonlySet<number>;

  constructor(level: ReadonlySet<number>) {
    this.level = level;
  }

  pin(irq: number, up: boolean): void {
    if (up && (this.level.has(irq) || !this.high.has(irq))) this.waiting.add(irq);
    if (!up && this.level.has(irq)) this.waiting.delete(irq);
    if (up) this.high.add(irq);
    else this.high.delete(irq);
  }

  /** The first input in order that waits unmasked, unless one in service comes before it or is it. */
  request(): number | undefined {
    for (const irq of this.order) {
      if (this.serving.has(irq)) return undefined;
      if (this.waiting.has(irq) && !this.masked.has(irq)) return irq;
    }
    return undefined;
  }

  acknowledge(): number {
    const irq = this.request();
    if (irq === undefined) return 7;
    this.serving.add(irq);
    if (!this.level.has(irq)) this.waiting.delete(irq);
    return irq;
  }

  end(irq: number | undefined, rotate: boolean): void {
    const ended = irq ?? this.order.find((i) => this.serving.has(i));
    if (ended === undefined) return;
    this.serving.delete(ended);
    if (rotate) this.last(ended);
  }

  /** Makes an input the one of lowest priority. */
  last(irq: number): void {
    while (this.order[7] !== irq) this.order.push(this.order.shift() as number);
  }
}

describe('8259A', () => {
  const irq = fc.integer({ min: 0, max: 7 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('pin' as const), irq: irq.filter((i) => i !== 2), up: fc.boolean() }),
    fc.record({ kind: fc.constant('inta' as const) }),
    fc.record({ kind: fc.constant('eoi' as const), rotate: fc.boolean() }),
    fc.record({ kind: fc.constant('specific' as const), irq, rotate: fc.boolean() }),
    fc.record({ kind: fc.constant('priority' as const), irq }),
    fc.record({ kind: fc.constant('mask' as const), imr: fc.integer({ min: 0, max: 0xff }) }),
  );
  const ELCR = 0x58;

  it('X86-01 agrees with a plain formulation', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const m = vm();
        m.picOnly(0, 1, 3, 4, 5, 6, 7);
        m.out(0x20, 0x11);
        m.out(0x21, 0x08, 0x04, 0x01);
        m.out(0x4d0, ELCR);
        const plain = new PlainPic(new Set([3, 4, 6]));
        for (const s of steps) {
          if (s.kind === 'pin') {
            m.chip.pic.setPin(s.irq, 0, s.up ? 1 : 0);
            plain.pin(s.irq, s.up);
          } else if (s.kind === 'inta') expect(m.chip.pic.inta()).toBe(8 + plain.acknowledge());
          else if (s.kind === 'eoi') {
            m.chip.guest.portWrite(0, 0x20, 1, s.rotate ? 0xa0 : 0x20);
            plain.end(undefined, s.rotate);
          } else if (s.kind === 'specific') {
            m.chip.guest.portWrite(0, 0x20, 1, (s.rotate ? 0xe0 : 0x60) | s.irq);
            plain.end(s.irq, false);
            if (s.rotate) plain.last(s.irq);
          } else if (s.kind === 'priority') {
            m.chip.guest.portWrite(0, 0x20, 1, 0xc0 | s.irq);
            plain.last(s.irq);
          } else {
            m.chip.guest.portWrite(0, 0x21, 1, s.imr);
            plain.masked = new Set([0, 1, 2, 3, 4, 5, 6, 7].filter((i) => s.imr & (1 << i)));
          }
          expect(m.chip.pic.output()).toBe(plain.request() !== undefined);
        }
      }),
      runs,
    );
  });
});

const pin = fc.integer({ min: 0, max: IOAPIC_PINS - 1 });
const vector = fc.constantFrom(0x31, 0x41, 0x42, 0x51, 0x61);
const use = fc.oneof(
  fc.record({ op: fc.constant('irq_line'), gsi: pin, level: fc.integer({ min: 0, max: 1 }) }),
  fc.record({
    op: fc.constant('ioapic_redir'),
    pin,
    value: fc.record({
      vec: vector,
      level: fc.integer({ min: 0, max: 1 }),
      mask: fc.integer({ min: 0, max: 1 }),
      dest: fc.integer({ min: 0, max: 2 }),
    }),
  }),
  fc.record({ op: fc.constant('ack'), vcpu: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ op: fc.constant('window'), vcpu: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ op: fc.constant('eoi'), vcpu: fc.integer({ min: 0, max: 1 }) }),
  fc.record({
    op: fc.constant('signal_msi'),
    address_lo: fc.constantFrom(0xfee00000, 0xfee01000, 0xfeeff000),
    data: vector,
  }),
  fc.record({
    op: fc.constant('lapic_set'),
    vcpu: fc.integer({ min: 0, max: 1 }),
    isr: fc.array(vector, { maxLength: 2 }),
  }),
);
const usage = fc.array(use, { maxLength: 50 });
const used = (ops: readonly Readonly<Record<string, unknown>>[]): Vm => {
  const m = vm({ vcpus: 2 }, '6.12');
  for (const op of ops) m.op(op);
  return m;
};

describe('derived state', () => {
  it('follows what it is derived from: pins by vector, vectors in service', () => {
    fc.assert(
      fc.property(usage, (ops) => {
        const { chip } = used(ops);
        for (let v = 0; v < 256; v++) {
          let pins = 0;
          for (let p = 0; p < IOAPIC_PINS; p++) if ((chip.ioapic.entry(p).lo & 0xff) === v) pins |= 1 << p;
          expect(chip.state.ioapic.pinsOfVector.get(v)).toBe(pins);
        }
        for (let i = 0; i < 2; i++) {
          const a = chip.lapics.at(i);
          expect(a.isrCount).toBe(a.isr.count());
          if (a.isrCache !== 0) expect(a.isrCache - 1).toBe(a.isr.highest());
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('save and restore', () => {
  it('X86-09 an IOAPIC saved, restored and saved again is the same, unless restoring delivered', () => {
    fc.assert(
      fc.property(usage, (ops) => {
        const { chip } = used(ops);
        const before = chip.saveRestore.getIoapic();
        chip.saveRestore.setIoapic(before);
        const once = chip.saveRestore.getIoapic();
        chip.saveRestore.setIoapic(once);
        expect(chip.saveRestore.getIoapic()).toEqual(once);
        const REMOTE_IRR = 1n << 14n;
        expect(once.redirections.map((e) => e & ~REMOTE_IRR)).toEqual(before.redirections.map((e) => e & ~REMOTE_IRR));
        expect(once.irr & ~before.irr).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('CORE-33 a machine taken back to a snapshot in the middle goes on as it did', () => {
    fc.assert(
      fc.property(usage, usage, (first, second) => {
        const machine = createMachine({
          kernel: '6.12',
          vms: [{ backend: x86Avic, options: { vcpus: 2 }, limits: { vcpus: 2 } }],
        });
        const chip = machine.vms[0]?.chip as X86Chip;
        const play = (ops: readonly { op: string; [key: string]: unknown }[]): void => {
          for (const { op, ...args } of ops) {
            if (op === 'irq_line') machine.vms[0]?.kvm.setIrq(0, args['gsi'] as number, args['level'] as number, true);
            else if (op === 'eoi') chip.guest.eoi(args['vcpu'] as number);
            else if (op === 'ack') chip.guest.acknowledge(args['vcpu'] as number);
          }
        };
        play(first);
        const snapshot = machine.arena.snapshot();
        play(second);
        const end = machine.arena.hash();
        machine.arena.restore(snapshot);
        play(second);
        expect(machine.arena.hash()).toBe(end);
      }),
      { numRuns: 60 },
    );
  });
});

describe('EOI', () => {
  it('X86-11 ends exactly the highest vector in service, and never raises PPR', () => {
    fc.assert(
      fc.property(usage, fc.integer({ min: 0, max: 1 }), (ops, vcpu) => {
        const { chip } = used(ops);
        const a = chip.lapics.at(vcpu);
        chip.lapicRegs.read(vcpu, 0xa0);
        const [serving, ppr] = [a.isr.list(), a.ppr];
        const ended = chip.lapics.eoi(vcpu);
        expect(ended).toBe(serving.at(-1) ?? -1);
        expect(a.isr.list()).toEqual(serving.slice(0, -1));
        expect(a.ppr).toBeLessThanOrEqual(ppr);
      }),
      runs,
    );
  });

  it('X86-04 of a level pin: Remote IRR ends up set exactly if the line is still high and unmasked', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), (high, masked) => {
        const m = vm();
        m.ioapicOnly(6);
        m.rte(6, { vec: 0x46, level: 1 });
        m.L(6, 1);
        m.op({ op: 'ack' });
        if (!high) m.L(6, 0);
        if (masked) m.rte(6, { vec: 0x46, level: 1, mask: 1 });
        m.op({ op: 'eoi' });
        expect(m.state.ioapic.rirr).toEqual(high && !masked ? [6] : []);
      }),
    );
  });
});
