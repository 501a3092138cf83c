// irqfds under every order of CPUs that seeded schedulers find: what the protocols promise, and for each promise a mutant that breaks it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { u8, u16 } from '../arena/index.ts';
import { type AnyProtocol, BLOCKED, DONE, omit, pct, protocolsOn, random, reorder, run } from '../protocol/index.ts';
import { type FakeMachine, type FakeOptions, fakeMachine, toMsi, toPin } from './__fixtures__/fake-vm.ts';
import {
  IRQFD_FLAG,
  irqfdResamplerAck,
  irqfdShutdown,
  irqfdWakeup,
  type Kvm,
  type KvmWorld,
  kvmIrqfdAssign,
  kvmIrqfdDeassign,
  kvmSetIrqRouting,
  startWakeup,
} from './index.ts';

const { protocol } = protocolsOn<KvmWorld>();
const { DEASSIGN, RESAMPLE } = IRQFD_FLAG;

/** write(2) to an eventfd by another CPU, a few times; a closed one is left alone. */
const writer = protocol('writer', { fd: u16, times: u8 }, () => ({
  write(m, f) {
    if (m.kvms[0]!.eventfds.check(f.fd) === 0) m.kvms[0]!.eventfds.write(f.fd);
    f.times--;
    return f.times === 0 ? DONE : 'write';
  },
}));

/** The owner of a device that keeps asserting: whenever its resamplefd fires, it asserts again. */
const owner = protocol('owner', { fd: u16, resamplefd: u16 }, () => ({
  waitForResample: (m, f) => (m.kvms[0]!.eventfds.count(f.resamplefd) === 0 ? BLOCKED : undefined),
  unmask: (m, f) => void m.kvms[0]!.eventfds.read(f.resamplefd),
  assertAgain: (m, f) => void m.kvms[0]!.eventfds.write(f.fd),
}));

/** write(2), then close(2). */
const closer = protocol('closer', { fd: u16 }, () => ({
  close: (m, f) => void m.kvms[0]!.eventfds.close(f.fd),
}));

interface Outcome {
  readonly end: string;
  /** Pools in which a freed slot was touched. */
  readonly stale: readonly string[];
  readonly left: { readonly irqfds: number; readonly resamplers: number; readonly waiters: number };
  readonly targets: readonly string[];
  readonly level: number;
  /** What the situation's own judge says at the end. */
  readonly verdict: unknown;
}

type Swap = readonly (readonly [unknown, unknown])[];
/** Sets the situation up; may return a judge. */
type Start = (m: FakeMachine, kvm: Kvm) => (() => unknown) | void;

/** Runs a situation under 150 schedules and returns what came of each. A run ends where it touches a freed slot. */
function explore(start: Start, swap: Swap = [], o: FakeOptions = {}): Outcome[] {
  const map = new Map(swap) as ReadonlyMap<unknown, AnyProtocol<KvmWorld>>;
  return Array.from({ length: 150 }, (_, seed) => {
    const m = fakeMachine({ ...o, swap: map, extra: [writer, owner, closer] });
    const kvm = m.kvms[0]!;
    const stale: string[] = [];
    m.arena.onStale((pool) => {
      stale.push(pool);
      throw new Error('touched');
    });
    let end = 'touched';
    let judge: (() => unknown) | undefined;
    try {
      judge = start(m, kvm) ?? undefined;
      m.chips[0]!.calls.length = 0;
      end = run(m.processes, seed % 3 === 0 ? random(seed) : pct(seed, 2 + (seed % 3), 40), { maxSteps: 2000 }).end;
    } catch (e) {
      if (stale.length === 0) throw e;
    }
    const { irqfds, resamplers } = kvm.state;
    return {
      end,
      stale,
      left: { irqfds: irqfds.count(), resamplers: resamplers.count(), waiters: m.live().waiters },
      targets: m.chips[0]!.calls.map((c) => c.target),
      level: m.chips[0]!.level.get('2.6') ?? 0,
      verdict: end === 'quiet' ? judge?.() : undefined,
    };
  });
}

const CLEAN = { irqfds: 0, resamplers: 0, waiters: 0 };
const bad = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  outcomes.filter((o) => o.end !== 'quiet' || o.stale.length > 0);
const touched = (outcomes: readonly Outcome[], pool: RegExp): boolean =>
  outcomes.some((o) => o.stale.some((name) => pool.test(name)));

const assign = (kvm: Kvm, fd: number, gsi: number, resamplefd = 0): void =>
  void expect(kvm.irqfd({ fd, gsi, flags: resamplefd === 0 ? 0 : RESAMPLE, resamplefd })).toBe(0);
