// Pending registers: state of the interrupt × operation × who makes it. Sheet 3.1; Linux: vgic-mmio.c __set_pending, __clear_pending, __read_pending.

import { describe, expect, it } from 'vitest';
import { AT, openRegisters, type RegisterVm, type Who } from '../__fixtures__/registers.ts';
import { CONFIG } from '../irq/layout.ts';

type Fields = Readonly<Record<string, number>>;

/** SPI 40 with these fields, of a GICv3 unless the VM says otherwise. */
function spi(fields: Fields, host: Fields = {}, vm: Fields = {}) {
  const t = openRegisters({ vm });
  const i = t.irq(40);
  const phys = fields['hw'] === 1 ? t.map(i, 7) : t.chip.context.host.at(7);
  Object.assign(i, fields);
  Object.assign(phys, host);
  return { t, i, phys };
}

/** Bit 8 of word 1 is SPI 40. */
const BIT = 0x100;
const read = (t: RegisterVm, who: Who, at: number): number => (t.dist[who](at + 4) & BIT) >>> 8;
/** The access alone, without the exits and entries of a guest that makes it. */
function write(t: RegisterVm, who: Who, at: number, bits = BIT): void {
  if (who === 'guest') t.chip.registers.frames.distributor(0).write(0, at + 4, 4, bits);
  else t.dist.userWrite(at + 4, bits);
}

const EDGE = { config: CONFIG.EDGE };
const LEVEL = { config: CONFIG.LEVEL };
const MAPPED = { ...LEVEL, hw: 1 };

describe('F-21 reads of ISPENDR', () => {
  it.each([
    ['edge, latch', EDGE, { pendingLatch: 1 }, { guest: 1, user: 1 }],
    ['edge, line', EDGE, { lineLevel: 1 }, { guest: 0, user: 0 }],
    ['T01 T06 level, line', LEVEL, { lineLevel: 1 }, { guest: 1, user: 0 }],
    ['T07 level, line and latch', LEVEL, { lineLevel: 1, pendingLatch: 1 }, { guest: 1, user: 1 }],
    ['T05 level, latch', LEVEL, { pendingLatch: 1 }, { guest: 1, user: 1 }],
    ['N3 mapped level, latch, device low', MAPPED, { pendingLatch: 1 }, { guest: 0, user: 1 }],
    ['mapped level, line as last seen, device low', MAPPED, { lineLevel: 1 }, { guest: 0, user: 0 }],
    ['F-36 mapped level, device high', { ...MAPPED, device: 1 }, {}, { guest: 1, user: 0 }],
  ] as const)('%s', (_name, kind, state, expected) => {
    const { device = 0, ...fields } = kind as Fields;
    const { t } = spi({ ...fields, ...state }, { line: device });
    expect({ guest: read(t, 'guest', AT.ISPENDR), user: read(t, 'user', AT.ISPENDR) }).toEqual(expected);
    expect([read(t, 'guest', AT.ICPENDR), read(t, 'user', AT.ICPENDR)]).toEqual([expected.guest, 0]);
  });

  it.each([
    ['latch', { pendingLatch: 1 }, 1],
    ['line', { ...LEVEL, lineLevel: 1 }, 1],
    ['mapped level, line as last seen', { ...MAPPED, lineLevel: 1 }, 1],
  ] as const)('of a GICv2 by user space, in both registers: %s', (_name, fields, expected) => {
    const { t } = spi(fields, {}, { gic: 2 });
    expect([read(t, 'user', AT.ISPENDR), read(t, 'user', AT.ICPENDR)]).toEqual([expected, expected]);
  });
});

/** Latch, line, active; and of the host's interrupt, pending and active. */
const ALL = { pendingLatch: 1, lineLevel: 1, active: 1 };
const pick = (view: object, like: Fields): Fields =>
  Object.fromEntries(Object.keys(like).map((key) => [key, (view as Fields)[key] as number]));
type Row = readonly [who: Who, kind: Fields, before: Fields, after: Fields, host: Fields];

