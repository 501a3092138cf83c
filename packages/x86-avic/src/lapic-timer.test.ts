// The local APIC timer where KVM's differs from what one expects: reads, divisors, masked expiries, restoring.

import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

type Vm = ReturnType<typeof vm>;
const LVTT = 0x320;
const TMICT = 0x380;
const TMCCT = 0x390;
const TDCR = 0x3e0;
const BY_ONE = 0xb;
const MASKED = 0x10000;
const PERIODIC = 0x20000;
const DEADLINE = 0x40000;
const VECTOR = 0xec;

const write = (m: Vm, offset: number, value: number) => m.op({ op: 'mmio_write', addr: 0xfee00000 + offset, value });
const read = (m: Vm, offset: number) => Number(m.op({ op: 'mmio_read', addr: 0xfee00000 + offset }).out?.['value']);
const pass = (m: Vm, ns: number) => m.op({ op: 'advance', ns });
const deadline = (m: Vm, tsc: number) => m.op({ op: 'wrmsr', msr: 0x6e0, value: tsc });
const readDeadline = (m: Vm) => Number(m.op({ op: 'rdmsr', msr: 0x6e0 }).out?.['value']);
/** True if the timer has fired; takes and ends what it sent. */
function fired(m: Vm): boolean {
  m.op({ op: 'sync' });
  const pending = m.state.lapic[0]!.irr.includes(VECTOR);
  if (pending) {
    m.op({ op: 'ack' });
    m.op({ op: 'eoi' });
  }
  return pending;
}
function armed(lvtt: number, count: number, divide = BY_ONE): Vm {
  const m = vm();
  write(m, TDCR, divide);
  write(m, LVTT, lvtt | VECTOR);
  write(m, TMICT, count);
  return m;
}

describe('X86-19 count', () => {
  it('Linux: reads 0 in the instant it is set, as the whole period is left', () => {
    const m = armed(0, 1000);
    const counts = [read(m, TMCCT)];
    for (const ns of [1, 998, 1, 1]) {
      pass(m, ns);
      counts.push(read(m, TMCCT));
    }
    expect(counts).toEqual([0, 999, 1, 0, 0]);
  });

  it('the count 0 stops it', () => {
    const m = armed(0, 1000);
    write(m, TMICT, 0);
    pass(m, 5000);
    expect([fired(m), read(m, TMCCT)]).toEqual([false, 0]);
  });

  it.each([
    [0x0, 2],
    [0x1, 4],
    [0x2, 8],
    [0x3, 16],
    [0x8, 32],
    [0x9, 64],
    [0xa, 128],
    [0xb, 1],
  ])('TDCR %i divides by %i', (divide, by) => {
    const m = armed(0, 1000, divide);
    pass(m, 1000 * by - 1);
    expect(fired(m)).toBe(false);
    pass(m, 1);
    expect(fired(m)).toBe(true);
  });

  it('bits 31:4 and 2 of TDCR are not kept', () => {
    const m = vm();
    write(m, TDCR, 0xffffffff);
    expect(read(m, TDCR)).toBe(0xb);
  });
});

describe('X86-19 a divisor that changes', () => {
  it('keeps the ticks that are left, and makes them longer', () => {
    const m = armed(0, 1000);
    pass(m, 400);
    write(m, TDCR, 0);
    expect(read(m, TMCCT)).toBe(600);
    pass(m, 1199);
    expect(fired(m)).toBe(false);
    pass(m, 1);
    expect(fired(m)).toBe(true);
  });

  it('Linux: makes a one-shot timer that has fired fire again; the same divisor does not', () => {
    const m = armed(0, 1000);
    pass(m, 1000);
    expect(fired(m)).toBe(true);
    write(m, TDCR, BY_ONE);
    expect(fired(m)).toBe(false);
    write(m, TDCR, 0);
    expect(fired(m)).toBe(true);
  });

  it('Linux: stops a one-shot timer that was periodic and has an expiry waiting', () => {
    const m = armed(PERIODIC | MASKED, 300_000);
    pass(m, 300_000);
    write(m, LVTT, MASKED | VECTOR);
    write(m, TDCR, 0);
    write(m, LVTT, VECTOR);
    expect(fired(m)).toBe(true);
    pass(m, 10_000_000);
    expect(fired(m)).toBe(false);
  });

  it('does nothing to a timer that never ran', () => {
    const m = armed(0, 0);
    write(m, TDCR, 0);
    expect(fired(m)).toBe(false);
  });
});

describe('X86-19 mode', () => {
  it('periodic keeps its rhythm although nobody looks', () => {
    const m = armed(PERIODIC, 300_000);
    pass(m, 1_000_000);
    expect([fired(m), read(m, TMCCT)]).toEqual([true, 200_000]);
    pass(m, 199_999);
    expect(fired(m)).toBe(false);
    pass(m, 1);
    expect(fired(m)).toBe(true);
  });

  it('Linux: a stretched period stays stretched, so that one-shot may count from above TMICT', () => {
    const m = armed(PERIODIC, 1000);
    write(m, LVTT, VECTOR);
    pass(m, 1);
    expect(read(m, TMCCT)).toBe(199_999);
    pass(m, 199_999);
    expect(fired(m)).toBe(true);
    pass(m, 1_000_000);
    expect(fired(m)).toBe(false);
  });

  it('one-shot to periodic while running: the first expiry as set, then again and again', () => {
    const m = armed(0, 300_000);
    pass(m, 100_000);
    write(m, LVTT, PERIODIC | VECTOR);
    const seen = [200_000, 299_999, 1].map((ns) => {
      pass(m, ns);
      return fired(m);
    });
    expect(seen).toEqual([true, false, true]);
  });

  it.each([
    ['into', 0, DEADLINE],
    ['out of', DEADLINE, 0],
  ])('%s TSC-deadline mode: cancelled, TMICT cleared', (_what, from, to) => {
    const m = armed(from, 1000);
    deadline(m, 1000);
    write(m, LVTT, to | VECTOR);
    pass(m, 5000);
    expect([fired(m), read(m, TMICT), readDeadline(m)]).toEqual([false, 0, 0]);
  });

  it('the reserved mode does not count', () => {
    const m = armed(PERIODIC | DEADLINE, 1000);
    pass(m, 5000);
    expect(fired(m)).toBe(false);
  });
});

