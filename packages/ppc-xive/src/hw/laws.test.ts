// Laws of the hardware under random use, each with a use or a fault that breaks it.

import { createArena } from '@virq/irq-core/arena';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packEas, unpackEas } from '../regs/eas.ts';
import { packEnd, packNvt, unpackEnd, unpackNvt } from '../regs/tables.ts';
import { type Hardware, hardware } from './__fixtures__/hardware.ts';
import { createEndEvents } from './end-events.ts';
import { EOI, nextPq, sendsEvent, TRIGGER } from './esb.ts';
import { End, Nvt, Source } from './layout.ts';
import { ipbToPipr, NO_PRIORITY, RING, W2_VALID } from './presenter.ts';
import { noOverrun } from './properties.ts';

const runs = { numRuns: 300 };
const upTo = (max: number) => fc.integer({ min: 0, max });

describe('F-01 PQ, said once more with two flags', () => {
  /** The same machine as P and Q: what a trigger and an EOI do to them. */
  const plain = {
    trigger: (p: boolean, q: boolean) => (!p && q ? [p, q, false] : p ? [true, true, false] : [true, false, true]),
    eoi: (p: boolean, q: boolean) => (p && q ? [true, false, true] : !p && q ? [p, q, false] : [false, false, false]),
  };
  it.each([
    ['trigger', TRIGGER, plain.trigger],
    ['eoi', EOI, plain.eoi],
  ] as const)('%s', (_name, table, said) => {
    for (let pq = 0; pq < 4; pq++) {
      const [p, q, event] = said(pq >= 2, (pq & 1) === 1);
      expect([nextPq(table, pq), sendsEvent(table, pq)]).toEqual([(p ? 2 : 0) + (q ? 1 : 0), event]);
    }
  });
});

describe('F-01 P bounds the entries of a source: one unread at most, if it is ended only after it was read', () => {
  const SOURCES = 4;
  const step = fc.record({ what: fc.constantFrom('trigger', 'trigger', 'read', 'end'), source: upTo(SOURCES - 1) });

  /** Sources 0 to 3 on END 4; the owner of its queue reads and ends. `early`: it ends without having read. */
  function play(steps: readonly { what: string; source: number }[], early: boolean): number {
    const h = hardware();
    h.setEnd(4);
    for (let i = 0; i < SOURCES; i++) h.setEas(i, 4, i);
    const unread = [0, 0, 0, 0];
    const toEnd: number[] = [];
    let most = 0;
    const events = (act: () => void, source: number): void => {
      const before = h.end(4).index;
      act();
      unread[source] = (unread[source] as number) + h.end(4).index - before;
      most = Math.max(most, ...unread);
    };
    for (const { what, source } of steps) {
      if (what === 'trigger') events(() => h.trigger(source), source);
      const read = what === 'read' ? h.queues.next(4) : -1;
      if (read >= 0) {
        unread[read] = (unread[read] as number) - 1;
        toEnd.push(read);
      }
      const ended = what !== 'end' ? undefined : early ? source : toEnd.shift();
      if (ended !== undefined) events(() => h.loadEoi(ended), ended);
    }
    return most;
  }

  it('holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => play(steps, false) <= 1),
      runs,
    );
  });

  it('does not hold for an owner that ends before it reads', () => {
    const early = fc.check(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => play(steps, true) <= 1),
      runs,
    );
    expect(early.failed).toBe(true);
  });
});

describe('F-18 F-21 pending, most favoured, shown', () => {
  type Step = { readonly what: string; readonly value: number };
  const step: fc.Arbitrary<Step> = fc.record({
    what: fc.constantFrom('event', 'event', 'event', 'ack', 'cppr', 'cppr', 'pull', 'push', 'pending'),
    value: fc.oneof(upTo(7), upTo(255)),
  });

  function apply(h: Hardware, { what, value }: Step): void {
    if (what === 'event') h.router.notifyEnd(10 + (value & 7), 1);
    if (what === 'ack') h.ackOs(0);
    if (what === 'cppr') h.cppr(0, value);
    if (what === 'pull') h.tima.pullOs(0);
    if (what === 'push') h.push(0, 3);
    if (what === 'pending') h.presenter.raise(0, RING.OS, value);
  }

  function machine(): Hardware {
    const h = hardware();
    h.nvt(3).valid = 1;
    for (let priority = 0; priority < 8; priority++) h.setEnd(10 + priority, { nvtIndex: 3, priority });
    h.push(0, 3);
    return h;
  }

  /** PIPR is that of IPB; NSR shows what CPPR lets pass, and only that; the line is up only for what is shown. */
  function consistent(h: Hardware): boolean {
    const { ipb, pipr, nsr, cppr } = h.os(0);
    const shown = nsr === 0x80;
    const line = h.state.threads.at(0).osLine === 1;
    return pipr === ipbToPipr(ipb) && shown === pipr < cppr && (!line || shown) && (cppr <= 7 || cppr === NO_PRIORITY);
  }

  it('agree after every step', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const h = machine();
        return steps.every((s) => {
          apply(h, s);
          return consistent(h);
        });
      }),
      runs,
    );
  });

  it('an IPB changed behind the presenter’s back is noticed', () => {
    const h = machine();
    h.os(0).ipb = 0x10;
    expect(consistent(h)).toBe(false);
  });

  it('no priority is lost: every bit set leaves through an acknowledge of the target that runs, or waits', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const h = machine();
        let waiting = 0;
        return steps.every((s) => {
          const { nsr: before, pipr, w2 } = h.os(0);
          if (s.what === 'ack' && (w2 & W2_VALID) === 0) return true;
          apply(h, s);
          const bit = s.value & 0xff;
          if (s.what === 'event') waiting |= 0x80 >>> (s.value & 7);
          if (s.what === 'pending' && bit < 8) waiting |= 0x80 >>> bit;
          if (s.what === 'ack' && before === 0x80) waiting &= ~(0x80 >>> pipr);
          return (h.os(0).ipb | h.nvt(3).ipb) === waiting;
        });
      }),
      runs,
    );
  });
});

