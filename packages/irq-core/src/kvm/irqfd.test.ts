// KVM_IRQFD by the book: errno in order (T21–T26), counters (T27, T28), resamplers (T31–T35), life cycle (T36–T39).

import { describe, expect, it } from 'vitest';
import { EAGAIN, EBADF, EBUSY, EINVAL, ENOMEM } from '../errors.ts';
import { run, straight } from '../protocol/index.ts';
import { type FakeMachine, type FakeOptions, fakeMachine, toMsi, toPin } from './__fixtures__/fake-vm.ts';
import { FD_NOT_EVENTFD, IRQFD_FLAG, KERNEL_VERSIONS, type Kvm } from './index.ts';

const { DEASSIGN, RESAMPLE } = IRQFD_FLAG;

function setUp(o: FakeOptions = {}) {
  const m = fakeMachine({ vms: 2, ...o });
  const [a, b] = m.kvms as [Kvm, Kvm];
  for (const kvm of m.kvms)
    kvm.setGsiRouting([toPin(5, 5), toPin(6, 6), toMsi(30, 0x50), toPin(1, 1), toPin(1, 1, 0)], 0);
  const e = m.eventfds.create();
  const settle = (): void => void expect(run(m.processes, straight()).end).toBe('quiet');
  const plain = (kvm: Kvm, fd: number, gsi: number, flags = 0): number => kvm.irqfd({ fd, gsi, flags, resamplefd: 0 });
  const resampling = (kvm: Kvm, fd: number, gsi: number, resamplefd: number): number =>
    kvm.irqfd({ fd, gsi, flags: RESAMPLE, resamplefd });
  const write = (fd: number, n = 1): void => {
    expect(m.eventfds.write(fd, n)).toBe(0);
    settle();
  };
  const calls = (): string[] => m.chips[0]!.calls.splice(0).map((c) => `${c.target} ${c.source}:${c.level}`);
  return { m, a, b, e, plain, resampling, settle, write, calls };
}

const level = (m: FakeMachine, pin: string): number => m.chips[0]!.level.get(pin) ?? 0;

