// The eventfds of a session, by name, and their counters as /proc shows them without consuming them.

import { readFileSync } from 'node:fs';
import { errnoOf, type Libc } from './libc.ts';

const EFD_NONBLOCK_CLOEXEC = 0o2004000;
const EAGAIN = -11;

/** Eventfds by name, opened on first use. */
export interface Eventfds {
  /** Its descriptor; `/dev/null` and `-1` are what they say, for errno tests. */
  fd(name: string): number;
  write(name: string, n: number): number;
  /** The count that was taken, 0 if there was none. */
  read(name: string): number;
  close(name: string): number;
  /** eventfd-count of every open one. */
  counts(): Readonly<Record<string, number>>;
  /** True while one of these counters is not zero. */
  pending(names: Iterable<string>): boolean;
  closeAll(): void;
}

/** Creates the set. */
export function createEventfds(libc: Libc): Eventfds {
  const open = new Map<string, number>();
  const closed = new Set<string>();
  const devNull = libc.open('/dev/null', 2);
  const count = (fd: number): number => {
    const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
    return Number.parseInt(/eventfd-count:\s+([0-9a-f]+)/.exec(text)?.[1] ?? '0', 16);
  };
  const fd = (name: string): number => {
    if (name === '/dev/null') return devNull;
    if (name === '-1' || closed.has(name)) return -1;
    const known = open.get(name);
    if (known !== undefined) return known;
    const made = libc.eventfd(0, EFD_NONBLOCK_CLOEXEC);
    if (made < 0) throw new Error(`eventfd: ${errnoOf(made)}`);
    open.set(name, made);
    return made;
  };
  return {
    fd,
    write: (name, n) => libc.writeWord(fd(name), BigInt(n)),
    read(name) {
      const taken = libc.readWord(fd(name));
      return taken === EAGAIN ? 0 : Number(taken);
    },
    close(name) {
      const ret = libc.close(fd(name));
      if (open.delete(name)) closed.add(name);
      return ret;
    },
    counts: () => Object.fromEntries([...open].map(([name, f]) => [name, count(f)])),
    pending: (names) => [...names].some((name) => open.has(name) && count(open.get(name) as number) !== 0),
    closeAll() {
      for (const f of open.values()) libc.close(f);
      libc.close(devNull);
      open.clear();
    },
  };
}