describe('F-21 F-01 writes of 1 to ISPENDR', () => {
  const NOW = { active: 0, pending: 0 };
  it.each([
    ['guest', EDGE, {}, { pendingLatch: 1, lineLevel: 0 }, NOW],
    ['guest', LEVEL, {}, { pendingLatch: 1, lineLevel: 0 }, NOW],
    ['guest', LEVEL, { lineLevel: 1 }, { pendingLatch: 1, lineLevel: 1 }, NOW],
    ['guest', MAPPED, {}, { pendingLatch: 1, active: 0 }, { active: 1, pending: 0 }],
    ['guest', { ...EDGE, hw: 1 }, {}, { pendingLatch: 1 }, { active: 1, pending: 0 }],
    ['user', EDGE, {}, { pendingLatch: 1 }, NOW],
    ['user', LEVEL, { lineLevel: 1 }, { pendingLatch: 1, lineLevel: 1 }, NOW],
    ['user', MAPPED, {}, { pendingLatch: 1 }, NOW],
  ] as Row[])('by %s: %o, %o', (who, kind, before, after, host) => {
    const { t, i, phys } = spi({ ...kind, ...before, enabled: 1 });
    t.chip.state.dist.enabled = 1;
    write(t, who, AT.ISPENDR);
    expect(pick(i, after)).toEqual(after);
    expect(pick(phys, host)).toEqual(host);
    expect(t.listed()).toEqual([40]);
  });

  it('T08 user space assigns the latch of a GICv3: bits of 0 clear it, also of interrupts that nobody meant', () => {
    const { t, i } = spi({ ...LEVEL, pendingLatch: 1, lineLevel: 1 });
    t.irq(41).pendingLatch = 1;
    write(t, 'user', AT.ISPENDR, 0x10000);
    expect([i.pendingLatch, i.lineLevel, t.irq(41).pendingLatch, t.irq(48).pendingLatch]).toEqual([0, 1, 0, 1]);
    expect(t.irq(64).pendingLatch).toBe(0);
  });
});

describe('F-21 writes of 1 to ICPENDR', () => {
  const HIGH = { active: 1, pending: 1 };
  it.each([
    ['guest', EDGE, ALL, { pendingLatch: 0, active: 1 }, HIGH],
    ['guest', LEVEL, ALL, { pendingLatch: 0, lineLevel: 1 }, HIGH],
    ['guest', MAPPED, ALL, { pendingLatch: 0, lineLevel: 1 }, { active: 1, pending: 0 }],
    ['guest', MAPPED, { ...ALL, active: 0 }, { pendingLatch: 0, lineLevel: 1 }, { active: 0, pending: 0 }],
    ['user', EDGE, ALL, { pendingLatch: 1 }, HIGH],
    ['user', LEVEL, ALL, { pendingLatch: 1, lineLevel: 1 }, HIGH],
    ['user', MAPPED, ALL, { pendingLatch: 1 }, HIGH],
  ] as Row[])('of a GICv3 by %s: %o, %o', (who, kind, before, after, host) => {
    const { t, i, phys } = spi({ ...kind, ...before }, HIGH);
    write(t, who, AT.ICPENDR);
    expect(pick(i, after)).toEqual(after);
    expect(pick(phys, host)).toEqual(host);
  });

  it('T10 of a GICv2 by user space: the latch, never the line or the host', () => {
    const { t, i, phys } = spi({ ...MAPPED, ...ALL }, HIGH, { gic: 2 });
    write(t, 'user', AT.ICPENDR, 0xffffffff);
    expect([i.pendingLatch, i.lineLevel, phys.active, phys.pending]).toEqual([0, 1, 1, 1]);
  });

  it('T09 of a GICv3 by user space: nothing, and it reads as zero', () => {
    const { t, i } = spi({ pendingLatch: 1 });
    expect(t.dist.userWrite(AT.ICPENDR + 4, 0xffffffff)).toBe(0);
    expect([i.pendingLatch, t.dist.user(AT.ICPENDR + 4)]).toEqual([1, 0]);
  });
});