describe('errno', () => {
  it.each([
    ['T21 flags 4', 4, 'e', -EINVAL],
    ['T21 fd 999', 0, 999, -EBADF],
    ['T21 fd -1', 0, -1, -EBADF],
    ['T21 /dev/null', 0, FD_NOT_EVENTFD, -EINVAL],
    ['T26 deassign fd 999', DEASSIGN, 999, -EBADF],
    ['T26 deassign fd -1', DEASSIGN, -1, -EBADF],
    ['T26 deassign /dev/null', DEASSIGN, FD_NOT_EVENTFD, -EINVAL],
    ['never assigned', DEASSIGN, 'e', 0],
    ['deassign with resample', DEASSIGN | RESAMPLE, 'e', 0],
  ])('%s', (_id, flags, fd, errno) => {
    const { a, e, plain, m } = setUp();
    expect(plain(a, fd === 'e' ? e : (fd as number), 5, flags)).toBe(errno);
    expect([a.state.irqfds.count(), m.processes.next(0)]).toEqual([0, -1]);
  });

  it('T25 resamplefd: EBADF, EINVAL; two on one GSI; a GSI nobody routes', () => {
    const { a, e, resampling, plain, m } = setUp();
    const [e2, r] = [m.eventfds.create(), m.eventfds.create()];
    expect([resampling(a, e, 6, 999), resampling(a, e, 6, FD_NOT_EVENTFD)]).toEqual([-EBADF, -EINVAL]);
    expect([resampling(a, e, 6, r), resampling(a, e2, 6, r)]).toEqual([0, 0]);
    expect(plain(a, e2, 6, DEASSIGN | RESAMPLE)).toBe(0);
    expect(plain(a, e2, 123456)).toBe(0);
    expect(a.state.irqfds.count()).toBe(2);
  });

  it('CORE-08 comes in the kernel’s order: EAGAIN, EINVAL, ENOMEM, EBADF of fd, then of resamplefd, then EBUSY', () => {
    const { m, a, e, resampling, plain } = setUp({ limits: { irqfds: 2 } });
    const chip = m.chips[0]!;
    plain(a, e, 5);
    const given: [string, () => void][] = [
      ['busy', () => undefined],
      ['bad resamplefd', () => undefined],
      ['bad fd', () => undefined],
      ['no room', () => void plain(a, m.eventfds.create(), 5)],
      ['not allowed', () => void Object.assign(chip, { allows: 'plain' })],
      ['not ready', () => void Object.assign(chip, { ready: false })],
    ];
    const r = m.eventfds.create();
    const results = given.map(([name, prepare], i) => {
      prepare();
      return [name, resampling(a, i >= 2 ? 999 : e, 6, i >= 1 ? FD_NOT_EVENTFD : r)];
    });
    expect(Object.fromEntries(results)).toEqual({
      busy: -EBUSY,
      'bad resamplefd': -EINVAL,
      'bad fd': -EBADF,
      'no room': -ENOMEM,
      'not allowed': -EINVAL,
      'not ready': -EAGAIN,
    });
  });

  it.each(KERNEL_VERSIONS)('T22 one eventfd, twice: EBUSY; in two VMs: by kernel (%s)', (kernel) => {
    const { a, b, e, plain } = setUp({ kernel });
    const other = kernel === '6.18' ? -EBUSY : 0;
    expect([plain(a, e, 5), plain(a, e, 5), plain(a, e, 6), plain(b, e, 5)]).toEqual([0, -EBUSY, -EBUSY, other]);
    expect([a.state.irqfds.count(), b.state.irqfds.count()]).toEqual([1, other === 0 ? 1 : 0]);
  });

  it('T23 a deassign with another GSI changes nothing', () => {
    const { a, b, e, plain } = setUp();
    plain(a, e, 5);
    const results = [
      plain(a, e, 6, DEASSIGN),
      plain(a, e, 6),
      plain(a, e, 5, DEASSIGN),
      plain(a, e, 5, DEASSIGN),
      plain(b, e, 5),
    ];
    expect(results).toEqual([0, -EBUSY, 0, 0, 0]);
  });

  it('T24 a VM cannot deassign another one’s eventfd', () => {
    const { a, b, e, plain } = setUp();
    plain(b, e, 5);
    expect([plain(a, e, 5, DEASSIGN), plain(a, e, 5)]).toEqual([0, -EBUSY]);
  });

  it('a refused resampling irqfd leaves no resampler behind', () => {
    const { a, e, plain, resampling, m, calls } = setUp();
    const r = m.eventfds.create();
    plain(a, e, 5);
    calls();
    expect(resampling(a, e, 6, r)).toBe(-EBUSY);
    expect([a.state.resamplers.count(), a.hasAckNotifier(2, 6), a.state.irqfds.count()]).toEqual([0, false, 1]);
    expect(calls()).toEqual(['2.6 1:0']);
    m.eventfds.close(r);
    expect(m.arena.toJSON()).toBeDefined();
    expect(m.eventfds.check(r)).toBe(-EBADF);
  });
});