describe('F-10 F-11 queue', () => {
  const ENTRIES = 1024;
  const bursts = fc.array(fc.record({ push: upTo(ENTRIES + 30), read: upTo(ENTRIES) }), { maxLength: 8 });

  /** What comes out of a queue that begins anywhere, against a list; null once the list says that it overflowed. */
  function play(start: number, plan: readonly { push: number; read: number }[], depth: number): boolean {
    const h = hardware();
    h.setEnd(4, { index: start, readIndex: start, generation: 1, readToggle: 0 });
    h.queues.next(4);
    const list: number[] = [];
    let n = 0;
    for (const { push, read } of plan) {
      for (let left = Math.min(push, depth - list.length); left > 0; left--) {
        list.push(++n);
        h.router.notifyEnd(4, n);
      }
      for (let left = Math.min(read, list.length); left > 0; left--)
        if (h.queues.next(4) !== list.shift()) return false;
    }
    return noOverrun(h.state) && h.end(4).unread === list.length;
  }

  it('gives back what went in, in order, wherever it begins, while at most its entries are unread', () => {
    fc.assert(
      fc.property(upTo(ENTRIES - 1), bursts, (start, plan) => play(start, plan, ENTRIES)),
      { numRuns: 60 },
    );
  });

  it('with one more the loss is noticed', () => {
    expect(play(0, [{ push: ENTRIES + 1, read: 0 }], ENTRIES + 1)).toBe(false);
  });
});

describe('F-08 F-09 F-23 words', () => {
  const word = upTo(0xffffffff);
  const eight = fc.array(word, { minLength: 16, maxLength: 16 });

  it.each([1, 2])('of generation %i survive the way into fields and back', (generation) => {
    fc.assert(
      fc.property(eight, (given) => {
        const end = createArena(End).root;
        unpackEnd(end, given, generation);
        const ends = packEnd(end, generation);
        unpackEnd(end, ends, generation);
        const nvt = createArena(Nvt).root;
        unpackNvt(nvt, given, generation);
        const nvts = packNvt(nvt, generation);
        unpackNvt(nvt, nvts, generation);
        expect([packEnd(end, generation), packNvt(nvt, generation)]).toEqual([ends, nvts]);
        for (const [i, w] of [...ends.entries(), ...nvts.entries()]) expect(w & ~(given[i] as number)).toBe(0);
      }),
      runs,
    );
  });

  it('of an EAS', () => {
    fc.assert(
      fc.property(word, word, (hi, lo) => {
        const source = createArena(Source).root;
        unpackEas(source, { hi, lo });
        expect(packEas(source)).toEqual({ hi: (hi & 0x8fffffff) >>> 0, lo });
      }),
      runs,
    );
  });
});

describe('the straight way of an event', () => {
  const bit = fc.integer({ min: 0, max: 1 });
  const end = fc.record({
    ...{ valid: bit, enqueue: bit, notify: bit, backlog: bit, escalate: bit, unconditional: bit, silent: bit },
    ...{ ignore: bit, watched: bit, format: fc.constantFrom(0, 0, 0, 1), esn: upTo(3), ese: upTo(3), generation: bit },
    ...{ priority: fc.constantFrom(0, 3, 6, 0xff), nvtIndex: upTo(4), index: fc.constantFrom(0, 5, 1023) },
    escIndex: fc.constantFrom(4, 5, 6, 99),
  });

  it('ends as the way step by step does, whatever the END is', () => {
    fc.assert(
      fc.property(end, end, fc.array(fc.constantFrom(4, 5), { maxLength: 6 }), upTo(7), (four, five, events, cppr) => {
        const [straight, steps] = [hardware(), hardware()].map((h) => {
          for (const i of [2, 3]) h.nvt(i).valid = 1;
          h.push(0, 3);
          h.cppr(0, cppr);
          h.setEnd(4, four);
          h.setEnd(5, five);
          return h;
        }) as [Hardware, Hardware];
        const { route } = createEndEvents({
          ...steps,
          host() {},
          queued: (e, data) => void steps.reported.push(`xive_queue ${e} ${data}`),
          dropped: (why, n) => void steps.reported.push(`xive_drop ${why} ${n}`),
        });
        for (const index of events) {
          straight.router.notifyEnd(index, 7);
          route(index, 7);
        }
        expect(Buffer.compare(straight.arena.bytes, steps.arena.bytes)).toBe(0);
        expect(straight.reported).toEqual(steps.reported);
      }),
      { numRuns: 200 },
    );
  });
});
