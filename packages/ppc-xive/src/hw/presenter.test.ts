// Thread contexts: pending priorities, CPPR, acknowledge, who answers for a CAM value. Tables, from QEMU's hw/intc/xive.c.

import { describe, expect, it } from 'vitest';
import { type Hardware, hardware } from './__fixtures__/hardware.ts';
import { camOf, ipbToPipr, NSR_HE, priorityToIpb, RING, threadCam, W2_VALID } from './presenter.ts';
import { QEMU_7_2 } from './profile.ts';
import { osWord, TM, TM_PAGE } from './tima.ts';

const ring = (h: Hardware, thread = 0) => {
  const { ipb, pipr, nsr, cppr } = h.os(thread);
  return { ipb, pipr, nsr, cppr };
};

/** NVT 3 on thread 0, END `10 + p` for each priority p. */
function dispatched(options = {}) {
  const h = hardware(options);
  h.nvt(3).valid = 1;
  for (let priority = 0; priority < 8; priority++) h.setEnd(10 + priority, { nvtIndex: 3, priority });
  h.push(0, 3);
  return { ...h, event: (priority: number) => h.router.notifyEnd(10 + priority, 1) };
}

describe('F-18 the OS ring', () => {
  it('V-22 after reset the OS page shows 0x000000ff_ff0000ff', () => {
    const h = hardware();
    const lo = h.tima.load(0, TM_PAGE.OS, { offset: 0x10, size: 8 });
    expect([h.tima.hi, lo]).toEqual([0x000000ff, 0xff0000ff]);
  });

  it('V-23 what CPPR closes waits; V-24 is acknowledged, and then nothing is', () => {
    const h = dispatched();
    h.event(6);
    expect(ring(h)).toEqual({ ipb: 0x02, pipr: 6, nsr: 0, cppr: 0 });
    h.cppr(0, 0xff);
    expect([h.os(0).nsr, h.state.threads.at(0).osLine]).toEqual([0x80, 1]);
    expect([h.ackOs(0), h.ackOs(0)]).toEqual([0x8006, 0x0006]);
    expect([ring(h), h.state.threads.at(0).osLine]).toEqual([{ ipb: 0, pipr: 0xff, nsr: 0, cppr: 6 }, 0]);
  });

  it('V-25 the less favoured of two waits for CPPR to open', () => {
    const h = dispatched();
    h.cppr(0, 0xff);
    h.event(6);
    h.event(2);
    expect(h.ackOs(0)).toBe(0x8002);
    expect(ring(h)).toEqual({ ipb: 0x02, pipr: 6, nsr: 0, cppr: 2 });
    h.cppr(0, 0xff);
    expect([h.os(0).nsr, h.ackOs(0)]).toEqual([0x80, 0x8006]);
  });

  it.each([0, 3, 6, 7])('V-26 CPPR = %i does not let its own priority pass', (priority) => {
    const h = dispatched();
    h.cppr(0, priority);
    h.event(priority);
    expect([h.os(0).nsr, h.os(0).pipr]).toEqual([0, priority]);
  });

  it.each([
    [0, 0],
    [7, 7],
    [8, 0xff],
    [0x2a, 0xff],
    [0xff, 0xff],
  ])('V-27 CPPR 0x%s reads back as 0x%s', (stored, read) => {
    const h = hardware();
    h.cppr(0, stored);
    expect(h.os(0).cppr).toBe(read);
  });

  it('V-28 set pending', () => {
    const h = hardware();
    h.cppr(0, 0xff);
    h.tima.store(0, TM_PAGE.OS, { offset: TM.SET_OS_PENDING, size: 1 }, { hi: 0, lo: 3 });
    expect(ring(h)).toEqual({ ipb: 0x10, pipr: 3, nsr: 0x80, cppr: 0xff });
  });

  it('every priority has its bit, and the most favoured one wins', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 0xff].map(priorityToIpb)).toEqual([128, 64, 32, 16, 8, 4, 2, 1, 0, 0]);
    for (let ipb = 1; ipb < 256; ipb++) expect(priorityToIpb(ipbToPipr(ipb))).toBe(2 ** Math.floor(Math.log2(ipb)));
    expect(ipbToPipr(0)).toBe(0xff);
  });

  it('the line rises once, however many events find it up', () => {
    const h = dispatched();
    h.cppr(0, 0xff);
    h.takeReports();
    for (const priority of [6, 6, 2]) h.event(priority);
    expect(h.takeReports().filter((r) => r.startsWith('xive_signal'))).toEqual(['xive_signal 0 1']);
  });
});

describe('F-21 a CPPR that closes', () => {
  const closed = (h: ReturnType<typeof dispatched>) => {
    h.cppr(0, 0xff);
    h.event(6);
    h.cppr(0, 4);
    return [h.os(0).nsr, h.os(0).ipb, h.state.threads.at(0).osLine, h.ackOs(0)];
  };

  it('takes back a signal that is not acknowledged; it comes again when CPPR opens', () => {
    const h = dispatched();
    expect(closed(h)).toEqual([0, 0x02, 0, 0x0004]);
    h.cppr(0, 0xff);
    expect(h.ackOs(0)).toBe(0x8006);
  });

  it('leaves it in QEMU 7.2: an acknowledge cycle then raises CPPR to what was closed out', () => {
    expect(closed(dispatched({ profile: QEMU_7_2 }))).toEqual([0x80, 0x02, 1, 0x8006]);
  });
});