describe('events', () => {
  it('T27 a count from before the assign injects and stays; T28 a write injects once and is consumed', () => {
    const { m, a, plain, settle, write, calls } = setUp();
    const e = m.eventfds.create(3);
    plain(a, e, 30);
    settle();
    expect([calls(), m.eventfds.count(e)]).toEqual([['msi 0x50 0:1', 'msi 0x50 0:0'], 3]);
    write(e, 5);
    expect([calls(), m.eventfds.count(e)]).toEqual([['msi 0x50 0:1'], 0]);
  });

  it('T29 an irqchip route is raised and lowered by the work item', () => {
    const { m, a, e, plain, calls, settle } = setUp();
    plain(a, e, 5);
    m.eventfds.write(e);
    expect([calls(), m.eventfds.count(e)]).toEqual([[], 0]);
    settle();
    expect(calls()).toEqual(['2.5 0:1', '2.5 0:0']);
  });

  it('T30 an MSI is there when the write returns', () => {
    const { m, a, e, plain, calls } = setUp();
    plain(a, e, 30);
    m.eventfds.write(e);
    expect([calls(), m.processes.next(0)]).toEqual([['msi 0x50 0:1'], -1]);
  });

  it('CORE-10 an MSI that the fast path cannot decide goes through the work item', () => {
    const { m, a, e, plain, calls, write } = setUp();
    plain(a, e, 30);
    m.chips[0]!.results.push(-EAGAIN);
    write(e);
    expect(calls()).toEqual(['msi 0x50 0:1', 'msi 0x50 0:1', 'msi 0x50 0:0']);
  });

  it('CORE-10 two routes on the GSI: no fast path, both raised, both lowered', () => {
    const { a, e, plain, calls, write } = setUp();
    plain(a, e, 1);
    write(e);
    expect(calls()).toEqual(['2.1 0:1', '0.1 0:1', '2.1 0:0', '0.1 0:0']);
  });

  it('two writes before the work runs are one injection', () => {
    const { m, a, e, plain, calls, settle } = setUp();
    plain(a, e, 5);
    m.eventfds.write(e);
    m.eventfds.write(e);
    settle();
    expect(calls()).toEqual(['2.5 0:1', '2.5 0:0']);
  });

  it('write(0) injects', () => {
    const { a, e, plain, calls, write } = setUp();
    plain(a, e, 30);
    write(e, 0);
    expect(calls()).toEqual(['msi 0x50 0:1']);
  });

  it('T36 an event for a GSI without route is lost; a route added later serves later events', () => {
    const { m, a, e, plain, calls, write } = setUp();
    plain(a, e, 40);
    write(e);
    a.setGsiRouting([toMsi(40, 0x61)], 0);
    expect([calls(), m.eventfds.count(e)]).toEqual([[], 0]);
    write(e);
    expect(calls()).toEqual(['msi 0x61 0:1']);
  });

  it('CORE-13 the snapshot follows the table: another message, an irqchip, nothing', () => {
    const { a, e, plain, calls, write } = setUp();
    plain(a, e, 30);
    for (const entries of [[toMsi(30, 0x51)], [toPin(30, 3)], []]) {
      a.setGsiRouting(entries, 0);
      write(e);
    }
    expect(calls()).toEqual(['msi 0x51 0:1', '2.3 0:1', '2.3 0:0']);
  });

  it('CORE-11 6.1: of two VMs on one eventfd the first gets the event', () => {
    const { m, a, b, e, plain } = setUp({ kernel: '6.1' });
    plain(a, e, 30);
    plain(b, e, 30);
    m.eventfds.write(e);
    expect(m.chips.map((c) => c.calls.length)).toEqual([1, 0]);
  });
});

describe('CORE-16 resampler', () => {
  it('T31 asserts and stays; T32 userspace is another source; an EOI lowers once and signals', () => {
    const { m, a, e, resampling, write, calls } = setUp();
    const r = m.eventfds.create();
    resampling(a, e, 6, r);
    write(e);
    expect([calls(), level(m, '2.6')]).toEqual([['2.6 1:1'], 2]);
    a.setIrq(0, 6, 1, true);
    a.setIrq(0, 6, 0, true);
    expect(level(m, '2.6')).toBe(2);
    calls();
    a.notifyAckedIrq(2, 6);
    expect([calls(), m.eventfds.count(r), level(m, '2.6')]).toEqual([['2.6 1:0'], 1, 0]);
  });

  it('an EOI signals every member, also the one that did not assert, and lowers first', () => {
    const { m, a, e, resampling, write, calls } = setUp();
    const [e2, r, r2] = [m.eventfds.create(), m.eventfds.create(), m.eventfds.create()];
    resampling(a, e, 6, r);
    resampling(a, e2, 6, r2);
    write(e);
    calls();
    a.notifyAckedIrq(2, 6);
    expect([calls(), m.eventfds.count(r), m.eventfds.count(r2)]).toEqual([['2.6 1:0'], 1, 1]);
    a.notifyAckedIrq(2, 5);
    expect(calls()).toEqual([]);
  });

  it('T33 deassign lowers; T34 only with the last member', () => {
    const { m, a, e, resampling, plain, write } = setUp();
    const [e2, r] = [m.eventfds.create(), m.eventfds.create()];
    resampling(a, e, 6, r);
    resampling(a, e2, 6, r);
    write(e);
    plain(a, e, 6, DEASSIGN);
    expect([level(m, '2.6'), a.hasAckNotifier(2, 6)]).toEqual([2, true]);
    plain(a, e2, 6, DEASSIGN);
    expect([level(m, '2.6'), a.hasAckNotifier(2, 6), a.state.resamplers.count()]).toEqual([0, false, 0]);
  });

  it('T35 on an MSI route the fast path delivers and the resamplefd never fires', () => {
    const { m, a, e, resampling, write, calls } = setUp();
    const r = m.eventfds.create();
    resampling(a, e, 30, r);
    write(e);
    expect([calls(), m.eventfds.count(r)]).toEqual([['msi 0x50 0:1'], 0]);
  });

  it('T37 one eventfd as trigger and resamplefd: an EOI raises again', () => {
    const { m, a, e, resampling, write, calls, settle } = setUp();
    expect(resampling(a, e, 6, e)).toBe(0);
    write(e);
    a.notifyAckedIrq(2, 6);
    settle();
    expect([calls(), m.eventfds.count(e)]).toEqual([['2.6 1:1', '2.6 1:0', '2.6 1:1'], 0]);
  });

  it('CORE-17 resample on unmask: tells the owners and leaves the line alone', () => {
    const { m, a, e, resampling, write, calls } = setUp();
    const r = m.eventfds.create();
    resampling(a, e, 6, r);
    write(e);
    calls();
    expect([a.notifyResampler(2, 6), a.notifyResampler(2, 5), a.notifyResampler(2, 23)]).toEqual([true, false, false]);
    expect([calls(), m.eventfds.count(r)]).toEqual([[], 1]);
  });

  it('a closed resamplefd may still be signalled', () => {
    const { m, a, e, resampling, plain, write } = setUp();
    const r = m.eventfds.create();
    resampling(a, e, 6, r);
    m.eventfds.close(r);
    write(e);
    a.notifyAckedIrq(2, 6);
    plain(a, e, 6, DEASSIGN);
    expect(level(m, '2.6')).toBe(0);
  });

  it('CORE-18 registration and removal make the architecture look at its EOI bitmaps again', () => {
    const { m, a, e, resampling, plain } = setUp();
    const { hooks } = m.chips[0]!;
    const r = m.eventfds.create();
    resampling(a, e, 6, r);
    expect(hooks.ackNotifiersUpdated).toBe(1);
    plain(a, e, 6, DEASSIGN);
    expect(hooks.ackNotifiersUpdated).toBe(2);
  });
});