/** A guest that can take SPI 40. */
function taking(fields: { readonly edge?: boolean }, kernel: '6.1' | '6.12' = '6.12') {
  const t = openRegisters({ kernel });
  t.op('d', { reg: 'CTLR', value: 2 });
  t.op('cpu_setup');
  t.op('irq_setup', { intid: 40, ...fields });
  return { t, i: t.irq(40), iar: () => t.op('iar').out?.['x0'], eoir: () => t.op('eoir', { intid: 40 }) };
}

describe('F-01 what a guest is given', () => {
  it('T02 F-21: a guest write of ICPENDR leaves the line, and the interrupt is delivered', () => {
    const { t, iar } = taking({});
    t.op('irq_line', { irq: 40, level: 1 });
    write(t, 'guest', AT.ICPENDR);
    expect([read(t, 'guest', AT.ISPENDR), iar()]).toEqual([1, 40]);
  });

  it('T03 a line that falls before it is taken is not pending any more', () => {
    const { t, iar } = taking({});
    t.op('irq_line', { irq: 40, level: 1 });
    t.op('irq_line', { irq: 40, level: 0 });
    expect([read(t, 'guest', AT.ISPENDR), iar()]).toEqual([0, 1023]);
  });

  it('T04 ISPENDR of a level interrupt delivers it once', () => {
    const { t, iar, eoir } = taking({});
    write(t, 'guest', AT.ISPENDR);
    expect([read(t, 'guest', AT.ISPENDR), iar()]).toEqual([1, 40]);
    eoir();
    expect([read(t, 'guest', AT.ISPENDR), iar()]).toEqual([0, 1023]);
  });

  it('T05 a line that rises and falls leaves the latch', () => {
    const { t, iar } = taking({});
    write(t, 'guest', AT.ISPENDR);
    t.op('irq_line', { irq: 40, level: 1 });
    t.op('irq_line', { irq: 40, level: 0 });
    expect([read(t, 'guest', AT.ISPENDR), iar()]).toEqual([1, 40]);
  });

  it('T11 an edge interrupt that is driven 1, 1, 0 is delivered once', () => {
    const { t, iar, eoir } = taking({ edge: true });
    for (const level of [1, 1, 0]) t.op('irq_line', { irq: 40, level });
    expect(iar()).toBe(40);
    eoir();
    expect(iar()).toBe(1023);
  });

  it('T12 an edge that comes while the one before is served is delivered after it', () => {
    const { t, iar, eoir } = taking({ edge: true });
    t.op('irq_line', { irq: 40, level: 1 });
    expect(iar()).toBe(40);
    t.op('irq_line', { irq: 40, level: 1 });
    eoir();
    expect(iar()).toBe(40);
    eoir();
    expect(iar()).toBe(1023);
  });

  it('N1 a level interrupt that is made pending while it is active is lost at its end', () => {
    const { t, iar, eoir } = taking({});
    t.op('irq_line', { irq: 40, level: 1 });
    expect(iar()).toBe(40);
    t.op('irq_line', { irq: 40, level: 0 });
    write(t, 'guest', AT.ISPENDR);
    expect(read(t, 'guest', AT.ISPENDR)).toBe(1);
    eoir();
    expect([read(t, 'guest', AT.ISPENDR), iar()]).toEqual([0, 1023]);
  });

  it('N2 the latch of a level interrupt is seen until it ends', () => {
    const { t, iar, eoir } = taking({});
    write(t, 'guest', AT.ISPENDR);
    expect([iar(), read(t, 'guest', AT.ISPENDR)]).toEqual([40, 1]);
    eoir();
    expect(read(t, 'guest', AT.ISPENDR)).toBe(0);
  });

  it('N3 a mapped level interrupt that is made pending reads as its device has it, and is delivered', () => {
    const { t, i, iar } = taking({});
    const phys = t.map(i, 3);
    write(t, 'guest', AT.ISPENDR);
    expect([phys.active, read(t, 'guest', AT.ISPENDR)]).toEqual([1, 0]);
    expect(iar()).toBe(40);
  });
});

