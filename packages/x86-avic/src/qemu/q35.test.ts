// QEMU's IOAPIC and bus, difference by difference, with KVM's answer beside it. Confirmed on QEMU 7.2 by `virq conform --against qemu`.

import type { AnyBackend } from '@virq/irq-core/backend';
import { createExec, type Json } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { vm } from '../__fixtures__/bench.ts';
import { x86Avic } from '../index.ts';

type Op = Readonly<Record<string, unknown>>;
type State = { redir: Record<string, string>; lapic: { irr: string }[]; ioapic: { irr: number[]; sel: number } };

function q35(cpus = 2) {
  const exec = createExec({ backend: x86Avic.implementations?.['qemu'] as AnyBackend });
  const op = (request: Op): { out?: Record<string, Json>; state: State } => {
    const r = exec.request(request);
    if (r['error'] !== undefined) throw new Error(JSON.stringify(r['error']));
    return r as never;
  };
  op({ op: 'start', cpus, observe: ['redir', 'lapic', 'ioapic'] });
  return {
    op,
    redir: (pin: number, value: Op) => op({ op: 'redir', pin, value }),
    line: (n: number, level: number) => op({ op: 'line', n, level }).state,
    eoi: (vector: number) => op({ op: 'eoi', vector }).state,
    msi: (addr: number, data: number) => op({ op: 'msi', addr, data }).state.lapic.map((l) => l.irr),
  };
}

const REMOTE_IRR = 0x4000n;
const waits = (s: State, pin: number): boolean => (BigInt(s.redir[pin] ?? 0) & REMOTE_IRR) !== 0n;

describe('X86-10 registers', () => {
  it('version 0x20; a missing register reads 0', () => {
    const m = q35();
    expect([m.op({ op: 'reg', reg: 1 }), m.op({ op: 'reg', reg: 0x40 })].map((r) => r.out?.['value'])).toEqual([
      '0x170020',
      '0x0',
    ]);
    const kvm = vm();
    expect([1, 0x40].map((reg) => kvm.op({ op: 'ioapic_read', reg }).out?.['value'])).toEqual([
      '0x170011',
      '0xffffffff',
    ]);
  });

  it('repeat every 256 bytes; the window takes four bytes only', () => {
    const m = q35();
    m.op({ op: 'write', addr: 0xfec00f00, value: 1, size: 1 });
    const read = (addr: number, size: number) => m.op({ op: 'read', addr, size }).out?.['value'];
    expect([read(0xfec00110, 4), read(0xfec00010, 2), read(0xfec00000, 2)]).toEqual(['0x170020', '0x0', '0x1']);
  });

  it('EOI ends level pins that wait, all of one vector, and serves those still up', () => {
    const m = q35();
    for (const pin of [10, 11]) m.redir(pin, { vec: 0x51, level: 1 });
    m.line(10, 1);
    m.line(11, 1);
    m.line(11, 0);
    const s = m.eoi(0x51);
    expect([waits(s, 10), waits(s, 11)]).toEqual([true, false]);
    expect(waits(m.eoi(0x52), 10)).toBe(true);
  });
});

describe('X86-10 pins', () => {
  it('line 0 comes to pin 2', () => {
    const m = q35();
    m.redir(2, { vec: 0x42 });
    expect(m.line(0, 1).lapic[0]?.irr).toBe('66');
  });

  it('an edge on a masked pin is dropped (KVM keeps it)', () => {
    const m = q35();
    m.redir(4, { vec: 0x42, mask: 1 });
    expect(m.line(4, 1).ioapic.irr).toEqual([]);
    const kvm = vm();
    kvm.ioapicOnly(4);
    kvm.rte(4, { vec: 0x42, mask: 1 });
    kvm.L(4, 1);
    expect(kvm.state.ioapic.irr).toEqual([4]);
  });

  it('a delivered edge leaves nothing behind: a second one needs no falling line (KVM coalesces it)', () => {
    const m = q35();
    m.redir(4, { vec: 0x42 });
    m.line(4, 1);
    m.redir(4, { vec: 0x43 });
    expect(m.line(4, 1).lapic[0]?.irr).toBe('66 67');
  });

  it('Remote IRR is set though nobody is there (KVM: only when the answer is not 0)', () => {
    const m = q35();
    m.redir(10, { vec: 0x51, level: 1, dest: 7 });
    expect(waits(m.line(10, 1), 10)).toBe(true);
    const kvm = vm();
    kvm.ioapicOnly(10);
    kvm.rte(10, { vec: 0x51, level: 1, dest: 7 });
    kvm.L(10, 1);
    expect(kvm.state.ioapic.rirr).toEqual([]);
  });

  it('a waiting level becomes an edge when its entry is written so, and a falling line does not take it back', () => {
    const m = q35();
    m.redir(10, { vec: 0x51, level: 1, mask: 1 });
    m.line(10, 1);
    m.redir(10, { vec: 0x51, mask: 1 });
    expect(m.line(10, 0).ioapic.irr).toEqual([10]);
    expect(m.redir(10, { vec: 0x51 }).state).toMatchObject({
      lapic: [{ irr: '81' }, { irr: '(none)' }],
      ioapic: { irr: [] },
    });
  });

  it('ExtINT sends what the idle 8259A pair answers: its spurious vector', () => {
    const m = q35();
    m.redir(4, { vec: 0x42, dm: 7 });
    expect(m.line(4, 1).lapic[0]?.irr).toBe('7');
  });
});

describe('the bus', () => {
  it.each([
    ['a LAPIC that is off in SPIV takes it', 0xfee00000, 0x41, ['65', '(none)']],
    ['broadcast', 0xfeeff000, 0x41, ['65', '65']],
    ['nobody', 0xfee05000, 0x41, ['(none)', '(none)']],
    ['no logical ids', 0xfee01004, 0x41, ['(none)', '(none)']],
    ['lowest priority: the lowest index', 0xfeeff000, 0x141, ['65', '(none)']],
    ['level', 0xfee01000, 0x8041, ['(none)', '65(level)']],
    ['ExtINT is an ordinary vector', 0xfee00000, 0x741, ['65', '(none)']],
    ['SMI, reserved, NMI, INIT, SIPI show nowhere', 0xfee00000, 0x241, ['(none)', '(none)']],
  ])('%s', (_name, addr, data, irr) => expect(q35().msi(addr, data)).toEqual(irr));

  it('the same vector as level and as edge: TMR follows the last', () => {
    const m = q35();
    expect([m.msi(0xfee00000, 0x8041)[0], m.msi(0xfee00000, 0x41)[0]]).toEqual(['65(level)', '65']);
  });
});

it('operations before start, and words of KVM, are refused', () => {
  const exec = createExec({ backend: x86Avic.implementations?.['qemu'] as AnyBackend });
  expect(exec.request({ op: 'line', n: 3, level: 1 })['error']).toMatchObject({
    code: 'VIRQ-X002',
    message: expect.stringContaining('the first operation is start'),
  });
  exec.request({ op: 'start' });
  expect(exec.request({ op: 'ack' })['error']).toMatchObject({ code: 'VIRQ-X002' });
});
