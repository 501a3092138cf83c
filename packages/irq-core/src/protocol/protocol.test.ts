// Protocols: labels, locks, blocking, jumps, edits, schedulers and replay, on two small classics and a lock-protected counter.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { array, createArena, struct, u8, u16, type View } from '../arena/index.ts';
import { VirqError } from '../errors.ts';
import {
  type AnyProtocol,
  BLOCKED,
  borrow,
  createProcesses,
  DONE,
  formatSchedule,
  insert,
  lock,
  omit,
  parseSchedule,
  pct,
  processTable,
  protocolsOn,
  random,
  reorder,
  replace,
  replay,
  roundRobin,
  run,
  srcu,
  straight,
} from './index.ts';

const State = struct('state', {
  value: u16,
  guard: lock,
  table: srcu,
  log: array(u8, 32),
  logged: u8,
  current: u8,
  freed: u8,
});
type Machine = { readonly s: View<typeof State> };
const { protocol } = protocolsOn<Machine>();
const log = (m: Machine, n: number): void => {
  m.s.log.set(m.s.logged, n);
  m.s.logged++;
};

const increment = protocol('increment', { seen: u16, times: u8 }, (p) => ({
  ...p.locked('guard', (m) => m.s.guard, {
    load(m, f) {
      f.seen = m.s.value;
    },
    store(m, f) {
      m.s.value = f.seen + 1;
    },
  }),
  again(_m, f) {
    if (f.times === 0) return DONE;
    f.times--;
    return 'lock guard';
  },
}));

const reader = protocol('reader', { index: u8, seen: u8 }, (p) => ({
  ...p.reading('table', (m) => m.s.table, 'index', {
    look(m, f) {
      f.seen = m.s.current;
    },
    lookAgain(m, f) {
      if (f.seen === 0 && m.s.freed === 1) log(m, 99);
    },
  }),
}));
const updater = protocol('updater', { old: u8 }, (p) => ({
  publish(m) {
    m.s.current = 1;
    log(m, 1);
  },
  ...p.synchronize('table', (m) => m.s.table, 'old'),
  free(m) {
    m.s.freed = 1;
  },
}));

function machine(...protocols: AnyProtocol<Machine>[]) {
  const arena = createArena(struct('m', { state: State, processes: processTable(6, protocols) }));
  const m: Machine = { s: arena.root.state };
  return { arena, m, processes: createProcesses<Machine>(arena, arena.root.processes, { protocols, machine: m }) };
}

describe('types', () => {
  it('a misspelt jump, label or local does not compile', () => {
    protocol('bad jump', { n: u8 }, () => ({
      // @ts-expect-error 'nowhere' is no label
      start: () => 'nowhere',
    }));
    protocol('bad local', { n: u8 }, () => ({
      start(_m, f) {
        // @ts-expect-error 'k' is no local
        f.k = 1;
      },
    }));
    const good = protocol('good', { n: u8 }, () => ({
      start: (_m, f) => (f.n > 0 ? 'end' : BLOCKED),
      end: () => DONE,
    }));
    expect(good.labels).toEqual(['start', 'end']);
  });
});

describe('stepping', () => {
  it('runs straight through locks and jumps', () => {
    const { m, processes } = machine(increment);
    processes.spawn(increment, { times: 2 });
    const result = run(processes, straight());
    expect([m.s.value, m.s.guard.holder, result.end, result.schedule]).toEqual([3, 0, 'quiet', 's1.0*15']);
  });

  it('blocks on a held lock, and says so when nobody can go on', () => {
    const { m, processes } = machine(increment);
    m.s.guard.holder = 9;
    const pid = processes.spawn(increment);
    expect([processes.step(pid), processes.labelOf(pid)]).toEqual(['blocked', 'lock guard']);
    expect(run(processes, straight())).toMatchObject({ end: 'blocked', blocked: [pid], steps: 0 });
    expect(() => processes.call(increment, {})).toThrow(/blocks at 'lock guard' and nobody else can go on/);
  });

  it('call returns from the frame and frees the slot', () => {
    const { processes } = machine(increment);
    expect(processes.call(increment, { times: 1 }, (f) => f.seen)).toBe(1);
    expect(processes.next(0)).toBe(-1);
  });

  it('keeps pc and locals in the arena: a snapshot in mid-flight goes on elsewhere', () => {
    const [a, b] = [machine(increment), machine(increment)];
    const pid = a.processes.spawn(increment);
    a.processes.step(pid);
    a.processes.step(pid);
    b.arena.restore(a.arena.snapshot());
    expect(b.processes.labelOf(pid)).toBe('store');
    run(b.processes, straight());
    expect([b.m.s.value, a.m.s.value]).toEqual([1, 0]);
  });

  it('a full table and a foreign protocol are model errors', () => {
    const { processes } = machine(increment);
    for (let i = 0; i < 6; i++) processes.spawn(increment);
    expect(() => processes.spawn(increment)).toThrow(/process table is full/);
    expect(() => machine(increment).processes.spawn(updater)).toThrow(/updater is not registered/);
  });

  it('hits the step bound on an endless protocol', () => {
    const spin = protocol('spin', {}, () => ({ again: () => 'again' }));
    const { processes } = machine(spin);
    processes.spawn(spin);
    expect(run(processes, straight(), { maxSteps: 50 })).toMatchObject({ end: 'bound', steps: 50 });
  });
});

