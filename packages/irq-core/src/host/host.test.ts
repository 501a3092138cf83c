// The host's lines by the book: T161–T167, the sharing matrix, flows.

import { describe, expect, it } from 'vitest';
import { createArena, struct } from '../arena/index.ts';
import { EBUSY, EINVAL, ENOTCONN } from '../errors.ts';
import { createTrace } from '../events/index.ts';
import { createProcesses, processTable, protocolsOn, run, straight } from '../protocol/index.ts';
import {
  createHost,
  FLOW,
  finishThread,
  HOST_PROTOCOLS,
  type Host,
  type HostWorld,
  hostLayout,
  IRQ,
  IRQ_NOTCONNECTED,
  IRQF,
  joinFlags,
  mismatchMessage,
  requestError,
  type SpuriousLimits,
  THREAD_LOCALS,
  takeWakeup,
} from './index.ts';

const KIND = 1;
const THREADED = 2;

/** What the threaded driver's thread does is up to the test. */
interface World extends HostWorld {
  readonly thread: (owner: number) => number;
}

const driverThread = protocolsOn<World>().protocol('driver thread', THREAD_LOCALS, () => ({
  take: takeWakeup,
  work(m, f) {
    f.result = m.thread(f.owner);
  },
  finish: finishThread,
}));

const PROTOCOLS = [...HOST_PROTOCOLS, driverThread];

function setUp(flow: number, spurious?: SpuriousLimits, condOneshot = false) {
  const layout = struct('lines', { host: hostLayout({ irqs: 8, actions: 8 }), processes: processTable(8, PROTOCOLS) });
  const arena = createArena(layout);
  const { root } = arena;
  const warnings: string[] = [];
  const cared: string[] = [];
  const trace = createTrace();
  trace.on = true;
  trace.listener = (e) => {
    if (e.name === 'genirq') warnings.push(String(e.fields['text']));
    if (e.name === 'nobody_cared') cared.push(String(e.fields['text']));
  };
  const clock = { now: 0 };
  const calls: number[] = [];
  const behaviour = {
    quiet: (_owner: number): number => IRQ.HANDLED,
    hard: (_owner: number): number => IRQ.WAKE_THREAD,
    busy: false,
    thread: (_owner: number): number => IRQ.HANDLED,
  };
  const thread = (owner: number): number => {
    calls.push(owner);
    return behaviour.thread(owner);
  };
  const world = { thread } as { host: Host; thread: World['thread'] };
  const processes = createProcesses<World>(arena, root.processes, { protocols: PROTOCOLS, machine: world });
  const host = createHost({
    state: root.host,
    trace,
    now: () => clock.now,
    processes: () => processes as never,
    condOneshot,
    ...(spurious === undefined ? {} : { spurious }),
  });
  world.host = host;
  const told: [number, boolean][] = [];
  host.onAction(KIND, {
    name: (owner) => `driver${owner}`,
    handle(owner) {
      calls.push(owner);
      return behaviour.quiet(owner);
    },
    sharing: (owner, shared) => void told.push([owner, shared]),
  });
  host.onAction(THREADED, {
    name: (owner) => `threaded${owner}`,
    busy: () => behaviour.busy,
    handle: (owner) => behaviour.hard(owner),
    thread: driverThread as never,
  });
  host.addLine(3, flow);
  const request = (flags = 0, owner = 0, kind = KIND): number => host.request({ irq: 3, flags, kind, owner });
  const settle = () => run(processes, straight());
  const line = root.host.irqs.at(3);
  return { host, line, warnings, cared, clock, calls, behaviour, request, settle, processes, told };
}

describe('CORE-28 disable depth, CORE-31 lazy disable', () => {
  it('T161 off, off, on, and a warning for one enable too many', () => {
    const t = setUp(FLOW.EDGE);
    t.request();
    const depths: number[] = [];
    for (const step of ['disable', 'disable', 'enable', 'enable', 'enable'] as const) {
      t.host[step](3);
      depths.push(t.line.depth);
    }
    expect(depths).toEqual([1, 2, 1, 0, 0]);
    expect(t.warnings).toEqual(['Unbalanced enable for IRQ 3']);
  });

  it('T162 lazy disable of a level line: one arrival is masked and remembered, the level fires again by itself', () => {
    const t = setUp(FLOW.LEVEL);
    t.request();
    t.behaviour.quiet = () => {
      t.host.setLevel(3, 0, 0);
      return IRQ.HANDLED;
    };
    t.host.disable(3);
    t.host.setLevel(3, 0, 1);
    expect([t.calls.length, t.line.chipMasked, t.line.pending]).toEqual([0, 1, 1]);
    t.host.enable(3);
    expect([t.calls.length, t.line.pending]).toEqual([1, 0]);
  });

  it('CORE-31 an unlazy line is masked at once', () => {
    const t = setUp(FLOW.LEVEL);
    t.request();
    t.host.setUnlazy(3, true);
    t.host.disable(3);
    expect(t.line.chipMasked).toBe(1);
  });

  it('T163 an edge that arrives while disabled is resent once', () => {
    const t = setUp(FLOW.EDGE);
    t.request();
    t.host.disable(3);
    t.host.edge(3);
    t.host.edge(3);
    expect(t.calls).toEqual([]);
    t.host.enable(3);
    expect(t.calls).toEqual([0]);
  });
});