const startDeassign = (kvm: Kvm, fd: number, gsi: number): void =>
  void kvm.startIrqfd({ fd, gsi, flags: DEASSIGN, resamplefd: 0 });

describe('CORE-14 deassign ∥ routing update ∥ eventfd write', () => {
  const teardown =
    (gsi: number): Start =>
    (m, kvm) => {
      const [e, e2] = [m.eventfds.create(), m.eventfds.create()];
      kvm.setGsiRouting([toMsi(30, 0x50), toPin(6, 6)], 0);
      assign(kvm, e, gsi);
      assign(kvm, e2, 30);
      m.processes.spawn(writer, { fd: e, times: 3 });
      startDeassign(kvm, e, gsi);
      startDeassign(kvm, e2, 30);
      kvm.startSetGsiRouting([toMsi(30, 0x51), toPin(6, 7)], 0);
    };

  it.each([30, 6])('leaves nothing behind and touches nothing freed (gsi %i)', (gsi) => {
    const outcomes = explore(teardown(gsi));
    expect(bad(outcomes)).toEqual([]);
    expect(outcomes.filter((o) => JSON.stringify(o.left) !== JSON.stringify(CLEAN))).toEqual([]);
  });

  it('mutant: staying on the wait queue, an event finds a freed irqfd', () => {
    expect(touched(explore(teardown(30), [[irqfdShutdown, omit(irqfdShutdown, 'leaveWaitQueue')]]), /irqfds/)).toBe(
      true,
    );
  });

  it('mutant: without flushing the inject work it runs on a freed irqfd', () => {
    expect(touched(explore(teardown(6), [[irqfdShutdown, omit(irqfdShutdown, 'flushInject')]]), /irqfds/)).toBe(true);
  });

  it('mutant: flushing before leaving the wait queue is no better', () => {
    const order = ['flushInject', 'leaveWaitQueue'];
    expect(touched(explore(teardown(6), [[irqfdShutdown, reorder(irqfdShutdown, ...order)]]), /irqfds/)).toBe(true);
  });

  const neighbour =
    (leave: (m: FakeMachine, kvm: Kvm, e: number) => void): Start =>
    (m, kvm) => {
      const [e, e2] = [m.eventfds.create(), m.eventfds.create()];
      kvm.setGsiRouting([toMsi(30, 0x50)], 0);
      assign(kvm, e, 30);
      assign(kvm, e2, 30);
      leave(m, kvm, e);
      kvm.startSetGsiRouting([toMsi(30, 0x51)], 0);
      return () => kvm.state.irqfds.at(kvm.state.items).route.data;
    };
  const deassigned = neighbour((_m, kvm, e) => startDeassign(kvm, e, 30));
  const closed = neighbour((m, _kvm, e) => void m.processes.spawn(closer, { fd: e }));

  it.each([
    ['deassigned', deassigned],
    ['closed', closed],
  ])('the neighbour of an irqfd that is %s gets its new route', (_name, start) => {
    const outcomes = explore(start);
    expect(bad(outcomes)).toEqual([]);
    expect(new Set(outcomes.map((o) => o.verdict))).toEqual(new Set([0x51]));
  });

  it('mutant: without irqfds.lock a deassign breaks the walk of the update', () => {
    const lockless = omit(kvmIrqfdDeassign, 'lock irqfds', 'unlock irqfds');
    expect(
      explore(deassigned, [[kvmIrqfdDeassign, lockless]]).some((o) => o.verdict === 0x50 || o.stale.length > 0),
    ).toBe(true);
  });
});

describe('CORE-14 assign ∥ deassign', () => {
  const start: Start = (m, kvm) => {
    const e = m.eventfds.create(1);
    kvm.setGsiRouting([toPin(6, 6)], 0);
    kvm.startIrqfd({ fd: e, gsi: 6, flags: 0, resamplefd: 0 });
    startDeassign(kvm, e, 6);
    startDeassign(kvm, e, 6);
  };

  it.each(['6.18', '6.1'] as const)('assign finishes on an irqfd that lives (%s)', (kernel) => {
    expect(bad(explore(start, [], { kernel }))).toEqual([]);
  });

  it('mutant: a shutdown that does not wait for SRCU frees it under the assign', () => {
    const eager = omit(irqfdShutdown, 'wait irq_srcu');
    expect(touched(explore(start, [[irqfdShutdown, eager]], { kernel: '6.1' }), /irqfds/)).toBe(true);
  });

  it('mutant: an assign without its SRCU section, too', () => {
    const bare = omit(kvmIrqfdAssign, 'enter irq_srcu', 'leave irq_srcu');
    expect(touched(explore(start, [[kvmIrqfdAssign, bare]], { kernel: '6.1' }), /irqfds/)).toBe(true);
  });
});

