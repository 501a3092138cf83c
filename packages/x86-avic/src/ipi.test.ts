// Writes to the ICR: shorthands against delivery modes, in xAPIC and x2APIC mode.

import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;
const CPUS = 4;
const SENDER = 1;
const SHORTHANDS = [
  ['self', 1, [SENDER]],
  ['all', 2, [0, 1, 2, 3]],
  ['all but self', 3, [0, 2, 3]],
] as const;

function machine(x2: boolean): Vm {
  const m = vm({ vcpus: CPUS, observe: ['lapic', 'events'] });
  for (let vcpu = 0; vcpu < CPUS; vcpu++)
    if (x2) m.op({ op: 'set_msr', vcpu, msr: 0x1b, value: vcpu === 0 ? 0xfee00d00 : 0xfee00c00 });
  return m;
}

function send(m: Vm, x2: boolean, low: number, dest = 0): void {
  if (x2) {
    m.op({ op: 'wrmsr', vcpu: SENDER, msr: 0x830, value: `0x${((BigInt(dest) << 32n) | BigInt(low)).toString(16)}` });
    return;
  }
  m.op({ op: 'mmio_write', vcpu: SENDER, addr: 0xfee00310, value: (dest << 24) >>> 0 });
  m.op({ op: 'mmio_write', vcpu: SENDER, addr: 0xfee00300, value: low });
}

const events = (m: Vm) => (m.state as unknown as { events: Record<string, number>[] }).events;
const whoHas = (m: Vm, what: string): number[] =>
  what === 'irr'
    ? m.state.lapic.flatMap((a, vcpu) => (a.irr.includes(0x41) ? [vcpu] : []))
    : events(m).flatMap((e, vcpu) => (e[what] ? [vcpu] : []));

describe.each([
  ['xAPIC', false],
  ['x2APIC', true],
])('X86-13 shorthands, %s', (_mode, x2) => {
  for (const [name, shorthand, reached] of SHORTHANDS) {
    it.each([
      ['Fixed', 0x4041, 'irr'],
      ['NMI', 0x4400, 'nmi'],
      ['INIT', 0x4500, 'init'],
      ['SIPI', 0x4607, 'sipi'],
    ])(`${name}: %s`, (_dm, low, what) => {
      const m = machine(x2);
      send(m, x2, low | (shorthand << 18));
      expect(whoHas(m, what)).toEqual(reached);
    });

    it(`${name}: no destination is looked at`, () => {
      const m = machine(x2);
      send(m, x2, 0x4041 | (shorthand << 18), 3);
      expect(whoHas(m, 'irr')).toEqual(reached);
    });
  }

  it('none: by destination; the broadcast is that of the mode', () => {
    const m = machine(x2);
    send(m, x2, 0x4041, 2);
    expect(whoHas(m, 'irr')).toEqual([2]);
    send(m, x2, 0x4041, x2 ? 0xffffffff : 0xff);
    expect(whoHas(m, 'irr')).toEqual([0, 1, 2, 3]);
  });

  it('lowest priority among all: one of them', () => {
    const m = machine(x2);
    send(m, x2, 0x4141 | (2 << 18));
    expect(whoHas(m, 'irr')).toEqual([0x41 % CPUS]);
  });

  it('level, asserted sets TMR; de-asserted does nothing', () => {
    const m = machine(x2);
    send(m, x2, 0xc041, 2);
    send(m, x2, 0x8041, 3);
    expect([whoHas(m, 'irr'), m.state.lapic[2]?.tmr]).toEqual([[2], [0x41]]);
  });
});

it('X86-13 in x2APIC mode 0xff is nobody, as the quirk is for devices', () => {
  const m = machine(true);
  send(m, true, 0x4041, 0xff);
  expect(whoHas(m, 'irr')).toEqual([]);
});

it('X86-13 ICR2 keeps its top byte only', () => {
  const m = machine(false);
  m.op({ op: 'mmio_write', vcpu: 0, addr: 0xfee00310, value: 0xffffffff });
  expect(m.state.lapic[0]?.['icr2']).toBe('0xff000000');
});

it('X86-13 in xAPIC mode there is no SELF_IPI', () => {
  const m = machine(false);
  m.op({ op: 'mmio_write', vcpu: 0, addr: 0xfee003f0, value: 0x41 });
  expect(whoHas(m, 'irr')).toEqual([]);
});