describe('CORE-30 flows', () => {
  it('level: served until the device is quiet', () => {
    const t = setUp(FLOW.FASTEOI);
    t.request();
    let left = 3;
    t.behaviour.quiet = () => {
      if (--left === 0) t.host.setLevel(3, 0, 0);
      return IRQ.HANDLED;
    };
    t.host.setLevel(3, 0, 1);
    expect(t.calls).toHaveLength(3);
  });

  it('edge: an arrival during the handler runs it once more', () => {
    const t = setUp(FLOW.EDGE);
    t.request();
    let again = true;
    t.behaviour.quiet = () => {
      if (again) {
        again = false;
        t.host.edge(3);
      }
      return IRQ.HANDLED;
    };
    t.host.edge(3);
    expect(t.calls).toHaveLength(2);
  });

  it('shared: every handler is asked; wired OR holds the line', () => {
    const t = setUp(FLOW.FASTEOI);
    t.request(IRQF.SHARED, 0);
    t.request(IRQF.SHARED, 1);
    t.behaviour.quiet = (owner) => {
      t.host.setLevel(3, owner, 0);
      return IRQ.HANDLED;
    };
    t.host.setLevel(3, 1, 1);
    expect([t.calls, t.host.isAsserted(3)]).toEqual([[0, 1], false]);
  });

  it('ONESHOT: unmasked only after the thread', () => {
    const t = setUp(FLOW.LEVEL);
    t.request(IRQF.ONESHOT, 0, THREADED);
    const masked: number[] = [];
    t.behaviour.thread = () => {
      masked.push(t.line.chipMasked);
      t.host.setLevel(3, 0, 0);
      return IRQ.HANDLED;
    };
    t.host.setLevel(3, 0, 1);
    expect([masked, t.line.chipMasked, t.host.isBusy(3)]).toEqual([[], 1, true]);
    t.settle();
    expect([masked, t.line.chipMasked, t.host.isBusy(3)]).toEqual([[1], 0, false]);
  });

  it('NO_AUTOEN starts disabled; freeing the last action disables', () => {
    const t = setUp(FLOW.EDGE);
    t.request(IRQF.NO_AUTOEN);
    t.host.edge(3);
    expect(t.calls).toEqual([]);
    t.host.enable(3);
    t.host.free(3, KIND, 0);
    t.host.edge(3);
    expect([t.calls, t.line.depth]).toEqual([[0], 1]);
  });
});

