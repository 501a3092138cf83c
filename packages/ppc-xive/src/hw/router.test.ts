// From source to queue, target and escalation. Words and tables from QEMU's hw/intc/xive.c; generation arithmetic from Linux' kvm/book3s_xive.h.

import { describe, expect, it } from 'vitest';
import { packEas } from '../regs/eas.ts';
import { packEnd } from '../regs/tables.ts';
import { hardware, queueAt } from './__fixtures__/hardware.ts';
import { endEsbOf } from './end-esb.ts';
import { ESB, ESB_INVALID, ESB_PAGE } from './esb.ts';
import { noOverrun } from './properties.ts';

const word = (w: number): string => w.toString(16).padStart(8, '0');
const words = (ws: readonly number[]): string => ws.map(word).join(' ');
const eas = (fields: object): string => {
  const { hi, lo } = packEas({ valid: 0, endBlock: 0, endIndex: 0, masked: 0, data: 0, ...fields });
  return word(hi) + word(lo);
};

describe('F-08 EAS', () => {
  it('V-14 server 5 priority 6 of pseries, data 0x123', () => {
    expect(eas({ valid: 1, endIndex: 5 * 8 + 6, data: 0x123 })).toBe('8000002e00000123');
  });

  it('V-15 masked: PQ moves, the queue does not', () => {
    expect(eas({ valid: 1, masked: 1 })).toBe('8000000080000000');
    const h = hardware();
    h.setEnd(4);
    Object.assign(h.setEas(0, 4), { masked: 1 });
    h.trigger(0);
    expect([h.get(0), h.end(4).index, h.entry(4, 0)]).toEqual([0b10, 0, 0]);
    expect(h.takeReports()).toEqual(['xive_drop eas masked 4']);
  });

  it.each([
    ['an invalid EAS', { valid: 0 }, 'xive_drop eas invalid 4'],
    ['an invalid END', { endIndex: 5 }, 'xive_drop end invalid 5'],
    ['an END that is not there', { endIndex: 999 }, 'xive_drop end invalid 999'],
  ])('%s: dropped, P stays set', (_what, more, report) => {
    const h = hardware();
    h.setEnd(4);
    Object.assign(h.setEas(0, 4), more);
    h.trigger(0);
    expect([h.get(0), h.takeReports()]).toEqual([0b10, [report]]);
  });
});

describe('F-09 words of an END, POWER9; F-10 queue, wrap, generation', () => {
  const QUEUE = { valid: 1, enqueue: 1, notify: 1, qsize: 4, generation: 1, nvtIndex: 0x405, priority: 6 };

  it('V-16 64 KiB at 0x12340000, always notify, server 5 of pseries', () => {
    const h = hardware();
    h.setEnd(4, { ...QUEUE, backlog: 0, esn: 0, ese: 0, qaddrLo: 0x12340000 });
    expect(words(packEnd(h.end(4), 1))).toBe('e0040000 00400000 00000000 12340000 00000000 00000000 00000405 00060000');
  });

  it('V-17 the first event', () => {
    const h = hardware();
    h.setEnd(4, { ...QUEUE, esn: 0, ese: 0, qaddrLo: 0x12340000 });
    h.router.notifyEnd(4, 0x123);
    expect(word(h.ram.load(0x12340, 0))).toBe('80000123');
    expect(word(packEnd(h.end(4), 1)[1] as number)).toBe('00400001');
  });

  it('V-18 the last entry of 4 KiB flips the generation; V-19 and so does its reader', () => {
    const h = hardware();
    h.setEnd(4, { qsize: 0, index: 1023, esn: 0, ese: 0 });
    h.router.notifyEnd(4, 7);
    expect([word(h.entry(4, 1023)), word(packEnd(h.end(4), 1)[1] as number)]).toEqual(['80000007', '00000000']);
    h.router.notifyEnd(4, 9);
    expect(word(h.entry(4, 0))).toBe('00000009');
    Object.assign(h.end(4), { readIndex: 1023, readToggle: 0 });
    expect([h.queues.next(4), h.end(4).readToggle, h.end(4).readIndex, h.queues.next(4)]).toEqual([7, 1, 0, 9]);
  });

  it('V-20 an unused END: both ESBs off, all else 0', () => {
    const h = hardware();
    Object.assign(h.end(4), { esn: 1, ese: 1 });
    expect(words(packEnd(h.end(4), 1))).toBe(words([0, 0x50000000, 0, 0, 0, 0, 0, 0]));
  });

  it('data loses bit 31 to the generation', () => {
    const h = hardware();
    h.setEnd(4, { generation: 0 });
    h.setEas(0, 4, 0xffffffff);
    h.trigger(0);
    expect(word(h.entry(4, 0))).toBe('7fffffff');
  });

  it.each([0, 4, 9, 12])('qsize %i: the last entry and the wrap', (qsize) => {
    const h = hardware();
    const last = 2 ** (qsize + 10) - 1;
    h.setEnd(4, { qsize, index: last, qaddrLo: 0x10000000 });
    h.router.notifyEnd(4, 1);
    expect(word(h.ram.load((0x10000000 + 4 * last) / 4096, 0xffc))).toBe('80000001');
    expect([h.end(4).index, h.end(4).generation]).toEqual([0, 0]);
  });
});