describe('SGIs of a GICv2', () => {
  it('T13 F-09 a guest makes one pending through SPENDSGIR only', () => {
    const t = openRegisters({ vm: { gic: 2, cpus: 3 } });
    t.dist.guestWrite(AT.ISPENDR, 1 << 3);
    expect([t.irq(3).pendingLatch, t.irq(3).source]).toEqual([0, 0]);
    t.dist.guestWrite(AT.SPENDSGIR + 3, 1 << 2, 1);
    expect([t.irq(3).pendingLatch, t.irq(3).source, t.dist.guest(AT.ISPENDR)]).toEqual([1, 4, 8]);
    t.dist.guestWrite(AT.ICPENDR, 1 << 3);
    expect([t.irq(3).pendingLatch, t.dist.guest(AT.CPENDSGIR)]).toEqual([1, 4 * 2 ** 24]);
    t.dist.guestWrite(AT.CPENDSGIR + 3, 1 << 2, 1);
    expect([t.irq(3).pendingLatch, t.irq(3).source]).toEqual([0, 0]);
  });

  it('T14 user space makes one pending: the vCPU is its own sender; clearing forgets all senders', () => {
    const t = openRegisters({ vm: { gic: 2, cpus: 3 } });
    expect(t.op('d', { reg: 'ISPENDR', value: 8, cpu: 2 }).ret).toBe(0);
    expect([t.irq(3, 2).pendingLatch, t.irq(3, 2).source, t.irq(3).pendingLatch]).toEqual([1, 4, 0]);
    t.irq(3, 2).source = 7;
    t.op('d', { reg: 'ICPENDR', value: 8, cpu: 2 });
    expect([t.irq(3, 2).pendingLatch, t.irq(3, 2).source]).toEqual([0, 0]);
  });

  it('F-09 a word of SPENDSGIR and CPENDSGIR: a byte for each SGI', () => {
    const t = openRegisters({ vm: { gic: 2, cpus: 8 } });
    t.dist.guestWrite(AT.SPENDSGIR + 4, 0x80000103);
    expect([4, 5, 6, 7].map((sgi) => t.irq(sgi).source)).toEqual([3, 1, 0, 0x80]);
    expect([4, 5, 6, 7].map((sgi) => t.irq(sgi).pendingLatch)).toEqual([1, 1, 0, 1]);
    t.dist.guestWrite(AT.CPENDSGIR + 4, 0xff000001);
    expect([4, 5, 6, 7].map((sgi) => t.irq(sgi).source)).toEqual([2, 1, 0, 0]);
    expect([4, 5, 6, 7].map((sgi) => t.irq(sgi).pendingLatch)).toEqual([1, 1, 0, 0]);
    expect(t.dist.guest(AT.SPENDSGIR + 4)).toBe(0x102);
  });
});

it("SGIs of a GICv3 are pending by ISPENDR; the hardware's have their state below", () => {
  const t = openRegisters();
  const r = t.redist(1);
  r.guestWrite(0x10000 + AT.ISPENDR, 1 << 3);
  expect([t.irq(3, 1).pendingLatch, t.irq(3).pendingLatch]).toEqual([1, 0]);
  const phys = t.map(t.irq(4, 1), 9);
  r.guestWrite(0x10000 + AT.ISPENDR, 1 << 4);
  expect([t.irq(4, 1).pendingLatch, phys.pending, phys.active]).toEqual([0, 1, 0]);
  expect([r.guest(0x10000 + AT.ISPENDR), r.user(0x10000 + AT.ISPENDR)]).toEqual([0x18, 0x18]);
  r.guestWrite(0x10000 + AT.ICPENDR, 1 << 4);
  expect(phys.pending).toBe(0);
  r.userWrite(0x10000 + AT.ISPENDR, 1 << 4);
  expect([phys.pending, t.irq(3, 1).pendingLatch]).toEqual([1, 0]);
  r.userWrite(0x10000 + AT.ISPENDR, 0);
  expect(phys.pending).toBe(0);
});