describe('CORE-30 threads of handlers', () => {
  const oneshot = (flow: number = FLOW.FASTEOI) => {
    const t = setUp(flow);
    t.request(IRQF.SHARED | IRQF.ONESHOT, 0, THREADED);
    t.request(IRQF.SHARED | IRQF.ONESHOT, 1, THREADED);
    return t;
  };

  it('a ONESHOT line opens with the last of its threads', () => {
    const t = oneshot();
    t.behaviour.thread = (owner) => {
      t.host.setLevel(3, owner, 0);
      return IRQ.HANDLED;
    };
    t.host.setLevel(3, 0, 1);
    expect([t.line.chipMasked, t.line.threads]).toEqual([1, 3]);
    const pids = [t.processes.next(0), t.processes.next(t.processes.next(0) + 1)] as [number, number];
    while (t.processes.isAlive(pids[1])) t.processes.step(pids[1]);
    expect([t.line.chipMasked, t.line.threads]).toEqual([1, 1]);
    t.settle();
    expect([t.line.chipMasked, t.line.threads]).toEqual([0, 0]);
  });

  it('a thread that is woken while it runs starts over, and keeps its bit', () => {
    const t = setUp(FLOW.EDGE);
    t.request(0, 0, THREADED);
    t.host.edge(3);
    const pid = t.processes.next(0);
    t.processes.step(pid);
    t.host.edge(3);
    expect(t.processes.next(pid + 1)).toBe(-1);
    t.settle();
    expect(t.calls).toEqual([0, 0]);
  });

  it('disabled meanwhile, the line stays masked when the thread is through; enable opens it', () => {
    const t = setUp(FLOW.FASTEOI);
    t.request(IRQF.ONESHOT, 0, THREADED);
    t.behaviour.thread = () => {
      t.host.disable(3);
      return IRQ.HANDLED;
    };
    t.host.setLevel(3, 0, 1);
    t.settle();
    expect([t.line.chipMasked, t.line.depth, t.calls.length]).toEqual([1, 1, 1]);
    t.behaviour.thread = () => {
      t.host.setLevel(3, 0, 0);
      return IRQ.HANDLED;
    };
    t.host.enable(3);
    t.settle();
    expect([t.line.chipMasked, t.line.depth, t.calls.length]).toEqual([0, 0, 2]);
  });

  it('a handler waits for the spinlock of its driver', () => {
    const t = setUp(FLOW.FASTEOI);
    t.request(0, 0, THREADED);
    t.behaviour.busy = true;
    expect(() => t.host.setLevel(3, 0, 1)).toThrow(/blocks at 'handler'/);
    expect(t.line.inProgress).toBe(1);
  });

  it('free_irq: who is in the handler finishes, and its slot lives as long', () => {
    const t = setUp(FLOW.FASTEOI);
    t.request(0, 0, THREADED);
    t.behaviour.thread = () => {
      t.host.setLevel(3, 0, 0);
      return IRQ.HANDLED;
    };
    t.host.setLevel(3, 0, 1);
    t.host.setLevel(3, 0, 0);
    t.host.free(3, THREADED, 0);
    expect([t.host.actions(3), t.host.isBusy(3)]).toEqual([[], true]);
    t.settle();
    expect([t.calls, t.host.isBusy(3), t.host.state.actions.count()]).toEqual([[0], false, 0]);
  });

  it('those on the line are told when it becomes shared and when it is theirs alone', () => {
    const t = setUp(FLOW.FASTEOI);
    t.request(IRQF.SHARED, 0);
    t.request(IRQF.SHARED, 1);
    t.request(IRQF.SHARED, 2);
    t.host.free(3, KIND, 0);
    t.host.free(3, KIND, 1);
    expect(t.told).toEqual([
      [0, true],
      [2, false],
    ]);
  });
});

describe('CORE-32 spurious detector', () => {
  it('only threads were woken: judged one interrupt later, by whether one of them has handled something', () => {
    const limits = { window: 10, unhandled: 8, gap: 100n };
    for (const [result, dead] of [
      [IRQ.HANDLED, 0],
      [IRQ.NONE, 1],
    ] as const) {
      const t = setUp(FLOW.EDGE, limits);
      t.request(0, 0, THREADED);
      t.behaviour.thread = () => result;
      for (let n = 0; n < 11; n++) {
        t.host.edge(3);
        t.settle();
      }
      expect(t.line.spuriousDisabled).toBe(dead);
    }
  });

  it('a new action on the line switches it on again', () => {
    const t = setUp(FLOW.EDGE, { window: 10, unhandled: 8, gap: 100n });
    t.request(IRQF.SHARED);
    t.behaviour.quiet = () => IRQ.NONE;
    for (let n = 0; n < 10; n++) t.host.edge(3);
    expect([t.line.spuriousDisabled, t.line.depth]).toEqual([1, 1]);
    expect(t.cared.at(-1)).toBe('Disabling IRQ #3');
    t.request(IRQF.SHARED, 1);
    expect([t.line.spuriousDisabled, t.line.depth]).toEqual([0, 0]);
  });

  const fire = (t: ReturnType<typeof setUp>, n: number, gap: number): void => {
    for (let i = 0; i < n && t.line.depth === 0; i++) {
      t.clock.now += gap;
      t.host.edge(3);
    }
  };

  it('T164 100,000 unhandled close together: disabled at the last', () => {
    const t = setUp(FLOW.EDGE);
    t.request();
    t.behaviour.quiet = () => IRQ.NONE;
    fire(t, 99_999, 10);
    expect(t.line.depth).toBe(0);
    fire(t, 1, 10);
    expect([t.line.depth, t.line.spuriousDisabled]).toEqual([1, 1]);
    t.host.free(3, KIND, 0);
  });

  it('T165 99,900 unhandled and 100 handled: not disabled', () => {
    const t = setUp(FLOW.EDGE);
    t.request();
    let n = 0;
    t.behaviour.quiet = () => (++n % 1000 === 0 ? IRQ.HANDLED : IRQ.NONE);
    fire(t, 100_000, 10);
    expect(t.line.depth).toBe(0);
  });

  it('T166 one every 200 ms: never', () => {
    const t = setUp(FLOW.EDGE);
    t.request();
    t.behaviour.quiet = () => IRQ.NONE;
    fire(t, 150_000, 200_000_000);
    expect(t.line.depth).toBe(0);
  });
});