describe('CORE-12 snapshot ∥ routing update', () => {
  const change: Start = (m, kvm) => {
    kvm.setGsiRouting([toMsi(30, 0x50)], 0);
    assign(kvm, m.eventfds.create(), 30);
    startWakeup(kvm, kvm.state.items);
    kvm.startSetGsiRouting([toPin(30, 3)], 0);
  };
  const kinds = (outcomes: readonly Outcome[]): Set<string> => new Set(outcomes.flatMap((o) => o.targets));

  it('an event meets the old route or the new one', () => {
    const outcomes = explore(change);
    expect(bad(outcomes)).toEqual([]);
    expect(kinds(outcomes)).toEqual(new Set(['msi 0x50', '2.3']));
  });

  it('mutant: without the retry type and message come from different routes', () => {
    expect(kinds(explore(change, [[irqfdWakeup, omit(irqfdWakeup, 'readRetry')]]))).toContain('msi 0x0');
  });

  it('mutant: without waiting for an even count, too', () => {
    expect(kinds(explore(change, [[irqfdWakeup, omit(irqfdWakeup, 'readBegin', 'readRetry')]]))).toContain('msi 0x0');
  });

  /** Takes an irqfd off the list, changes its route, and signals it before the shutdown has gone on. */
  function lateEvent(leave: 'deassign' | 'close', deassignClearsRoute: boolean): string[] {
    const m = fakeMachine({ profile: { deassignClearsRoute } });
    const kvm = m.kvms[0]!;
    const e = m.eventfds.create();
    kvm.setGsiRouting([toMsi(30, 0x50)], 0);
    assign(kvm, e, 30);
    if (leave === 'close') m.eventfds.close(e);
    else startDeassign(kvm, e, 30);
    while (kvm.state.items !== 0 || kvm.state.irqfdsLock.holder !== 0) m.processes.step(0);
    const table = kvm.routing.build([toMsi(30, 0x51)], 0);
    const update = m.processes.spawn(kvmSetIrqRouting, { vm: 0, table });
    while (m.processes.isAlive(update)) m.processes.step(update);
    m.eventfds.signal(e);
    run(m.processes, random(1));
    return m.chips[0]!.calls.map((c) => c.target);
  }

  it.each([
    ['deassign', false],
    ['close', false],
    ['deassign', true],
  ] as const)('after %s no event uses a route older than the last update', (leave, clears) => {
    expect(new Set(lateEvent(leave, clears))).toEqual(new Set(['msi 0x51']));
  });

  it('kernels that clear the type at deassign miss the hang-up: the old route is used', () => {
    expect(lateEvent('close', true)).toEqual(['msi 0x50']);
  });
});

describe('CORE-16 resampler', () => {
  const twoMembers: Start = (m, kvm) => {
    const [e, e2, r] = [m.eventfds.create(), m.eventfds.create(), m.eventfds.create()];
    kvm.setGsiRouting([toPin(6, 6)], 0);
    assign(kvm, e, 6, r);
    m.processes.spawn(irqfdResamplerAck, { vm: 0, gsi: 6 });
    m.processes.spawn(irqfdResamplerAck, { vm: 0, gsi: 6 });
    kvm.startIrqfd({ fd: e2, gsi: 6, flags: RESAMPLE, resamplefd: r });
    startDeassign(kvm, e, 6);
    startDeassign(kvm, e2, 6);
  };

  it('assign ∥ deassign ∥ EOI: no reader meets a freed member, and the line is low when nobody is left', () => {
    const outcomes = explore(twoMembers);
    expect(bad(outcomes)).toEqual([]);
    expect(
      outcomes.filter((o) => o.left.irqfds !== o.left.resamplers || (o.left.irqfds === 0 && o.level !== 0)),
    ).toEqual([]);
  });

  it('mutant: a member freed without a grace period is met by an EOI in flight', () => {
    const eager = omit(irqfdShutdown, 'resampler.wait members');
    expect(touched(explore(twoMembers, [[irqfdShutdown, eager]]), /irqfds|resamplers/)).toBe(true);
  });

  it('assign ∥ assign: one resampler, whoever comes first', () => {
    const both: Start = (m, kvm) => {
      kvm.setGsiRouting([toPin(6, 6)], 0);
      for (let i = 0; i < 3; i++) {
        const [fd, resamplefd] = [m.eventfds.create(), m.eventfds.create()];
        kvm.startIrqfd({ fd, gsi: 6, flags: RESAMPLE, resamplefd });
      }
    };
    const outcomes = explore(both);
    expect(bad(outcomes)).toEqual([]);
    expect(new Set(outcomes.map((o) => `${o.left.irqfds} ${o.left.resamplers}`))).toEqual(new Set(['3 1']));
  });

  const cycle: Start = (m, kvm) => {
    const [e, r] = [m.eventfds.create(), m.eventfds.create()];
    kvm.setGsiRouting([toPin(6, 6)], 0);
    assign(kvm, e, 6, r);
    m.eventfds.write(e);
    run(m.processes, random(0));
    m.processes.spawn(owner, { fd: e, resamplefd: r });
    m.processes.spawn(irqfdResamplerAck, { vm: 0, gsi: 6 });
  };

  it('an EOI lowers first: a device that still asserts ends up asserted', () => {
    const outcomes = explore(cycle);
    expect(bad(outcomes)).toEqual([]);
    expect(new Set(outcomes.map((o) => o.level))).toEqual(new Set([2]));
  });

  it('mutant: signalling first loses the assertion (C-RESAMPLE-ORDER)', () => {
    const order = ['firstMember', 'signalMember', 'lowerLine'];
    const swapped = reorder(irqfdResamplerAck, ...order);
    expect(explore(cycle, [[irqfdResamplerAck, swapped]]).some((o) => o.level === 0)).toBe(true);
  });
});