describe('F-11 queue overflow', () => {
  const fill = (n: number) => {
    const h = hardware();
    h.setEnd(4);
    expect(h.queues.next(4)).toBe(-1);
    for (let i = 0; i < n; i++) h.router.notifyEnd(4, i + 1);
    return h;
  };

  it('1024 unread entries fit a queue of 4 KiB, and come out in order', () => {
    const h = fill(1024);
    expect(noOverrun(h.state)).toBe(true);
    expect(Array.from({ length: 1025 }, () => h.queues.next(4))).toEqual([
      ...Array.from({ length: 1024 }, (_, i) => i + 1),
      -1,
    ]);
  });

  it('one more overwrites the first: noticed, and half the queue is lost on its reader', () => {
    const h = fill(1025);
    expect(noOverrun(h.state)).toBe(false);
    expect(h.takeReports().filter((r) => r.startsWith('xive_overrun'))).toEqual(['xive_overrun 4']);
    expect(h.queues.next(4)).toBe(-1);
  });

  it('a queue whose reader keeps up never overflows; nobody looks after one that was never read', () => {
    const h = fill(1);
    for (let i = 0; i < 5000; i++) {
      expect(h.queues.next(4)).toBe(i + 1);
      h.router.notifyEnd(4, i + 2);
    }
    const unwatched = hardware();
    unwatched.setEnd(4);
    for (let i = 0; i < 1100; i++) unwatched.router.notifyEnd(4, 1);
    expect([noOverrun(h.state), noOverrun(unwatched.state)]).toEqual([true, true]);
  });
});

describe('F-12 coalescing by ESn, and the ESB pages of ENDs', () => {
  it('V-21 n = 0: both enqueued, one notification; ESn 10, then 11', () => {
    const h = hardware();
    h.connect(0, 6);
    Object.assign(h.end(10), { notify: 0, esn: 0 });
    h.router.notifyEnd(10, 1);
    expect([h.end(10).esn, h.os(0).ipb]).toEqual([0b10, 0x02]);
    h.ackOs(0);
    h.router.notifyEnd(10, 2);
    expect([h.end(10).esn, h.end(10).index, h.os(0).ipb]).toEqual([0b11, 2, 0]);
    expect(h.takeReports()).toContain('xive_drop coalesced 10');
  });

  const { LOAD_EOI, GET, SET_PQ_00, SET_PQ_11, STORE_EOI, INJECT } = ESB;
  const endWith = (generation: 1 | 2, pq: number) => {
    const h = hardware({ generation });
    h.setEnd(4, { esn: pq, ese: pq });
    return h;
  };

  it.each(['esn', 'ese'] as const)('loads of %s, which only it sees', (which) => {
    const h = endWith(1, 0b11);
    const other = which === 'esn' ? 'ese' : 'esn';
    const values = [GET, LOAD_EOI, LOAD_EOI, SET_PQ_11, GET, SET_PQ_00].map((o) => h.router.loadEnd(4, which, o));
    expect([values, h.end(4)[which], h.end(4)[other]]).toEqual([[3, 1, 0, 0, 3, 3], 0, 0b11]);
  });

  it('even pages are ESn, odd ones ESe; an invalid END answers all ones', () => {
    const h = endWith(1, 0b10);
    expect([endEsbOf(ESB_PAGE.TRIGGER), endEsbOf(ESB_PAGE.MANAGEMENT)]).toEqual(['esn', 'ese']);
    expect([h.router.loadEnd(5, 'esn', GET), h.router.loadEnd(999, 'esn', GET)]).toEqual([ESB_INVALID, ESB_INVALID]);
  });

  it.each([
    ['a trigger', 0, 0b00, 0b10],
    ['a trigger', 0, 0b10, 0b11],
    ['an EOI', STORE_EOI, 0b11, 0b10],
    ['an injection', INJECT, 0b00, 0b00],
    ['SET_PQ', SET_PQ_11, 0b00, 0b00],
  ])('stores on POWER10: %s at 0x%s, %i → %i; POWER9 takes none', (_what, offset, pq, to) => {
    const p10 = endWith(2, pq);
    p10.router.storeEnd(4, 'esn', offset);
    const p9 = endWith(1, pq);
    p9.router.storeEnd(4, 'esn', offset);
    expect([p10.end(4).esn, p9.end(4).esn]).toEqual([to, pq]);
    expect(p9.takeReports()).toHaveLength(1);
  });
});

