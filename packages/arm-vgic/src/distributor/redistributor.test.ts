// Redistributors: LPIs on and off, tables, invalidation, identification. Sheet 5.2; Linux: vgic-mmio-v3.c vgic_v3_rd_registers.

import { describe, expect, it } from 'vitest';
import { openRegisters, type RegisterVm, SGI, WHO } from '../__fixtures__/registers.ts';

const RD = {
  CTLR: 0,
  IIDR: 4,
  TYPER: 8,
  STATUSR: 0x10,
  WAKER: 0x14,
  PROPBASER: 0x70,
  PENDBASER: 0x78,
  INVLPIR: 0xa0,
  INVALLR: 0xb0,
  SYNCR: 0xc0,
};
const PTZ = 0x40000000;

describe('F-15 identification', () => {
  it.each([
    ['one vCPU of three', { cpus: 3 }, 1, [0x100, 1]],
    ['the last', { cpus: 3 }, 2, [0x210, 2]],
    ['with an ITS', { cpus: 1, its: true }, 0, [0x11, 0]],
    ['an affinity of two parts', { cpus: 1, ids: [0x123] }, 0, [0x12310, 0x1203]],
  ] as const)('TYPER of %s', (_name, vm, vcpu, [lo, hi]) => {
    const r = openRegisters({ vm }).redist(vcpu);
    expect([r.guest(RD.TYPER), r.guest(RD.TYPER + 4), r.user(RD.TYPER), r.user(RD.TYPER + 4)]).toEqual([
      lo,
      hi,
      lo,
      hi,
    ]);
    expect(r.guest(RD.TYPER, 8)).toBe(hi * 2 ** 32 + lo);
    r.guestWrite(RD.TYPER, 0, 8);
    expect([r.userWrite(RD.TYPER, 0), r.guest(RD.TYPER)]).toEqual([0, lo]);
  });

  it('IIDR without a revision; WAKER never sleeps; PIDR2', () => {
    const r = openRegisters().redist(0);
    for (const at of [RD.IIDR, RD.STATUSR, RD.WAKER]) r.guestWrite(at, 0xffffffff);
    expect([RD.IIDR, RD.STATUSR, RD.WAKER, 0xffe8, 0xfffc].map((at) => r.guest(at))).toEqual([
      0x4b00043b, 0, 0, 0x3b, 0,
    ]);
  });

  it('SGI_base: 32 interrupts, and nothing behind them', () => {
    const r = openRegisters().redist(1);
    for (const at of [0x104, 0x204, 0x304, 0x384, 0x420, 0xc08]) r.guestWrite(SGI + at, 0xffffffff);
    expect([0x104, 0x204, 0x304, 0x384, 0x420, 0xc08, 0xd00, 0xe00].map((at) => r.guest(SGI + at))).toEqual(
      Array(8).fill(0),
    );
    expect([r.guest(SGI + 0x100), r.guest(SGI + 0xc00), r.guest(SGI + 0xc04)]).toEqual([0xffff, 0xaaaaaaaa, 0]);
    r.guestWrite(SGI + 0x180, 1);
    r.guestWrite(SGI + 0x41f, 0xff, 1);
    expect([r.guest(SGI + 0x100), r.user(SGI + 0x41c)]).toEqual([0xfffe, 0xf8000000]);
  });
});