describe('CORE-29 request_irq', () => {
  const base = { irq: 3, flags: 0, hasHandler: true, hasThread: false, hasDevId: true };
  const rows: [string, Parameters<typeof requestError>, number][] = [
    ['T167 SHARED with NO_AUTOEN', [{ ...base, flags: IRQF.SHARED | IRQF.NO_AUTOEN }, true], -EINVAL],
    ['T167 SHARED without dev_id', [{ ...base, flags: IRQF.SHARED, hasDevId: false }, true], -EINVAL],
    ['T167 thread only without ONESHOT', [{ ...base, hasHandler: false, hasThread: true }, true], -EINVAL],
    ['thread only with ONESHOT', [{ ...base, flags: IRQF.ONESHOT, hasHandler: false, hasThread: true }, true], 0],
    [
      'thread only on a ONESHOT_SAFE chip',
      [{ ...base, hasHandler: false, hasThread: true, oneshotSafe: true }, true],
      0,
    ],
    ['COND_SUSPEND without SHARED', [{ ...base, flags: IRQF.COND_SUSPEND }, true], -EINVAL],
    [
      'NO_SUSPEND with COND_SUSPEND',
      [{ ...base, flags: IRQF.SHARED | IRQF.NO_SUSPEND | IRQF.COND_SUSPEND }, true],
      -EINVAL,
    ],
    ['not connected', [{ ...base, irq: IRQ_NOTCONNECTED }, true], -ENOTCONN],
    ['no such line', [base, false], -EINVAL],
    ['neither handler nor thread', [{ ...base, hasHandler: false }, true], -EINVAL],
    ['plain', [base, true], 0],
  ];
  for (const [name, args, expected] of rows) it(name, () => expect(requestError(...args)).toBe(expected));

  it('from 6.10 on request_irq adds COND_ONESHOT, and the message shows it', () => {
    const t = setUp(FLOW.FASTEOI, undefined, true);
    t.request(IRQF.SHARED);
    expect(t.request(0, 1)).toBe(-EBUSY);
    expect(t.warnings).toEqual(['genirq: Flags mismatch irq 3. 00200000 (driver1) vs. 00200080 (driver0)']);
    const other = setUp(FLOW.FASTEOI, undefined, true);
    other.request(IRQF.SHARED | IRQF.ONESHOT, 0, THREADED);
    expect(other.request(IRQF.SHARED, 1)).toBe(0);
  });

  const S = IRQF.SHARED;
  const matrix: [string, number, number, number][] = [
    ['both shared', S, S, S],
    ['old exclusive', 0, S, -EBUSY],
    ['new exclusive', S, 0, -EBUSY],
    ['both exclusive', 0, 0, -EBUSY],
    ['other trigger', S | IRQF.TRIGGER_LOW, S | IRQF.TRIGGER_HIGH, -EBUSY],
    ['ONESHOT against none', S | IRQF.ONESHOT, S, -EBUSY],
    ['COND_ONESHOT adapts', S | IRQF.ONESHOT, S | IRQF.COND_ONESHOT, S | IRQF.COND_ONESHOT | IRQF.ONESHOT],
    ['COND_ONESHOT beside none', S, S | IRQF.COND_ONESHOT, S | IRQF.COND_ONESHOT],
    ['PERCPU against none', S | IRQF.PERCPU, S, -EBUSY],
  ];
  for (const [name, old, next, expected] of matrix)
    it(`CORE-29 sharing: ${name}`, () => expect(joinFlags(old, next)).toBe(expected));

  it('CORE-29 the mismatch message is the kernel’s', () => {
    expect(
      mismatchMessage(16, { flags: 0, name: 'vfio-intx(0000:01:00.0)' }, { flags: 0x80, name: 'ehci_hcd:usb1' }),
    ).toBe('genirq: Flags mismatch irq 16. 00000000 (vfio-intx(0000:01:00.0)) vs. 00000080 (ehci_hcd:usb1)');
  });
});