describe('SRCU', () => {
  it('a reader keeps what it saw although two writers wait at once: grace periods are serialised', () => {
    for (let seed = 0; seed < 500; seed++) {
      const { m, processes } = machine(reader, updater);
      processes.spawn(reader);
      processes.spawn(updater);
      processes.spawn(updater);
      processes.spawn(reader);
      expect(run(processes, random(seed)).end).toBe('quiet');
      expect(m.s.log.get(0), `seed ${seed}`).toBe(1);
      for (let i = 0; i < m.s.logged; i++) expect(m.s.log.get(i), `seed ${seed}`).not.toBe(99);
    }
  });
});

describe('edits', () => {
  const racy = omit(increment, 'lock guard', 'unlock guard');
  const race = (p: typeof increment, seed: number) => {
    const { m, processes } = machine(p);
    processes.spawn(p, { times: 1 });
    processes.spawn(p, { times: 1 });
    const { schedule } = run(processes, random(seed));
    return { value: m.s.value, schedule };
  };

  it('the lock makes the counter exact under every seed; without it some schedule loses an update, and that schedule replays', () => {
    const seeds = Array.from({ length: 60 }, (_, i) => i);
    expect(new Set(seeds.map((s) => race(increment, s).value))).toEqual(new Set([4]));
    const lost = seeds.map((s) => race(racy, s)).find((r) => r.value < 4);
    expect(lost).toBeDefined();
    const { m, processes } = machine(racy);
    processes.spawn(racy, { times: 1 });
    processes.spawn(racy, { times: 1 });
    run(processes, replay(parseSchedule((lost as { schedule: string }).schedule)));
    expect(m.s.value).toBe((lost as { value: number }).value);
  });

  it('a jump to an omitted label goes to its successor', () => {
    expect(racy.labels).toEqual(['load', 'store', 'again']);
    expect(racy.targets.get('lock guard')).toBe(0);
    expect(race(racy, 0).schedule).toMatch(/^s1\./);
  });

  it('replace, insert and reorder change what they name and nothing else', () => {
    const twice = replace(increment, 'store', (m, f) => {
      m.s.value = f.seen + 2;
    });
    const wrapped = insert(
      insert(increment, { before: 'load' }, { a: (m) => log(m, 1) }),
      { after: 'store' },
      { b: (m) => log(m, 2) },
    );
    const swapped = reorder(increment, 'store', 'load');
    expect(wrapped.labels).toEqual(['lock guard', 'a', 'load', 'store', 'b', 'unlock guard', 'again']);
    expect(swapped.labels).toEqual(['lock guard', 'store', 'load', 'unlock guard', 'again']);
    expect(increment.labels).toEqual(['lock guard', 'load', 'store', 'unlock guard', 'again']);
    const { m, processes } = machine(twice, wrapped);
    processes.call(twice, {});
    processes.call(wrapped, {});
    expect([m.s.value, m.s.logged]).toEqual([3, 2]);
    expect(wrapped.notes.map((n) => n.acquires ?? n.releases ?? '')).toEqual(['guard', '', '', '', '', 'guard', '']);
  });

  it('borrows steps with their notes from another form', () => {
    const open = replace(
      replace(increment, 'lock guard', () => undefined),
      'unlock guard',
      () => undefined,
    );
    const closed = borrow(open, increment, 'lock guard', 'unlock guard');
    expect([open.notes.map((n) => n.acquires), closed.notes]).toEqual([
      open.labels.map(() => undefined),
      increment.notes,
    ]);
    expect(closed.steps).toEqual(increment.steps);
    expect(() => borrow(open, increment, 'lod')).toThrow(/no label 'lod'/);
  });

  it('names the labels when one is misspelt', () => {
    expect(() => omit(increment, 'lod')).toThrow(/no label 'lod'; it has: lock guard, load/);
    expect(() => reorder(increment, 'load', 'load')).toThrow(/twice/);
  });
});

