// Bare hardware for tests: one XIVE over an arena of its own, what it reported, and an END to a thread set up in one call.

import { createArena } from '@virq/irq-core/arena';
import { traceTo } from '@virq/irq-core/events';
import { ESB, ESB_PAGE } from '../esb.ts';
import { type End, type XiveSizes, xiveLayout } from '../layout.ts';
import { RING } from '../presenter.ts';
import { ARCHITECTURE, type HardwareProfile } from '../profile.ts';
import { osWord } from '../tima.ts';
import { createXive } from '../xive.ts';

export const SIZES: XiveSizes = { sources: 8, ends: 32, nvts: 256, threads: 2, frames: 32 };

/** Address of the queues: 64 KiB each. */
export const queueAt = (end: number): number => 0x10000000 + end * 0x10000;

export interface HardwareOptions {
  readonly generation?: 1 | 2;
  readonly profile?: HardwareProfile;
}

export function hardware({ generation = 1, profile = ARCHITECTURE }: HardwareOptions = {}) {
  const arena = createArena(xiveLayout(SIZES));
  const state = arena.root;
  const reported: string[] = [];
  const trace = traceTo(({ name, fields }) => void reported.push(`${name} ${Object.values(fields).join(' ')}`));
  const xive = createXive({ state, trace, generation, profile, host() {} });

  const h = {
    ...xive,
    arena,
    reported,
    /** Reports since the last call. */
    takeReports: () => reported.splice(0),
    source: (i: number) => state.sources.at(i),
    end: (i: number) => state.ends.at(i),
    nvt: (i: number) => state.nvts.at(i),
    os: (thread: number) => state.threads.at(thread).rings.at(RING.OS),
    ring: (thread: number, ring: number) => state.threads.at(thread).rings.at(ring),
    get: (i: number) => xive.sources.load(i, ESB_PAGE.MANAGEMENT, ESB.GET),
    trigger: (i: number) => xive.sources.store(i, ESB_PAGE.TRIGGER, 0),
    loadEoi: (i: number) => xive.sources.load(i, ESB_PAGE.MANAGEMENT, ESB.LOAD_EOI),
    storeEoi: (i: number) => xive.sources.store(i, ESB_PAGE.MANAGEMENT, ESB.STORE_EOI),
    ackOs: (thread: number) => xive.presenter.acknowledge(thread, RING.OS),
    cppr: (thread: number, value: number) => xive.presenter.setCppr(thread, RING.OS, value),
    push: (thread: number, nvt: number) => xive.tima.pushOs(thread, osWord(0, nvt, generation)),
    /** An END with a queue of its own, always notifying and keeping a backlog. */
    setEnd(i: number, more: Partial<End> = {}) {
      const usual = { valid: 1, enqueue: 1, notify: 1, backlog: 1, generation: 1, esn: 1, ese: 1, qaddrLo: queueAt(i) };
      Object.assign(state.ends.at(i), usual, more);
    },
    setEas: (i: number, endIndex: number, data = 0x123) =>
      Object.assign(state.sources.at(i), { valid: 1, masked: 0, endIndex, data, pq: 0 }),
    /** Source `i` → END 10 + i, priority → NVT 3, dispatched on a thread with CPPR 0xff. */
    connect(i: number, priority: number, thread = 0) {
      h.nvt(3).valid = 1;
      h.setEnd(10 + i, { nvtIndex: 3, priority });
      h.setEas(i, 10 + i);
      if (h.os(thread).w2 !== osWord(0, 3, generation)) h.push(thread, 3);
      h.cppr(thread, 0xff);
    },
    /** Entry of an END's queue. */
    entry: (i: number, n: number) => xive.ram.load((queueAt(i) + 4 * n) >>> 12, (4 * n) & 0xfff),
  };
  return h;
}
export type Hardware = ReturnType<typeof hardware>;