describe('X86-19 TSC deadline', () => {
  it('in the past fires at once; 0 disarms', () => {
    const m = armed(DEADLINE, 0);
    pass(m, 1000);
    deadline(m, 500);
    expect([fired(m), readDeadline(m)]).toEqual([true, 0]);
    deadline(m, 2000);
    deadline(m, 0);
    pass(m, 5000);
    expect(fired(m)).toBe(false);
  });

  it('is ignored in other modes; TMICT is ignored in this one, TMCCT reads 0', () => {
    const m = armed(0, 0);
    deadline(m, 1);
    pass(m, 10);
    expect([fired(m), readDeadline(m)]).toEqual([false, 0]);
    write(m, LVTT, DEADLINE | VECTOR);
    write(m, TMICT, 1000);
    deadline(m, 5000);
    expect([read(m, TMICT), read(m, TMCCT), readDeadline(m)]).toEqual([0, 0, 5000]);
  });

  it('reads 0 and is not taken while the LAPIC is off', () => {
    const m = armed(DEADLINE, 0);
    m.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00100 });
    deadline(m, 5000);
    expect(readDeadline(m)).toBe(0);
    m.op({ op: 'wrmsr', msr: 0x1b, value: 0xfee00900 });
    expect(readDeadline(m)).toBe(0);
  });
});

describe('X86-19 an expiry while masked', () => {
  it('Linux: is delivered when the entry is opened', () => {
    const m = armed(MASKED, 1000);
    pass(m, 5000);
    expect(fired(m)).toBe(false);
    write(m, LVTT, VECTOR);
    expect([fired(m), fired(m)]).toEqual([true, false]);
  });

  it('Linux: a deadline reads back until then', () => {
    const m = armed(MASKED | DEADLINE, 0);
    deadline(m, 1000);
    pass(m, 5000);
    expect(readDeadline(m)).toBe(1000);
    write(m, LVTT, DEADLINE | VECTOR);
    expect([fired(m), readDeadline(m)]).toEqual([true, 0]);
  });

  it.each([
    ['software disable', (m: Vm) => [0xff, 0x1ff].map((svr) => write(m, 0xf0, svr))],
    ['a new count', (m: Vm) => write(m, TMICT, 50_000)],
    ['another mode', (m: Vm) => write(m, LVTT, MASKED | DEADLINE | VECTOR)],
  ])('is dropped by %s', (_what, drop) => {
    const m = armed(MASKED, 1000);
    pass(m, 5000);
    drop(m);
    write(m, LVTT, VECTOR);
    expect(fired(m)).toBe(false);
  });
});

describe('X86-19 KVM_GET_LAPIC and KVM_SET_LAPIC', () => {
  const page = (m: Vm) => m.op({ op: 'lapic_get', all: true }).out ?? {};
  const saved = (count: number, left: number, lvtt = 0): Vm => {
    const m = vm();
    m.op({ op: 'lapic_set', lvtt: lvtt | VECTOR, tdcr: BY_ONE, tmict: count, tmcct: left });
    return m;
  };

  it('a running timer goes on in another machine', () => {
    const m = armed(0, 1000);
    pass(m, 400);
    const { lvtt, tdcr, tmict, tmcct } = page(m);
    expect([tmict, tmcct]).toEqual(['0x3e8', '0x258']);
    const other = vm();
    other.op({ op: 'lapic_set', lvtt, tdcr, tmict, tmcct });
    pass(other, 599);
    expect(fired(other)).toBe(false);
    pass(other, 1);
    expect(fired(other)).toBe(true);
  });

  it.each([
    ['one-shot with nothing left fires at once', 0, 1000, 0, 0],
    ['periodic with nothing left: a whole period', PERIODIC, 300_000, 0, 300_000],
    ['more left than there is: a whole period', 0, 1000, 5000, 1000],
  ])('Linux: %s', (_what, lvtt, count, left, ns) => {
    const m = saved(count, left, lvtt);
    if (ns > 0) {
      pass(m, ns - 1);
      expect(fired(m)).toBe(false);
      pass(m, 1);
    }
    expect(fired(m)).toBe(true);
  });

  it('Linux: a mode that the vCPU was not in takes TMICT away', () => {
    const m = saved(1000, 500, DEADLINE);
    expect(read(m, TMICT)).toBe(0);
  });

  it('a page without registers of the timer lets it run', () => {
    const m = armed(0, 1000);
    pass(m, 400);
    m.op({ op: 'lapic_set', tpr: 0x20 });
    expect(read(m, TMCCT)).toBe(600);
  });
});
