// A pseries machine over a KVM that writes down what it is asked for, for tests of QEMU's own part.

import { createArena } from '@virq/irq-core/arena';
import { createTrace } from '@virq/irq-core/events';
import { DEVICE } from '../../kvm/layout.ts';
import type { HcallName } from '../codes.ts';
import type { SpaprContext } from '../context.ts';
import type { InKernel, InKernelXics } from '../in-kernel.ts';
import { createIrqs } from '../irqs.ts';
import { IC_MODE, type SpaprState, spaprLayout } from '../layout.ts';
import { createMachineMode, KERNEL_IRQCHIP } from '../machine.ts';
import { createTables } from '../tables.ts';
import type { HcallResult } from '../xive-hcalls.ts';
import { xiveHcall } from '../xive-hcalls.ts';

/** PQ per LISN as the fake KVM has them, and its calls. */
export interface FakeKvm {
  readonly calls: string[];
  readonly pq: Map<number, number>;
  /** errno of the next calls by name. */
  readonly errors: Record<string, number>;
  /** Live position of all queues. */
  position: { toggle: number; index: number } | null;
}

const text = (v: unknown): string => JSON.stringify(v, (_k, x) => (typeof x === 'bigint' ? `0x${x.toString(16)}` : x));

function fakeXive(kvm: FakeKvm): InKernel {
  const done = (name: string, ...args: unknown[]): number => {
    kvm.calls.push([name, ...args.map(text)].join(' '));
    return kvm.errors[name] ?? 0;
  };
  return {
    connect: (servers) => done('connect', servers),
    disconnect: () => void done('disconnect'),
    resetSource(lisn, lsi, asserted) {
      kvm.pq.set(lisn, 1);
      return done('source', lisn, lsi, asserted);
    },
    configureSource: (lisn, config) => done('config', lisn, config),
    configureQueue: (server, priority, eq) => done('queue', server, priority, eq),
    queueState: () => kvm.position,
    syncSource: (lisn) => done('sync', lisn),
    syncQueues: () => done('eq_sync'),
    reset: () => done('reset'),
    esbLoad(lisn, offset) {
      const old = kvm.pq.get(lisn) ?? 1;
      if (offset >= 0xc00) kvm.pq.set(lisn, (offset >> 8) & 3);
      done('load', lisn, `0x${offset.toString(16)}`);
      return old;
    },
    esbStore: (lisn, offset) => void done('store', lisn, `0x${offset.toString(16)}`),
    getVp: () => 0xff00n,
    setVp: (vcpu, w01) => done('vp', vcpu, w01),
  };
}

function fakeXics(kvm: FakeKvm): InKernelXics {
  const done = (name: string, ...args: unknown[]): number => {
    kvm.calls.push([name, ...args.map(text)].join(' '));
    return kvm.errors[name] ?? 0;
  };
  return {
    connect: (servers) => done('xics_connect', servers),
    disconnect: () => void done('xics_disconnect'),
    setSource: (lisn, value) => done('xics_source', lisn, value),
    getSource: () => 0n,
    setIrq: (lisn, level) => void done('xics_irq', lisn, level),
    getIcp: () => 0n,
    setIcp: (vcpu, value) => done('xics_icp', vcpu, value),
  };
}

/** Builds it. The guest has negotiated XIVE unless `mode` says otherwise. */
export function fakeMachine(mode: keyof typeof IC_MODE = 'XIVE', kernelIrqchip: keyof typeof KERNEL_IRQCHIP = 'ON') {
  const kvm: FakeKvm = { calls: [], pq: new Map(), errors: {}, position: { toggle: 1, index: 0 } };
  const state = createArena(spaprLayout({ irqs: 64, servers: 8, vcpus: 8 })).root as SpaprState;
  const trace = createTrace();
  const events: string[] = [];
  trace.listener = (event) => void events.push(`${event.name} ${Object.values(event.fields).join(' ')}`);
  trace.on = true;
  const tables = createTables(state);
  const context: SpaprContext = {
    state,
    tables,
    xive: fakeXive(kvm),
    xics: fakeXics(kvm),
    trace,
    servers: [0, 1, 2, 3, 4, 5, 6, 7],
    memory: 2 ** 30,
  };
  const irqs = createIrqs(context);
  const machine = createMachineMode(context);
  state.icMode = IC_MODE[mode];
  state.kernelIrqchip = KERNEL_IRQCHIP[kernelIrqchip];
  state.nrServers = 8;
  for (let lisn = 0; lisn < 8; lisn++) irqs.claimIpi(lisn);
  machine.reset();
  state.running = 1;
  if (state.active === DEVICE.XIVE) machine.negotiate(true);
  const call = (name: HcallName, ...args: (bigint | number)[]): HcallResult =>
    xiveHcall(context, name, args.map(BigInt));
  return { kvm, state, tables, context, irqs, machine, call, events };
}
