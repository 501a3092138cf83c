// irqbypass: matching by eventfd (T176–T178), what connecting does to the IRTE, and the races around it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArena } from '../arena/index.ts';
import { EBUSY, EINVAL, EIO, ENOMEM } from '../errors.ts';
import { type FakeOptions, fakeMachine, toMsi, toPin } from '../kvm/__fixtures__/fake-vm.ts';
import { IRQFD_FLAG, KERNEL_VERSIONS, type KernelVersion, kvmSetIrqRouting } from '../kvm/index.ts';
import { omit, type Processes, pct, random, run } from '../protocol/index.ts';
import {
  BYPASS_PROTOCOLS,
  type BypassStep,
  type BypassWorld,
  bypassLayout,
  createBypass,
  irqBypassRegisterProducer,
  irqBypassUnregisterProducer,
} from './index.ts';

function setUp(o: FakeOptions & { room?: number } = {}) {
  const m = fakeMachine({ extra: BYPASS_PROTOCOLS as never, ...o });
  const kvm = m.kvms[0]!;
  const chip = m.chips[0]!;
  const state = createArena(bypassLayout(o.room ?? 8)).root;
  const steps: BypassStep[] = [];
  const kernel: KernelVersion = o.kernel ?? '6.18';
  const bypass = createBypass({ state, world: m.world, kernel, onStep: (s) => void steps.push(s) });
  Object.assign(m.world, { bypass });
  kvm.bindBypass(bypass);
  kvm.setGsiRouting([toMsi(30, 0x50), toPin(6, 6)], 0);
  const e = m.eventfds.create();
  const irqfd = (gsi = 30, flags = 0): number => kvm.irqfd({ fd: e, gsi, flags, resamplefd: 0 });
  const taken = (): BypassStep[] => steps.splice(0);
  const processes = m.processes as unknown as Processes<BypassWorld>;
  return { m, kvm, chip, state, bypass, taken, e, irqfd, processes, posted: () => [...chip.posted.values()] };
}

const CONNECT: BypassStep[] = [
  'stop producer',
  'stop consumer',
  'add_consumer',
  'add_producer',
  'start consumer',
  'start producer',
];
const DISCONNECT: BypassStep[] = [
  'stop producer',
  'stop consumer',
  'del_producer',
  'del_consumer',
  'start consumer',
  'start producer',
];

describe.each(KERNEL_VERSIONS)('matching (%s)', (kernel) => {
  it('T176 connects on the second registration, whichever comes first', () => {
    const first = setUp({ kernel });
    const p = first.bypass.registerProducer(first.e, 33, 7);
    expect([p > 0, first.taken()]).toEqual([true, []]);
    first.irqfd();
    expect([first.taken(), first.posted(), first.bypass.peerOf(p)]).toEqual([
      CONNECT,
      [0x50],
      { vm: 0, irqfd: first.kvm.state.items },
    ]);

    const second = setUp({ kernel });
    second.irqfd();
    expect(second.taken()).toEqual([]);
    second.bypass.registerProducer(second.e, 33, 7);
    expect([second.taken(), second.posted(), second.kvm.state.bypassIrqs]).toEqual([CONNECT, [0x50], 1]);
  });

  it('T177 a second producer is EBUSY; another eventfd is not', () => {
    const { bypass, e, m, irqfd, taken } = setUp({ kernel });
    irqfd();
    const other = m.eventfds.create();
    expect([bypass.registerProducer(e, 33, 0) > 0, bypass.registerProducer(e, 34, 1)]).toEqual([true, -EBUSY]);
    taken();
    expect([bypass.registerProducer(other, 35, 2) > 0, taken()]).toEqual([true, []]);
  });

  it('T178 a failing add_producer is rolled back: del_consumer, both started, entry erased', () => {
    const { bypass, e, irqfd, chip, taken, state, kvm } = setUp({ kernel });
    irqfd();
    chip.irteResults.push(-EIO);
    expect(bypass.registerProducer(e, 33, 0)).toBe(-EIO);
    expect(taken()).toEqual([...CONNECT.slice(0, 4), 'del_consumer', ...CONNECT.slice(4)]);
    expect([state.producers.count(), state.consumers.count(), kvm.state.bypassIrqs]).toEqual([0, 1, 0]);
    expect(bypass.registerProducer(e, 33, 0)).toBeGreaterThan(0);
  });

  it('T178 for the consumer: the irqfd works without bypass', () => {
    const { bypass, e, irqfd, chip, state, kvm, m } = setUp({ kernel });
    bypass.registerProducer(e, 33, 0);
    chip.irteResults.push(-EIO);
    expect([irqfd(), state.consumers.count(), kvm.state.irqfds.at(kvm.state.items).consumer]).toEqual([0, 0, 0]);
    m.eventfds.write(e);
    expect(chip.calls.map((c) => c.target)).toEqual(['msi 0x50']);
    expect(irqfd(30, IRQFD_FLAG.DEASSIGN)).toBe(0);
  });

  it('CORE-20 disconnects when either side goes', () => {
    for (const side of ['producer', 'consumer']) {
      const { bypass, e, irqfd, taken, posted, kvm } = setUp({ kernel });
      irqfd();
      const p = bypass.registerProducer(e, 33, 0);
      taken();
      if (side === 'producer') bypass.unregisterProducer(p);
      else irqfd(30, IRQFD_FLAG.DEASSIGN);
      expect([taken(), posted(), kvm.state.bypassIrqs]).toEqual([DISCONNECT, [], 0]);
      bypass.unregisterProducer(p);
      expect(taken()).toEqual([]);
    }
  });

  it('EINVAL without eventfd, ENOMEM without room, nothing for strangers', () => {
    const { bypass, e, m, taken } = setUp({ kernel, room: 1 });
    expect([bypass.registerProducer(0, 33, 0), bypass.registerConsumer(0, 1, 0)]).toEqual([-EINVAL, -EINVAL]);
    bypass.registerProducer(e, 33, 0);
    expect(bypass.registerProducer(m.eventfds.create(), 34, 1)).toBe(-ENOMEM);
    bypass.unregisterProducer(0);
    bypass.unregisterConsumer(0, 99);
    expect(taken()).toEqual([]);
  });
});