describe('F-13 escalation', () => {
  /** END 4 to an NVT that runs nowhere, escalating to END 5. */
  function escalating(more: object) {
    const h = hardware();
    h.nvt(3).valid = 1;
    h.setEnd(4, { nvtIndex: 3, priority: 6, escIndex: 5, escData: 0x77, ese: 0, ...more });
    h.setEnd(5, { nvtIndex: 3, priority: 0xff });
    return h;
  }
  const escalated = (more: object, events = 1): number => {
    const h = escalating(more);
    for (let i = 0; i < events; i++) h.router.notifyEnd(4, 1);
    return h.end(5).index;
  };

  it.each([
    ['e = 0', { escalate: 0 }, 1, 0],
    ['e = 1, ESe 00', { escalate: 1 }, 1, 1],
    ['e = 1, ESe 00: the second coalesces', { escalate: 1 }, 3, 1],
    ['e = 1, ESe 01', { escalate: 1, ese: 1 }, 1, 0],
    ['e = 1, u = 1, ESe 01: every time', { escalate: 1, unconditional: 1, ese: 1 }, 3, 3],
    ['e = 0, u = 1', { escalate: 0, unconditional: 1 }, 1, 0],
    ['s = 1 without a target', { escalate: 1, silent: 1, nvtIndex: 9 }, 1, 1],
  ])('%s: of %j, %i events, %i escalate', (_what, more, events, times) => {
    expect(escalated(more, events)).toBe(times);
  });

  it('carries the data of words 4 and 5', () => {
    const h = escalating({ escalate: 1 });
    h.router.notifyEnd(4, 1);
    expect(word(h.entry(5, 0))).toBe('80000077');
  });

  it('not when the target runs, nor when the event was coalesced or its END masked', () => {
    const runs = escalating({ escalate: 1 });
    runs.push(0, 3);
    runs.router.notifyEnd(4, 1);
    expect(runs.end(5).index).toBe(0);
    expect(escalated({ escalate: 1, notify: 0, esn: 0b10 })).toBe(0);
    expect(escalated({ escalate: 1, priority: 0xff })).toBe(0);
  });

  it('an invalid NVT ends the event: no backlog, no escalation', () => {
    const h = escalating({ escalate: 1, nvtIndex: 9 });
    h.router.notifyEnd(4, 1);
    expect([h.nvt(9).ipb, h.end(5).index, h.takeReports().at(-1)]).toEqual([0, 0, 'xive_drop nvt invalid 4']);
  });

  it('a circle without ESe ends, and says so', () => {
    const h = escalating({ escalate: 1, unconditional: 1, escIndex: 4, enqueue: 0 });
    h.router.notifyEnd(4, 1);
    expect(h.takeReports().at(-1)).toBe('xive_drop escalation loop 4');
  });
});

describe('F-14 single escalation: a silent gather END', () => {
  it('every priority ends in its escalation, once until ESe is ended', () => {
    const h = hardware();
    h.nvt(1).valid = 1;
    for (const i of [8, 14]) h.setEnd(i, { nvtIndex: 1, priority: i - 8, escalate: 1, unconditional: 1, escIndex: 15 });
    h.setEnd(15, { enqueue: 0, silent: 1, escalate: 1, ese: 0, escIndex: 20, escData: 0x55 });
    h.setEnd(20, { priority: 0xff });
    h.router.notifyEnd(8, 1);
    h.router.notifyEnd(14, 1);
    expect([h.end(20).index, h.end(15).ese, word(h.entry(20, 0))]).toEqual([1, 0b11, '80000055']);
    expect(h.router.loadEnd(15, 'ese', ESB.LOAD_EOI)).toBe(1);
    expect(h.router.loadEnd(15, 'ese', ESB.SET_PQ_00)).toBe(0b10);
    h.router.notifyEnd(14, 1);
    expect(h.end(20).index).toBe(2);
  });
});

describe('F-15 backlog', () => {
  it('V-29 an event for a target that runs nowhere waits in its NVT and shows at the push', () => {
    const h = hardware();
    h.connect(0, 4);
    h.tima.pullOs(0);
    h.trigger(0);
    expect([h.nvt(3).ipb, h.os(0).ipb]).toEqual([0x08, 0]);
    h.push(0, 3);
    expect([h.nvt(3).ipb, h.os(0).ipb, h.os(0).nsr]).toEqual([0, 0x08, 0x80]);
  });

  it('b = 0: nothing waits', () => {
    const h = hardware();
    h.nvt(3).valid = 1;
    h.setEnd(4, { backlog: 0, nvtIndex: 3 });
    h.router.notifyEnd(4, 1);
    expect(h.nvt(3).ipb).toBe(0);
  });

  it('a user-level notification with a backlog is an error; without one it may escalate', () => {
    const h = hardware();
    h.nvt(3).valid = 1;
    h.push(0, 3);
    h.setEnd(4, { format: 1, nvtIndex: 3, escalate: 1, ese: 0, escIndex: 5 });
    h.setEnd(5, { priority: 0xff });
    h.router.notifyEnd(4, 1);
    expect([h.end(5).index, h.os(0).ipb, h.nvt(3).ipb]).toEqual([0, 0, 0]);
    h.end(4).backlog = 0;
    h.router.notifyEnd(4, 1);
    expect(h.end(5).index).toBe(1);
  });
});

it('queues of the tests do not overlap', () => {
  expect(queueAt(5) - queueAt(4)).toBeGreaterThanOrEqual(0x10000);
});
