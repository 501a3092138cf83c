// eventfds, shared by all VMs and devices of the host. Linux: fs/eventfd.c, kernel/sched/wait.c (wait queue order).

import { handle, pool, struct, u1, u8, u16, u32, type View } from '../arena/index.ts';
import { EAGAIN, EBADF, EBUSY, EINVAL, ENOMEM, ModelError } from '../errors.ts';

/** A file descriptor that is open but no eventfd (T21: /dev/null). */
export const FD_NOT_EVENTFD = 0xffff;

/** struct eventfd_ctx: `waiters` is the wait queue in wake-up order; `refs` counts the open file, the waiters and kernel users. */
export const Eventfd = struct('eventfd', { count: u32, waiters: handle, refs: u16, open: u1 });
/**
 * Largest count. Linux: ULLONG_MAX - 1. Abstraction: 32 bits; nobody reads a counter that has gone that far.
 */
const COUNT_MAX = 0xfffffffe;

/** One wait queue entry: `kind` selects the wake-up function, `owner` is handed to it with `vm`. */
export const Waiter = struct('waiter', { kind: u8, exclusive: u1, vm: u8, owner: u16, next: handle });

/** State of `n` eventfds and their waiters. */
export const eventfdsLayout = (n: number) =>
  struct('eventfds', { fds: pool(Eventfd, n), waiters: pool(Waiter, Math.min(1023, 2 * n)) });
export type EventfdsState = View<ReturnType<typeof eventfdsLayout>>;

/** Wake-up function of one kind of waiter. Returns true if it handled the event (an exclusive waiter then ends the walk). */
export type Wakeup = (vm: number, owner: number) => boolean;
/** Called when the last reference to the eventfd goes away (EPOLLHUP). */
export type Hangup = (vm: number, owner: number) => void;

/** Kinds of waiter. */
export const WAITER = { IRQFD: 1, VIRQFD: 2 } as const;

/** Operations on eventfds. An fd is the handle of a pool slot; errors are negative errno. */
export interface Eventfds {
  /** eventfd2(2): returns the new fd, or -ENOMEM when the machine's limit is reached. */
  create(initial?: number): number;
  /** 0 if `fd` is a live eventfd; -EBADF if it is closed or was never open; -EINVAL if it is something else. */
  check(fd: number): number;
  /** write(2): adds `n` and wakes the waiters in order, in the writer's context; adding 0 wakes them too. -EAGAIN if the count would overflow. */
  write(fd: number, n?: number): number;
  /** eventfd_signal from kernel code: as write, but never fails. */
  signal(fd: number): void;
  /** read(2) of a non-semaphore eventfd: takes the counter. Abstraction: an empty counter reads 0 where the kernel blocks or returns EAGAIN. */
  read(fd: number): number;
  /** eventfd_ctx_do_read: takes the counter on behalf of a waiter; the file may be closed. */
  take(fd: number): number;
  count(fd: number): number;
  /** eventfd_ctx_fdget: keeps the counter alive beyond close(2) until {@link Eventfds.put}. */
  get(fd: number): void;
  /** eventfd_ctx_put. */
  put(fd: number): void;
  /** close(2) of the last descriptor: waiters are hung up; whoever still holds a reference keeps the counter. */
  close(fd: number): number;
  /** Installs the wake-up and hang-up functions of a kind of waiter. Bound once, at construction. */
  onWakeup(kind: number, wakeup: Wakeup, hangup: Hangup): void;
  /** Adds a waiter: an exclusive priority one behind its likes, any other one behind those and before all older ones. Returns its handle, or -EBUSY for a second exclusive one where `sole` is set. */
  wait(fd: number, waiter: { kind: number; vm: number; owner: number; exclusive: boolean; sole: boolean }): number;
  /** eventfd_ctx_remove_wait_queue: removes a waiter from its queue and takes the counter with it. */
  unwait(fd: number, waiter: number): void;
}