describe('CORE-13 routes of a posted interrupt', () => {
  function follow(profile: FakeOptions['profile'] = {}) {
    const s = setUp({ profile });
    s.irqfd();
    s.bypass.registerProducer(s.e, 33, 0);
    s.chip.irteLog.length = 0;
    return s;
  }

  it('follow the table: another message; the same one costs nothing; no MSI means host mode', () => {
    const { kvm, chip, posted } = follow();
    kvm.setGsiRouting([toMsi(30, 0x50), toPin(1, 1)], 0);
    expect(chip.irteLog).toEqual([]);
    kvm.setGsiRouting([toMsi(30, 0x51)], 0);
    kvm.setGsiRouting([toPin(30, 3)], 0);
    kvm.setGsiRouting([toPin(30, 4)], 0);
    expect([chip.irteLog, posted()]).toEqual([[0x51, null], []]);
    kvm.setGsiRouting([], 0);
    kvm.setGsiRouting([toMsi(30, 0x52)], 0);
    expect([chip.irteLog, posted()]).toEqual([[0x51, null, 0x52], [0x52]]);
  });

  it('without a producer nobody tells the IOMMU', () => {
    const { kvm, chip, irqfd } = setUp();
    irqfd();
    kvm.setGsiRouting([toMsi(30, 0x51)], 0);
    expect(chip.irteLog).toEqual([]);
  });

  it('CVE-2025-37885: a change away from MSI that goes unnoticed leaves the IRTE posted', () => {
    const { kvm, posted } = follow({ tellsIommuOfNonMsi: false });
    kvm.setGsiRouting([toPin(30, 3)], 0);
    expect(posted()).toEqual([0x50]);
  });

  it('CVE-2026-23198: a deassign that clears the type leaves the IRTE of a freed irqfd posted', () => {
    const outcome = (deassignClearsRoute: boolean): unknown => {
      const { irqfd, posted, kvm } = follow({ deassignClearsRoute });
      irqfd(30, IRQFD_FLAG.DEASSIGN);
      return [kvm.state.irqfds.count(), posted()];
    };
    expect([outcome(false), outcome(true)]).toEqual([
      [0, []],
      [0, [0x50]],
    ]);
  });

  it('Linux: after a failed connection the next update posts all the same', () => {
    const { bypass, e, irqfd, chip, kvm, posted } = setUp();
    irqfd();
    chip.irteResults.push(-EIO);
    bypass.registerProducer(e, 33, 0);
    kvm.setGsiRouting([toMsi(30, 0x51)], 0);
    expect([posted(), kvm.state.bypassIrqs]).toEqual([[0x51], 0]);
  });
});