describe('F-16 tables', () => {
  it.each(WHO)('PROPBASER by %s: one for all, sanitised, the halves apart', (who) => {
    const t = openRegisters({ vm: { its: true, its_setup: false } });
    const write = (at: number, value: number): void => {
      if (who === 'guest') t.redist(0).guestWrite(at, value);
      else t.redist(0).userWrite(at, value);
    };
    write(RD.PROPBASER, 0xffffffff);
    write(RD.PROPBASER + 4, 0xffffffff);
    expect([t.redist(1).guest(RD.PROPBASER), t.redist(1).guest(RD.PROPBASER + 4)]).toEqual([0xffffff9f, 0xfffff]);
    write(RD.PROPBASER, 0x4000080e);
    write(RD.PROPBASER + 4, 0x01000000);
    expect([t.redist(1).guest(RD.PROPBASER), t.redist(1).guest(RD.PROPBASER + 4)]).toEqual([0x4000058e, 0x01000000]);
  });

  it('PENDBASER: of each vCPU, sanitised; PTZ reads as zero, and is known', () => {
    const t = openRegisters({ vm: { its: true, its_setup: false } });
    t.redist(1).guestWrite(RD.PENDBASER, 0xffffffff);
    t.redist(1).guestWrite(RD.PENDBASER + 4, 0xffffffff);
    const own = [0, 4].map((half) => t.redist(1).guest(RD.PENDBASER + half));
    expect([own, [0, 4].map((half) => t.redist(1).user(RD.PENDBASER + half))]).toEqual(
      Array(2).fill([0xffff0f80, 0xfffff]),
    );
    expect(t.chip.state.redists.at(1).pendbaserHi).toBe(0x400fffff);
    expect(t.chip.state.redists.at(0).pendbaserHi).toBe(0);
  });

  it('both are locked while the LPIs of that vCPU are on', () => {
    const t = openRegisters({ vm: { its: true, its_setup: false } });
    t.redist(0).guestWrite(RD.CTLR, 1);
    const before = t.redist(0).guest(RD.PROPBASER);
    for (const at of [RD.PROPBASER, RD.PENDBASER]) t.redist(0).guestWrite(at, 0x50000000);
    expect([t.redist(0).guest(RD.PROPBASER), t.chip.state.redists.at(0).pendbaserLo >>> 16]).toEqual([before, 0]);
    t.redist(1).guestWrite(RD.PROPBASER, 0x5000000f);
    expect(t.redist(0).guest(RD.PROPBASER) & 0xfffff000).toBe(0x50000000);
  });
});

/** A VM whose ITS maps events 0 to 3 of device 1 to LPIs 8192 to 8195 of vCPU 0, all on. */
function withLpis(vm: Readonly<Record<string, unknown>> = {}): RegisterVm {
  const t = openRegisters({ vm: { its: true, ...vm } });
  t.op('d', { reg: 'CTLR', value: 2 });
  t.op('cpu_setup');
  for (let n = 0; n < 4; n++) t.op('lpi_config', { intid: 8192 + n });
  t.op('mapd', { dev: 1 });
  t.op('mapc', { icid: 0, cpu: 0 });
  for (let n = 0; n < 4; n++) t.op('mapti', { dev: 1, event: n, intid: 8192 + n, icid: 0 });
  return t;
}
const lpi = (t: RegisterVm, intid: number) => t.irq(intid);
const msi = (t: RegisterVm, data: number): number =>
  t.ret('signal_msi', { address_lo: 0x08090040, data, devid: 1, flags: 1 });

/** Pending bit of an LPI in the table of a vCPU. */
function tableBit(t: RegisterVm, intid: number, set?: number): number {
  const { pendbaserLo } = t.chip.state.redists.at(0);
  const at = (pendbaserLo & 0xffff0000) + (intid >>> 3);
  const { ram } = t.chip.its;
  if (set !== undefined) ram.storeByte(at, (ram.loadByte(at) & ~(1 << (intid & 7))) | (set << (intid & 7)));
  return (ram.loadByte(at) >>> (intid & 7)) & 1;
}