describe('include', () => {
  const outer = protocol('outer', { seen: u16, times: u8, done: u8 }, (p) => ({
    before: (m) => log(m, 7),
    ...p.include('inc', increment),
    after(m, f) {
      log(m, 8);
      f.done = 1;
    },
  }));

  it('splices labels with a prefix; DONE inside continues behind it', () => {
    expect(outer.labels).toEqual([
      'before',
      'inc.lock guard',
      'inc.load',
      'inc.store',
      'inc.unlock guard',
      'inc.again',
      'after',
    ]);
    const { m, processes } = machine(outer);
    expect(processes.call(outer, { times: 2 }, (f) => f.done)).toBe(1);
    expect([m.s.value, m.s.log.get(0), m.s.log.get(1)]).toEqual([3, 7, 8]);
  });
});

describe('choice', () => {
  const guest = protocol('guest', {}, (p) => ({
    act: p.choose(3, (m, _f, _self, choice) => {
      log(m, choice + 1);
      return m.s.logged < 4 ? 'act' : DONE;
    }),
  }));
  const choices = (scheduler: ReturnType<typeof straight>) => {
    const { m, processes } = machine(guest);
    processes.spawn(guest);
    const { schedule } = run(processes, scheduler);
    return { schedule, made: [0, 1, 2, 3].map((i) => m.s.log.get(i)) };
  };

  it('takes the first alternative when nobody chooses, a seeded one otherwise, and replays', () => {
    expect(choices(straight()).made).toEqual([1, 1, 1, 1]);
    const all = Array.from({ length: 30 }, (_, seed) => choices(random(seed)));
    expect(new Set(all.flatMap((c) => c.made))).toEqual(new Set([1, 2, 3]));
    for (const c of all) expect(choices(replay(parseSchedule(c.schedule)))).toEqual(c);
  });
});

describe('SRCU', () => {
  const explore = (update: typeof updater) =>
    Array.from({ length: 80 }, (_, seed) => {
      const { m, processes } = machine(reader, update);
      processes.spawn(reader);
      processes.spawn(update);
      processes.spawn(reader);
      run(processes, seed % 2 === 0 ? random(seed) : pct(seed, 3, 12));
      return m.s.log.get(1);
    });

  it('a reader never sees the old table freed; without the grace period it does', () => {
    expect(new Set(explore(updater))).toEqual(new Set([0]));
    expect(explore(omit(updater, 'wait table'))).toContain(99);
  });
});

describe('schedules', () => {
  it('print and read back', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { maxLength: 50 }), (pids) => {
        expect(parseSchedule(formatSchedule(pids))).toEqual(pids);
      }),
    );
    expect(formatSchedule([0, 0, 0, 1, 0, 0])).toBe('s1.0*3.1.0*2');
  });

  it('are refused with the place of the fault', () => {
    for (const [text, message] of [
      ['x1.0', /must begin with 's1\.'/],
      ['s1.0.z', /part 2, 'z'/],
      ['', /is no schedule/],
    ] as const)
      expect(() => parseSchedule(text)).toThrow(message);
    const { processes } = machine(increment);
    processes.spawn(increment);
    expect(() => run(processes, replay([3]))).toThrow(VirqError);
  });

  it('every scheduler is deterministic and its schedule replays to the same state', () => {
    const world = () => {
      const w = machine(increment, reader, updater);
      w.processes.spawn(increment, { times: 2 });
      w.processes.spawn(updater);
      w.processes.spawn(reader);
      w.processes.spawn(increment);
      return w;
    };
    for (const make of [straight, roundRobin, () => random(5), () => pct(5, 3, 20)]) {
      const [a, b, c] = [world(), world(), world()];
      const first = run(a.processes, make());
      expect(run(b.processes, make()).schedule).toBe(first.schedule);
      run(c.processes, replay(parseSchedule(first.schedule)));
      expect([b.arena.hash(), c.arena.hash()]).toEqual([a.arena.hash(), a.arena.hash()]);
    }
  });
});
