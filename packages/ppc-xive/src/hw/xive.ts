// The XIVE of one machine: sources, router, presenter and TIMA on one state. Nobody outside of this folder asks how they are joined.

import type { Trace } from '@virq/irq-core/events';
import { resetThread } from './context-words.ts';
import { PQ } from './esb.ts';
import type { XiveState } from './layout.ts';
import { createPresenter, type Presenter } from './presenter.ts';
import type { HardwareProfile } from './profile.ts';
import { createQueues, type Queues } from './queue.ts';
import { createRam, type Ram } from './ram.ts';
import { createRouter, type Router } from './router.ts';
import { createSources, type Sources } from './sources.ts';
import { createTima, type Tima } from './tima.ts';

/** The hardware. */
export interface Xive {
  readonly state: XiveState;
  readonly ram: Ram;
  readonly sources: Sources;
  readonly queues: Queues;
  readonly router: Router;
  readonly presenter: Presenter;
  readonly tima: Tima;
}

/** What {@link createXive} needs. */
export interface XiveInit {
  readonly state: XiveState;
  readonly trace: Trace;
  readonly generation: 1 | 2;
  readonly profile: HardwareProfile;
  /** Processor identification of a thread; its number if not said. */
  pirOf?(thread: number): number;
  /** The host's own queue has an entry: Linux irq number, or what the host configured as data. */
  host(data: number): void;
  /** An event leaves a source of a machine whose fabric takes its time; without it events arrive at once. */
  fabric?(source: number): void;
  /** An exception line has risen. */
  signalled?(thread: number, ring: number): void;
}

/** Brings zeroed hardware to reset: sources off, threads empty. */
function reset({ state, generation, pirOf }: XiveInit): void {
  state.generation = generation;
  for (let i = 0; i < state.sources.length; i++) {
    const s = state.sources.at(i);
    s.pq = PQ.OFF;
    s.pages = 2;
  }
  for (let i = 0; i < state.threads.length; i++) {
    const t = state.threads.at(i);
    t.pir = pirOf?.(i) ?? i;
    resetThread(t);
  }
}

/** What the units report, built out of line: the hot path only asks whether anybody listens. */
function reports(trace: Trace) {
  const emit = trace.emit.bind(trace);
  return {
    signal: (thread: number, ring: number) => emit('xive_signal', { thread, ring }),
    queue: (end: number, data: number) => emit('xive_queue', { end, data }),
    overrun: (end: number) => emit('xive_overrun', { end }),
    drop: (why: string, number: number) => emit('xive_drop', { why, number }),
    error: (unit: string, number: number, what: string) => emit('xive_guest_error', { unit, number, what }),
  };
}

/** Creates the hardware over zeroed state. `delayed` is a matter of its creation. */
export function createXive(init: XiveInit): Xive {
  const { state, trace, profile, signalled, host, fabric } = init;
  const report = reports(trace);
  const misuse = (unit: string) => (number: number, what: string) => {
    if (trace.on) report.error(unit, number, what);
  };
  reset(init);
  const ram = createRam(state);
  const presenter = createPresenter({
    state,
    profile,
    signalled(thread, ring) {
      if (trace.on) report.signal(thread, ring);
      signalled?.(thread, ring);
    },
    ambiguous: (cam) => misuse('presenter')(cam, 'two threads answer'),
  });
  const queues = createQueues({
    state,
    ram,
    overrun(end) {
      if (trace.on) report.overrun(end);
    },
  });
  const router = createRouter({
    state,
    queues,
    presenter,
    host,
    misuse: misuse('end'),
    queued(end, data) {
      if (trace.on) report.queue(end, data);
    },
    dropped(why, number) {
      if (trace.on) report.drop(why, number);
    },
  });
  function sendLater(index: number): void {
    state.sources.at(index).inFlight++;
    fabric?.(index);
  }
  const send = state.delayed === 1 && fabric !== undefined ? sendLater : router.notify;
  const sources = createSources({
    state,
    eoiAsserted: profile.eoiAsserted,
    misuse: misuse('source'),
    send,
  });
  const tima = createTima({ state, presenter, profile, misuse: misuse('tima') });
  return { state, ram, sources, queues, router, presenter, tima };
}