describe('F-16 GICR_CTLR.EnableLPIs', () => {
  it.each([
    [2, 0x1],
    [3, 0x7],
  ])('reads with CES and IR from revision 3 on: revision %d', (revision, reads) => {
    const t = openRegisters({ vm: { its: true, its_setup: false } });
    t.dist.userWrite(8, 0x4b00043b | (revision << 12));
    t.redist(0).guestWrite(RD.CTLR, 1);
    expect([t.redist(0).guest(RD.CTLR), t.redist(0).user(RD.CTLR)]).toEqual([reads, reads]);
  });

  it('does nothing without an ITS', () => {
    const r = openRegisters().redist(0);
    r.guestWrite(RD.CTLR, 1);
    expect(r.guest(RD.CTLR)).toBe(6);
  });

  it.each([
    [0, [0, 1]],
    [PTZ, [1, 0]],
  ])('0 to 1 takes the pending table unless PTZ: PENDBASER %i', (ptz, expected) => {
    const t = withLpis();
    const r = t.redist(0);
    r.guestWrite(RD.CTLR, 0);
    r.guestWrite(RD.PENDBASER + 4, ptz);
    Object.assign(lpi(t, 8192), { pendingLatch: 1 });
    tableBit(t, 8193, 1);
    r.guestWrite(RD.CTLR, 1);
    expect([lpi(t, 8192).pendingLatch, lpi(t, 8193).pendingLatch]).toEqual(expected);
    expect([tableBit(t, 8193), t.listed()]).toEqual([1, ptz === 0 ? [8193] : []]);
  });

  it('1 to 0 takes LPIs off the list with their latch; those on none keep it; SPIs stay; translations are forgotten', () => {
    const t = withLpis();
    t.op('irq_setup', { intid: 40, edge: true });
    t.op('lpi_config', { intid: 8194, enable: 0 });
    t.op('inv', { dev: 1, event: 2 });
    expect([msi(t, 0), msi(t, 1), t.ret('irq_line', { irq: 40, level: 1 }), msi(t, 2)]).toEqual([1, 1, 0, 1]);
    expect(t.listed()).toEqual([8192, 8193, 40]);
    const before = lpi(t, 8192).refs;
    t.redist(0).guestWrite(RD.CTLR, 0);
    expect([t.listed(), [8192, 8193, 8194].map((intid) => lpi(t, intid).pendingLatch)]).toEqual([[40], [0, 0, 1]]);
    expect([lpi(t, 8192).vcpu, before - lpi(t, 8192).refs]).toEqual([0, 2]);
    expect([msi(t, 0), t.redist(0).guest(RD.CTLR)]).toEqual([-16, 6]);
    t.redist(0).guestWrite(RD.CTLR, 0);
    t.redist(0).guestWrite(RD.CTLR, 1);
    expect(msi(t, 0)).toBe(1);
  });
});

describe('F-16 INVLPIR and INVALLR', () => {
  const off = (t: RegisterVm): void => {
    for (const intid of [8192, 8193]) t.op('lpi_config', { intid, enable: 0 });
  };
  it.each([
    ['INVLPIR of one', RD.INVLPIR, 8192, 4, [0, 1]],
    ['INVLPIR, 64 bits', RD.INVLPIR, 8193, 8, [1, 0]],
    ['INVLPIR, the upper word', RD.INVLPIR + 4, 8192, 4, [1, 1]],
    ['INVLPIR of an SPI', RD.INVLPIR, 40, 4, [1, 1]],
    ['INVLPIR of an LPI that there is not', RD.INVLPIR, 9000, 4, [1, 1]],
    ['INVALLR', RD.INVALLR, 0, 4, [0, 0]],
    ['INVALLR, the upper word', RD.INVALLR + 4, 0, 4, [1, 1]],
  ] as const)('%s', (_name, at, value, size, expected) => {
    const t = withLpis();
    off(t);
    const refs = lpi(t, 8192).refs;
    t.redist(0).guestWrite(at, value, size);
    expect([lpi(t, 8192).enabled, lpi(t, 8193).enabled, lpi(t, 8192).refs]).toEqual([...expected, refs]);
    expect([t.redist(0).guest(at & ~7), t.redist(0).guest(RD.SYNCR)]).toEqual([0, 0]);
  });

  it('act on any LPI, or on those of the vCPU; not while its LPIs are off', () => {
    const t = withLpis();
    off(t);
    t.redist(1).guestWrite(RD.INVALLR, 0);
    expect(lpi(t, 8192).enabled).toBe(1);
    t.redist(1).guestWrite(RD.INVLPIR, 8192);
    expect(lpi(t, 8192).enabled).toBe(0);
    t.redist(1).guestWrite(RD.CTLR, 0);
    t.redist(1).guestWrite(RD.INVLPIR, 8193);
    expect(lpi(t, 8193).enabled).toBe(1);
  });
});