describe('life cycle', () => {
  it('T38 900 irqfds on one VM, and none left after its release', () => {
    const { m, a, plain } = setUp({ limits: { irqfds: 900 }, eventfds: 1000 });
    const results = Array.from({ length: 900 }, () => plain(a, m.eventfds.create(), 5));
    expect(new Set(results)).toEqual(new Set([0]));
    a.release();
    expect([a.state.irqfds.count(), a.state.tables.count(), a.state.items]).toEqual([0, 0, 0]);
  }, 60_000);

  it('T39 closing the last reference detaches; the GSI takes a new eventfd', () => {
    const { m, a, e, plain, settle } = setUp();
    plain(a, e, 5);
    expect([m.eventfds.close(e), plain(a, e, 5)]).toEqual([0, -EBADF]);
    settle();
    expect(a.state.irqfds.count()).toBe(0);
    expect(plain(a, m.eventfds.create(), 5)).toBe(0);
  });

  it('CORE-15 a closed resampling irqfd lowers its line', () => {
    const { m, a, e, resampling, write, settle } = setUp();
    const r = m.eventfds.create();
    resampling(a, e, 6, r);
    write(e);
    m.eventfds.close(e);
    settle();
    expect([level(m, '2.6'), a.state.irqfds.count(), m.eventfds.count(r)]).toEqual([0, 0, 0]);
  });

  it('deassign takes what was left in the counter', () => {
    const { m, a, plain } = setUp();
    const e = m.eventfds.create(3);
    plain(a, e, 30);
    plain(a, e, 30, DEASSIGN);
    expect(m.eventfds.count(e)).toBe(0);
  });

  it('a released VM gives its eventfds back', () => {
    const { m, a, b, e, plain } = setUp();
    plain(a, e, 5);
    a.release();
    expect([plain(b, e, 5), m.processes.next(0)]).toEqual([0, -1]);
  });
});

describe('tracepoints', () => {
  it('one cycle: set_irq from source 1, ack_irq, set_irq 0; the MSI fast path is silent here', () => {
    const { m, a, e, resampling, plain, write } = setUp({ trace: true });
    const [r, e2] = [m.eventfds.create(), m.eventfds.create()];
    resampling(a, e, 6, r);
    plain(a, e2, 30);
    write(e);
    a.notifyAckedIrq(2, 6);
    write(e2);
    expect(m.events.map((x) => [x.name, ...Object.values(x.fields)].join(' '))).toEqual([
      'kvm_set_irq 6 1 1',
      'kvm_ack_irq 2 6',
      'kvm_set_irq 6 0 1',
    ]);
  });
});