describe('CORE-13 producers ∥ routing update ∥ irqfds', () => {
  const seeds = Array.from({ length: 120 }, (_, seed) => seed);
  const scheduler = (seed: number) => (seed % 3 === 0 ? random(seed) : pct(seed, 2 + (seed % 3), 40));

  function race(seed: number, o: FakeOptions = {}) {
    const s = setUp(o);
    s.irqfd();
    s.processes.spawn(irqBypassRegisterProducer, { eventfd: s.e, irq: 33 });
    s.kvm.startSetGsiRouting([toMsi(30, 0x51)], 0);
    const { end } = run(s.m.processes, scheduler(seed));
    return { ...s, end };
  }

  it('the IRTE ends up with the new message and never sees a torn one', () => {
    for (const seed of seeds) {
      const { end, posted, chip, state } = race(seed);
      expect([end, posted(), state.guard.holder]).toEqual(['quiet', [0x51], 0]);
      expect(chip.irteLog.every((data) => data === 0x50 || data === 0x51)).toBe(true);
    }
  });

  it('without irqfds.lock around add_producer a half-written route is posted', () => {
    const torn = (bypassTakesIrqfdsLock: boolean): boolean =>
      seeds.some((seed) => {
        const s = setUp({ profile: { bypassTakesIrqfdsLock } });
        s.kvm.setGsiRouting([toPin(30, 3)], 0);
        s.irqfd();
        s.processes.spawn(irqBypassRegisterProducer, { eventfd: s.e, irq: 33 });
        s.kvm.startSetGsiRouting([toMsi(30, 0x51)], 0);
        run(s.m.processes, scheduler(seed));
        return s.chip.irteLog.includes(0);
      });
    expect([torn(true), torn(false)]).toEqual([false, true]);
  });

  it('mutant: an update without irqfds.lock tears it as well', () => {
    const lockless = omit(kvmSetIrqRouting, 'lock irqfds', 'unlock irqfds');
    const swap = new Map([[kvmSetIrqRouting, lockless]]) as never;
    const tornAt = seeds.some((seed) => {
      const s = setUp({ swap });
      s.kvm.setGsiRouting([toPin(30, 3)], 0);
      s.irqfd();
      s.processes.spawn(irqBypassRegisterProducer, { eventfd: s.e, irq: 33 });
      s.kvm.startSetGsiRouting([toMsi(30, 0x51)], 0);
      run(s.m.processes, scheduler(seed));
      return s.chip.irteLog.includes(0);
    });
    expect(tornAt).toBe(true);
  });

  it('stop and start come in pairs, also when connecting fails; the reverted fix of 2020 leaves the VM stopped', () => {
    const stopped = (mutant: typeof irqBypassRegisterProducer): unknown => {
      const s = setUp({ extra: [mutant] as never });
      s.irqfd();
      s.chip.irteResults.push(-EIO);
      s.processes.call(mutant, { eventfd: s.e, irq: 33 });
      return s.state.consumers.slot(0).stopped;
    };
    const skipsStart = omit(irqBypassRegisterProducer, 'connect.startConsumer', 'connect.startProducer');
    expect([stopped(irqBypassRegisterProducer), stopped(skipsStart)]).toEqual([0, 1]);
  });

  it('CORE-20 any order of coming and going: connected exactly while both are there, posted exactly while connected', () => {
    const op = fc.constantFrom('producer', 'no producer', 'irqfd', 'no irqfd', 'route', 'route away');
    fc.assert(
      fc.property(fc.array(op, { maxLength: 14 }), fc.nat(999), (ops, seed) => {
        const s = setUp({ processes: 40 });
        let producer = 0;
        const order = random(seed);
        for (const [i, o] of ops.entries()) {
          if (o === 'producer' && producer === 0) producer = Math.max(0, s.bypass.registerProducer(s.e, 33, 0));
          if (o === 'no producer' && producer !== 0) {
            s.processes.spawn(irqBypassUnregisterProducer, { producer });
            producer = 0;
          }
          if (o === 'irqfd') s.kvm.startIrqfd({ fd: s.e, gsi: 30, flags: 0, resamplefd: 0 });
          if (o === 'no irqfd') s.kvm.startIrqfd({ fd: s.e, gsi: 30, flags: IRQFD_FLAG.DEASSIGN, resamplefd: 0 });
          if (o.startsWith('route'))
            s.kvm.startSetGsiRouting(o === 'route' ? [toMsi(30, 0x60 + i)] : [toPin(30, 3)], 0);
          expect(run(s.m.processes, order).end).toBe('quiet');
          const alive = s.kvm.state.items;
          const connected = producer !== 0 && s.bypass.peerOf(producer) !== null;
          expect(connected).toBe(producer !== 0 && alive !== 0);
          const isMsi = alive !== 0 && s.kvm.state.irqfds.at(alive).route.type === 2;
          expect(s.posted().length).toBe(connected && isMsi ? 1 : 0);
          expect(s.kvm.state.bypassIrqs).toBe(connected ? 1 : 0);
        }
      }),
    );
  });
});