describe('F-16 who answers for a CAM value', () => {
  it.each([
    ['OS', RING.OS],
    ['pool', RING.POOL],
  ] as const)('the %s ring, by valid bit and CAM', (_name, on) => {
    const h = dispatched();
    h.ring(0, RING.OS).w2 = 0;
    h.ring(1, on).w2 = osWord(0, 3, 1);
    h.event(5);
    expect(h.ring(1, on).ipb).toBe(0x04);
    h.ring(1, on).w2 = 3;
    h.event(4);
    expect([h.ring(1, on).ipb, h.nvt(3).ipb]).toEqual([0x04, 0x08]);
  });

  it('the physical ring, by the thread itself', () => {
    const h = dispatched();
    h.ring(1, RING.PHYS).w2 = W2_VALID;
    h.nvt(threadCam(1)).valid = 1;
    h.setEnd(4, { nvtIndex: threadCam(1), priority: 5 });
    h.router.notifyEnd(4, 1);
    expect(h.ring(1, RING.PHYS).ipb).toBe(0x04);
  });

  it('bits of word 2 outside of the CAM do not count', () => {
    const h = dispatched();
    h.os(0).w2 = (osWord(0, 3, 1) | 0x7f000000) >>> 0;
    h.event(5);
    expect(h.os(0).ipb).toBe(0x04);
  });

  it('block and index: 4 and 19 bits on POWER9, 4 and 24 on POWER10', () => {
    expect([camOf(3, 5, 1), camOf(3, 5, 2)]).toEqual([3 * 2 ** 19 + 5, 3 * 2 ** 24 + 5]);
    for (const generation of [1, 2] as const) {
      const h = hardware({ generation });
      h.nvt(3).valid = 1;
      h.setEnd(4, { nvtBlock: 1, nvtIndex: 3, priority: 5 });
      h.os(0).w2 = osWord(1, 3, generation);
      h.os(1).w2 = osWord(0, 3, generation);
      h.router.notifyEnd(4, 1);
      expect([h.os(0).ipb, h.os(1).ipb]).toEqual([0x04, 0]);
    }
  });

  it('two threads for one target: an error, and the backlog has it', () => {
    const h = dispatched();
    h.push(1, 3);
    h.event(5);
    expect([h.os(0).ipb, h.os(1).ipb, h.nvt(3).ipb]).toEqual([0, 0, 0x04]);
    expect(h.takeReports()).toContain('xive_guest_error presenter 3 two threads answer');
  });

  it('a group (i = 1) finds nobody; threadOf finds the OS ring', () => {
    const h = dispatched();
    h.end(15).ignore = 1;
    h.event(5);
    expect([h.os(0).ipb, h.nvt(3).ipb]).toEqual([0, 0x04]);
    expect([h.presenter.threadOf(3), h.presenter.threadOf(4)]).toEqual([0, -1]);
  });
});

describe('F-22 pool and physical ring', () => {
  const PHYS_CPPR = { offset: TM.SET_HV_CPPR, size: 1 } as const;
  function both(options = {}) {
    const h = dispatched(options);
    h.tima.pullOs(0);
    h.ring(0, RING.POOL).w2 = osWord(0, 3, 1);
    h.ring(0, RING.PHYS).w2 = W2_VALID;
    h.nvt(threadCam(0)).valid = 1;
    h.setEnd(4, { nvtIndex: threadCam(0), priority: 5 });
    h.tima.store(0, TM_PAGE.HV, PHYS_CPPR, { hi: 0, lo: 0xff });
    return { ...h, own: () => h.router.notifyEnd(4, 1), pools: (priority: number) => h.event(priority) };
  }
  const ack = (h: Hardware): number => h.tima.load(0, TM_PAGE.HV, { offset: TM.ACK_HV_REG, size: 2 });

  it('HE of NSR says for whom: 2 physical, 1 pool; each has its IPB', () => {
    const h = both();
    h.own();
    expect([h.ring(0, RING.PHYS).nsr, ack(h)]).toEqual([NSR_HE.PHYS, 0x8005]);
    h.presenter.setCppr(0, RING.PHYS, 0xff);
    h.pools(2);
    expect([h.ring(0, RING.PHYS).nsr, h.ring(0, RING.POOL).ipb, ack(h)]).toEqual([NSR_HE.POOL, 0x20, 0x4002]);
    expect([h.ring(0, RING.POOL).ipb, h.ring(0, RING.PHYS).ipb]).toEqual([0, 0]);
  });

  it('the more favoured of both shows, the other one after it', () => {
    const h = both();
    h.own();
    h.pools(2);
    expect(ack(h)).toBe(0x4002);
    h.presenter.setCppr(0, RING.PHYS, 0xff);
    expect(ack(h)).toBe(0x8005);
  });

  it('a pull of the pool context takes its exception along and leaves the physical one', () => {
    const h = both();
    h.pools(2);
    h.own();
    expect(h.tima.load(0, TM_PAGE.HV, { offset: TM.PULL_POOL_CTX, size: 4 })).toBe(osWord(0, 3, 1));
    expect([h.ring(0, RING.POOL).w2, ack(h)]).toEqual([3, 0x8005]);
  });

  it('QEMU 7.2 presents nothing of the pool ring', () => {
    const h = both({ profile: QEMU_7_2 });
    h.pools(2);
    expect([h.ring(0, RING.POOL).ipb, h.ring(0, RING.PHYS).nsr]).toEqual([0x20, 0]);
  });

  it('VT is set and polled by its byte', () => {
    const h = hardware();
    h.tima.store(0, TM_PAGE.HV, { offset: TM.SET_VT, size: 1 }, { hi: 0, lo: 0x80 });
    expect([h.tima.load(0, TM_PAGE.HV, { offset: TM.SET_VT, size: 1 }), h.ring(0, RING.PHYS).w2]).toEqual([
      0x80, 0x80000000,
    ]);
  });
});