describe('random operations', () => {
  const op = fc.oneof(
    fc.record({ op: fc.constant('assign'), fd: fc.nat(2), gsi: fc.constantFrom(1, 6, 30), resample: fc.boolean() }),
    fc.record({ op: fc.constantFrom('deassign', 'write', 'reopen'), fd: fc.nat(2), gsi: fc.constantFrom(1, 6, 30) }),
    fc.record({ op: fc.constantFrom('route', 'ack', 'settle'), gsi: fc.constantFrom(1, 6, 30), fd: fc.nat(2) }),
  );

  it('one active irqfd per eventfd, lowering once per EOI, and nothing left after the release', () => {
    fc.assert(
      fc.property(
        fc.array(op, { maxLength: 25 }),
        fc.nat(1000),
        fc.constantFrom('6.18' as const, '6.1' as const),
        (ops, seed, kernel) => {
          const m = fakeMachine({ kernel, eventfds: 40, processes: 120 });
          const kvm = m.kvms[0]!;
          const chip = m.chips[0]!;
          const scheduler = random(seed);
          const fds = [0, 1, 2].map(() => m.eventfds.create());
          const resamplefd = m.eventfds.create();
          for (const [i, o] of ops.entries()) {
            const fd = fds[o.fd] as number;
            const resample = 'resample' in o && o.resample;
            const before = chip.calls.filter((c) => c.source === 1 && c.level === 0).length;
            if (o.op === 'assign') kvm.startIrqfd({ fd, gsi: o.gsi, flags: resample ? RESAMPLE : 0, resamplefd });
            if (o.op === 'deassign') kvm.startIrqfd({ fd, gsi: o.gsi, flags: DEASSIGN, resamplefd: 0 });
            if (o.op === 'write') m.eventfds.write(fd);
            if (o.op === 'route')
              kvm.setGsiRouting(i % 2 === 0 ? [toPin(6, 6), toMsi(30, 0x50)] : [toMsi(6, 0x60), toPin(1, 1)], 0);
            if (o.op === 'settle') run(m.processes, scheduler);
            if (o.op === 'reopen') {
              m.eventfds.close(fd);
              fds[o.fd] = m.eventfds.create();
            }
            if (o.op === 'ack') {
              kvm.notifyAckedIrq(2, 6);
              const after = chip.calls.filter((c) => c.source === 1 && c.level === 0).length;
              expect(after - before).toBeLessThanOrEqual(1);
            }
            const active = activeEventfds(kvm);
            expect(new Set(active).size).toBe(active.length);
          }
          run(m.processes, scheduler);
          kvm.release();
          const { irqfds, resamplers, notifiers, tables } = kvm.state;
          expect([irqfds, resamplers, notifiers, tables].map((p) => p.count())).toEqual([0, 0, 0, 0]);
          expect([m.live(), m.processes.next(0), kvm.state.cleanupWorkers]).toEqual([
            { eventfds: 4, waiters: 0 },
            -1,
            0,
          ]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

function activeEventfds(kvm: Kvm): number[] {
  const fds: number[] = [];
  for (let h = kvm.state.items; h !== 0; h = kvm.state.irqfds.at(h).next) fds.push(kvm.state.irqfds.at(h).eventfd);
  return fds;
}
