// eventfds: counters, the order of the wait queue, references beyond close(2).

import { describe, expect, it } from 'vitest';
import { createArena, struct } from '../arena/index.ts';
import { EAGAIN, EBADF, EBUSY, EINVAL, ENOMEM } from '../errors.ts';
import { createEventfds, eventfdsLayout, FD_NOT_EVENTFD } from './index.ts';

function setUp(n = 4) {
  const arena = createArena(struct('host', { eventfds: eventfdsLayout(n) }));
  const { eventfds: state } = arena.root;
  const eventfds = createEventfds(state);
  const log: string[] = [];
  const kinds = ['', 'priority', 'plain', 'deaf'];
  for (const kind of [1, 2, 3]) {
    eventfds.onWakeup(
      kind,
      (vm, owner) => {
        log.push(`${kinds[kind]} ${vm}.${owner}`);
        return kind !== 3;
      },
      (vm, owner) => void log.push(`hup ${vm}.${owner}`),
    );
  }
  const wait = (fd: number, kind: number, owner: number, sole = false): number =>
    eventfds.wait(fd, { kind, vm: 0, owner, exclusive: kind !== 2, sole });
  return { eventfds, state, log, wait };
}

describe('counter', () => {
  it('adds up, is taken by a read, and says EAGAIN where it would overflow', () => {
    const { eventfds } = setUp();
    const fd = eventfds.create(2);
    expect([eventfds.write(fd, 3), eventfds.count(fd), eventfds.read(fd), eventfds.read(fd)]).toEqual([0, 5, 5, 0]);
    expect([eventfds.write(fd, 0xfffffffe), eventfds.write(fd)]).toEqual([0, -EAGAIN]);
    eventfds.signal(fd);
    expect(eventfds.count(fd)).toBe(0xfffffffe);
  });

  it.each([
    ['never opened', 77, -EBADF],
    ['none', 0, -EBADF],
    ['no eventfd', FD_NOT_EVENTFD, -EINVAL],
  ])('errno: %s', (_name, fd, errno) => {
    const { eventfds } = setUp();
    expect([eventfds.check(fd), eventfds.write(fd), eventfds.read(fd), eventfds.close(fd)]).toEqual(
      Array(4).fill(errno),
    );
  });

  it('ENOMEM when the machine has no room, and a closed slot is a new descriptor', () => {
    const { eventfds } = setUp(1);
    const first = eventfds.create();
    expect(eventfds.create()).toBe(-ENOMEM);
    eventfds.close(first);
    const second = eventfds.create();
    expect([second !== first, eventfds.check(first), eventfds.check(second)]).toEqual([true, -EBADF, 0]);
  });
});

describe('wait queue', () => {
  it('wakes priority waiters first, the oldest first, and stops at the one that took the event', () => {
    const { eventfds, log, wait } = setUp();
    const fd = eventfds.create();
    wait(fd, 2, 1);
    wait(fd, 2, 2);
    wait(fd, 3, 3);
    wait(fd, 1, 4);
    wait(fd, 1, 5);
    eventfds.write(fd);
    expect(log).toEqual(['deaf 0.3', 'priority 0.4']);
  });

  it('wakes plain waiters all, the newest first', () => {
    const { eventfds, log, wait } = setUp();
    const fd = eventfds.create();
    for (const owner of [1, 2, 3]) wait(fd, 2, owner);
    eventfds.signal(fd);
    expect(log).toEqual(['plain 0.3', 'plain 0.2', 'plain 0.1']);
  });

  it('write(0) wakes, too', () => {
    const { eventfds, log, wait } = setUp();
    const fd = eventfds.create();
    wait(fd, 1, 1);
    eventfds.write(fd, 0);
    expect(log).toEqual(['priority 0.1']);
  });

  it('refuses a second sole waiter', () => {
    const { eventfds, wait, state } = setUp();
    const fd = eventfds.create();
    expect([wait(fd, 1, 1, true) > 0, wait(fd, 1, 2, true), wait(fd, 1, 3, false) > 0]).toEqual([true, -EBUSY, true]);
    expect(state.waiters.count()).toBe(2);
  });

  it('a waiter that leaves takes the counter with it', () => {
    const { eventfds, wait, log } = setUp();
    const fd = eventfds.create(3);
    const [a, b] = [wait(fd, 2, 1), wait(fd, 2, 2)];
    eventfds.unwait(fd, a);
    expect(eventfds.count(fd)).toBe(0);
    eventfds.write(fd);
    expect(log).toEqual(['plain 0.2']);
    eventfds.unwait(fd, b);
    expect(() => eventfds.unwait(fd, b)).toThrow(/is not on eventfd/);
  });
});

describe('close', () => {
  it('hangs everybody up, but the counter lives as long as somebody holds it', () => {
    const { eventfds, wait, log, state } = setUp();
    const fd = eventfds.create();
    const waiter = wait(fd, 1, 1);
    wait(fd, 1, 2);
    eventfds.get(fd);
    expect([eventfds.close(fd), log]).toEqual([0, ['hup 0.1', 'hup 0.2']]);
    expect([eventfds.check(fd), eventfds.write(fd), eventfds.close(fd)]).toEqual([-EBADF, -EBADF, -EBADF]);
    eventfds.signal(fd);
    expect([eventfds.count(fd), log.at(-1)]).toEqual([1, 'priority 0.1']);
    eventfds.unwait(fd, waiter);
    eventfds.put(fd);
    expect(state.fds.count()).toBe(1);
  });
});
