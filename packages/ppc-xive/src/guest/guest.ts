// A Linux guest of a pseries machine: boots, negotiates its interrupt mode, takes and ends interrupts. What it does by itself costs nothing; the rest are exits.

import { EBUSY, EINVAL, ENODEV } from '@virq/irq-core/errors';
import type { Context } from '../kvm/context.ts';
import type { Spapr } from '../spapr/spapr.ts';
import { createGuestAccess, type GuestAccess } from './access.ts';
import type { GuestDriver, Taken } from './driver.ts';
import { createExits, type Exits, type HcallParts } from './exits.ts';
import { GUEST_MODE, GuestCpu, GuestIrq, type GuestState } from './layout.ts';
import { createGuestIrqs, type GuestIrqs } from './linux-irqs.ts';
import { createLinuxXics, type RtasCall } from './linux-xics.ts';
import { createLinuxXive } from './linux-xive.ts';
import type { VcpuRun } from './run.ts';

/** Modes a guest can ask for. */
export type GuestMode = 'xive' | 'xics';

/** The guest of one VM. */
export interface Guest {
  readonly state: GuestState;
  readonly exits: Exits;
  readonly access: GuestAccess;
  readonly irqs: GuestIrqs;
  /** The driver of the mode it has booted in; null before. */
  driver(): GuestDriver | null;
  /** Boots with its vCPUs on the first free threads: negative errno if the machine does not have the mode, or for want of threads. */
  boot(mode: GuestMode): number;
  /** An external interrupt, if its CPU has one: null if there is none to take. */
  interrupt(cpu: number): Taken | null;
  /** vCPUs out of the guest, because the VM stops; and in again. */
  pause(): void;
  unpause(): void;
  /** The guest of another VM goes on here: what its memory had, its vCPUs stopped where they were. -EBUSY for want of threads. */
  adopt(from: Guest): number;
  /** system_reset: nothing of the guest is left; its vCPUs stay where they are. */
  reset(): void;
}

/** What {@link createGuest} needs. */
export interface GuestInit {
  readonly ctx: Context;
  readonly state: GuestState;
  readonly run: VcpuRun;
  readonly spapr: Spapr;
  readonly inKernel: HcallParts['inKernel'];
  readonly rtas: RtasCall;
}

/** First hardware thread that nothing runs on, -1 if none. */
function freeThread({ host }: Context): number {
  const { cpus } = host.state;
  for (let thread = 0; thread < cpus.length; thread++) if (cpus.at(thread).vm === 0) return thread;
  return -1;
}

/** A CPU of Linux as it is before it comes up. */
const OFFLINE = {
  online: 0,
  qpage: 0,
  idx: 0,
  toggle: 0,
  replay: 0,
  cppr: 0,
  pendingPrio: 0,
  count: 0,
  pendingCount: 0,
  hwIpi: 0,
  cpprIndex: 0,
} as const;

/** Copies the plain fields of one view to another of the same struct. */
function copyFields(fields: object, from: object, to: object): void {
  for (const name of Object.keys(fields)) {
    const value = (from as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'number') Object.assign(to, { [name]: value });
  }
}

/** Creates the guest over zeroed state. */
export function createGuest({ ctx, state, run, spapr, inKernel, rtas }: GuestInit): Guest {
  const exits = createExits(ctx, run, { inKernel, inUserSpace: spapr.hcall });
  const access = createGuestAccess(ctx, run, exits, spapr.pages);
  const irqs = createGuestIrqs(state);
  const parts = { guest: state, irqs, access, exits };
  const drivers = { xive: createLinuxXive(ctx, parts), xics: createLinuxXics(ctx, parts, rtas) };
  const { threads } = ctx.host.xive.state;
  const count = state.cpus.length;

  const driver = (): GuestDriver | null =>
    state.mode === GUEST_MODE.NONE ? null : state.mode === GUEST_MODE.XIVE ? drivers.xive : drivers.xics;

  /** Onto a thread, if it is on none. */
  function place(cpu: number): number {
    if (run.at(cpu).thread !== 0) return 0;
    const thread = freeThread(ctx);
    return thread < 0 ? -EBUSY : exits.load(cpu, thread);
  }

  const start = (cpu: number): number => place(cpu) || exits.run(cpu);

  function clear(): void {
    state.mode = GUEST_MODE.NONE;
    irqs.clear();
    for (let cpu = 0; cpu < count; cpu++) Object.assign(state.cpus.at(cpu), OFFLINE);
  }

  function setUp(cpu: number, own: GuestDriver): number {
    const error = start(cpu);
    return error < 0 ? error : own.setupCpu(cpu);
  }

  return {
    state,
    exits,
    access,
    irqs,
    driver,
    boot(mode) {
      if (state.mode !== GUEST_MODE.NONE || count === 0) return -EINVAL;
      if (spapr.state.dead === 1 || spapr.state.icMode === 0) return -ENODEV;
      const first = start(0);
      if (first < 0) return first;
      const negotiated = exits.intercepted(0, 'SYSCALL', () => spapr.machine.negotiate(mode === 'xive'));
      if (negotiated < 0) return negotiated;
      state.mode = mode === 'xive' ? GUEST_MODE.XIVE : GUEST_MODE.XICS;
      for (let cpu = 0; cpu < count; cpu++) {
        const error = setUp(cpu, drivers[mode]);
        if (error < 0) return error;
      }
      return 0;
    },
    interrupt(cpu) {
      const own = driver();
      if (own === null) return null;
      const v = run.run(cpu);
      const isRaised = threads.at(run.thread(cpu)).osLine === 1 || v.external === 1;
      if (!isRaised && !own.mustReplay(cpu)) return null;
      v.external = 0;
      const taken = own.take(cpu);
      if (taken.irq !== 0 && ctx.trace.on) ctx.trace.emit('guest_irq', { cpu, irq: taken.irq });
      return taken;
    },
    pause() {
      for (let cpu = 0; cpu < count; cpu++) if (exits.interrupt(cpu)) run.run(cpu).paused = 1;
    },
    unpause() {
      for (let cpu = 0; cpu < count; cpu++) {
        if (run.run(cpu).paused === 0) continue;
        run.run(cpu).paused = 0;
        exits.run(cpu);
      }
    },
    adopt(from) {
      const left = from.state;
      state.mode = left.mode;
      for (let i = 0; i < irqs.size; i++) copyFields(GuestIrq.fields, left.irqs.at(i), state.irqs.at(i));
      for (let cpu = 0; cpu < count; cpu++) {
        copyFields(GuestCpu.fields, left.cpus.at(cpu), state.cpus.at(cpu));
        for (let i = 0; i < left.cpus.at(cpu).cpprStack.length; i++)
          state.cpus.at(cpu).cpprStack.set(i, left.cpus.at(cpu).cpprStack.get(i));
        const error = left.vcpus.at(cpu).paused === 1 ? place(cpu) : 0;
        if (error < 0) return error;
        run.run(cpu).paused = left.vcpus.at(cpu).paused;
      }
      return 0;
    },
    reset() {
      for (let cpu = 0; cpu < count; cpu++) {
        exits.interrupt(cpu);
        Object.assign(run.run(cpu), { external: 0, paused: 0 });
      }
      clear();
    },
  };
}