/** Operations over the state of all eventfds of a host. */
export function createEventfds(state: EventfdsState): Eventfds {
  const wakeups: (Wakeup | undefined)[] = [];
  const hangups: (Hangup | undefined)[] = [];
  const { fds, waiters } = state;

  const check = (fd: number): number =>
    fd === FD_NOT_EVENTFD ? -EINVAL : fds.isLive(fd) && fds.at(fd).open === 1 ? 0 : -EBADF;

  function take(fd: number): number {
    const e = fds.at(fd);
    const n = e.count;
    e.count = 0;
    return n;
  }

  function get(fd: number): void {
    fds.at(fd).refs++;
  }

  function put(fd: number): void {
    const e = fds.at(fd);
    e.refs--;
    if (e.refs === 0) fds.free(fd);
  }

  function wake(fd: number): void {
    for (let h = fds.at(fd).waiters; h !== 0; ) {
      const w = waiters.at(h);
      h = w.next;
      const wakeup = wakeups[w.kind];
      if (wakeup === undefined) throw new ModelError(`no wake-up function for waiter kind ${w.kind}`);
      if (wakeup(w.vm, w.owner) && w.exclusive === 1) return;
    }
  }

  function add(fd: number, n: number): void {
    const e = fds.at(fd);
    e.count = Math.min(COUNT_MAX, e.count + n);
    wake(fd);
  }

  /** Handle of the waiter behind which a new one goes: 0 for the head. */
  function placeFor(fd: number): number {
    let after = 0;
    for (let h = fds.at(fd).waiters; h !== 0 && waiters.at(h).exclusive === 1; h = waiters.at(h).next) after = h;
    return after;
  }

  function hasExclusive(fd: number): boolean {
    const head = fds.at(fd).waiters;
    return head !== 0 && waiters.at(head).exclusive === 1;
  }

  return {
    create(initial = 0) {
      const fd = fds.alloc();
      if (fd === 0) return -ENOMEM;
      const e = fds.at(fd);
      e.count = initial;
      e.open = e.refs = 1;
      return fd;
    },
    check,
    write(fd, n = 1) {
      const error = check(fd);
      if (error !== 0) return error;
      if (n > COUNT_MAX - fds.at(fd).count) return -EAGAIN;
      add(fd, n);
      return 0;
    },
    signal: (fd) => add(fd, 1),
    read(fd) {
      const error = check(fd);
      return error !== 0 ? error : take(fd);
    },
    take,
    get,
    put,
    count: (fd) => fds.at(fd).count,
    close(fd) {
      const error = check(fd);
      if (error !== 0) return error;
      fds.at(fd).open = 0;
      for (let h = fds.at(fd).waiters; h !== 0; ) {
        const w = waiters.at(h);
        h = w.next;
        hangups[w.kind]?.(w.vm, w.owner);
      }
      put(fd);
      return 0;
    },
    onWakeup(kind, wakeup, hangup) {
      wakeups[kind] = wakeup;
      hangups[kind] = hangup;
    },
    wait(fd, { kind, vm, owner, exclusive, sole }) {
      if (sole && hasExclusive(fd)) return -EBUSY;
      const h = waiters.alloc();
      if (h === 0) return -ENOMEM;
      const after = placeFor(fd);
      const w = waiters.at(h);
      w.kind = kind;
      w.vm = vm;
      w.owner = owner;
      w.exclusive = exclusive ? 1 : 0;
      w.next = after === 0 ? fds.at(fd).waiters : waiters.at(after).next;
      if (after === 0) fds.at(fd).waiters = h;
      else waiters.at(after).next = h;
      get(fd);
      return h;
    },
    unwait(fd, waiter) {
      const e = fds.at(fd);
      if (e.waiters === waiter) e.waiters = waiters.at(waiter).next;
      else {
        let h = e.waiters;
        while (h !== 0 && waiters.at(h).next !== waiter) h = waiters.at(h).next;
        if (h === 0) throw new ModelError(`waiter ${waiter} is not on eventfd ${fd}`);
        waiters.at(h).next = waiters.at(waiter).next;
      }
      waiters.free(waiter);
      take(fd);
      put(fd);
    },
  };
}
