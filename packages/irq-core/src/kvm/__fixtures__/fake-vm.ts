// Machines of fake VMs for the generic half's own tests: pins that record what reaches them, protocols that can be swapped for mutants.

import { type AnyArena, createArena, struct } from '../../arena/index.ts';
import { EINVAL, EWOULDBLOCK } from '../../errors.ts';
import { createTrace, type TraceEvent } from '../../events/index.ts';
import { type AnyProtocol, createProcesses, type Processes, processTable } from '../../protocol/index.ts';
import {
  bindIrqfdWakeups,
  createEventfds,
  createKvm,
  type Eventfds,
  eventfdsLayout,
  type KernelProfile,
  type KernelVersion,
  KVM_PROTOCOLS,
  type Kvm,
  type KvmArch,
  type KvmWorld,
  kvmLayout,
  ROUTE,
  type Route,
  type RouteInput,
  type VmLimits,
} from '../index.ts';

/** Small enough for thousands of machines, large enough for every table below. */
export const SMALL: VmLimits = { vcpus: 2, gsis: 64, routes: 32, irqfds: 8, irqchips: 3, pins: 24 };

/** One call of entry->set. */
export interface Call {
  readonly target: string;
  readonly source: number;
  readonly level: number;
}

/** What a fake chip does and has seen. */
export interface FakeChip {
  readonly arch: KvmArch;
  /** Every delivery, in order: `2.5` is pin 5 of chip 2, `msi 0x50` a message. */
  readonly calls: Call[];
  /** Sources that assert each `chip.pin`, as a bitmap. */
  readonly level: Map<string, number>;
  /** Scripted results of the next deliveries; afterwards 1 (messages with level 0: -1). */
  readonly results: number[];
  /** Posted messages by irqfd handle; absent: host mode. */
  readonly posted: Map<number, number>;
  /** Every updateIrte: the message, or null for host mode. */
  readonly irteLog: (number | null)[];
  /** Scripted results of updateIrte. */
  readonly irteResults: number[];
  /** How often each hook was called. */
  readonly hooks: { routingUpdated: number; ackNotifiersUpdated: number; clearSource: number[] };
  ready: boolean;
  allows: 'all' | 'plain' | 'none';
  routable: boolean;
  runnable: boolean;
}

const PINS: readonly number[] = [8, 8, 24];

function setRoutingEntry(input: RouteInput, out: Route): number {
  if (input.type === ROUTE.IRQCHIP && !(input.pin < (PINS[input.irqchip] ?? 0))) return -EINVAL;
  if (input.type !== ROUTE.IRQCHIP && input.type !== ROUTE.MSI) return -EINVAL;
  const { type, irqchip, addressLo, addressHi, data, flags, devid } = input;
  Object.assign(out, {
    type,
    irqchip,
    addressLo,
    addressHi,
    data,
    flags,
    devid,
    pin: input.pin + (irqchip === 1 ? 8 : 0),
  });
  return 0;
}

/** A chip whose pins OR their sources and whose messages always arrive. */
export function fakeChip(): FakeChip {
  const calls: Call[] = [];
  const level = new Map<string, number>();
  const results: number[] = [];
  const posted = new Map<number, number>();
  const irteLog: (number | null)[] = [];
  const irteResults: number[] = [];
  const hooks = { routingUpdated: 0, ackNotifiersUpdated: 0, clearSource: [] as number[] };

  function setIrq(route: Route, source: number, on: number): number {
    const target = route.type === ROUTE.MSI ? `msi 0x${route.data.toString(16)}` : `${route.irqchip}.${route.pin}`;
    calls.push({ target, source, level: on });
    if (route.type === ROUTE.IRQCHIP) {
      const old = level.get(target) ?? 0;
      level.set(target, on === 1 ? old | (1 << source) : old & ~(1 << source));
    }
    return results.shift() ?? (route.type === ROUTE.MSI && on === 0 ? -1 : 1);
  }

  const chip: FakeChip = {
    calls,
    level,
    results,
    posted,
    irteLog,
    irteResults,
    hooks,
    ready: true,
    allows: 'all',
    routable: true,
    runnable: false,
    arch: {
      canSetIrqRouting: () => chip.routable,
      intcInitialized: () => chip.ready,
      irqfdAllowed: (resample) => chip.allows === 'all' || (chip.allows === 'plain' && !resample),
      setRoutingEntry,
      setIrq,
      setIrqInatomic: (route, source, on) => (route.type === ROUTE.MSI ? setIrq(route, source, on) : -EWOULDBLOCK),
      signalMsi: (message) => setIrq(message, 0, 1),
      routingUpdated: () => void hooks.routingUpdated++,
      ackNotifiersUpdated: () => void hooks.ackNotifiersUpdated++,
      clearSource: (source) => void hooks.clearSource.push(source),
      vcpuRunnable: () => chip.runnable,
      updateIrte(irqfd, _hostIrq, route) {
        irteLog.push(route === null ? null : route.data);
        const result = irteResults.shift() ?? 0;
        if (result !== 0) return result;
        if (route === null) posted.delete(irqfd);
        else posted.set(irqfd, route.data);
        return 0;
      },
    },
  };
  return chip;
}

/** A machine of fake VMs. */
export interface FakeMachine extends KvmWorld {
  readonly arena: AnyArena;
  readonly kvms: readonly Kvm[];
  readonly chips: readonly FakeChip[];
  readonly eventfds: Eventfds;
  readonly processes: Processes<KvmWorld>;
  /** What protocols get as their machine; a test may add to it. */
  readonly world: KvmWorld;
  /** Slots in use of the host's pools. */
  live(): { readonly eventfds: number; readonly waiters: number };
  /** Tracepoints emitted so far, when `trace` was asked for. */
  readonly events: TraceEvent[];
}

/** What {@link fakeMachine} builds. */
export interface FakeOptions {
  readonly vms?: number;
  readonly kernel?: KernelVersion;
  readonly limits?: Partial<VmLimits>;
  readonly profile?: Partial<KernelProfile>;
  readonly eventfds?: number;
  readonly processes?: number;
  readonly trace?: boolean;
  /** Mutants by the protocol they stand in for, also where KVM itself starts it. */
  readonly swap?: ReadonlyMap<unknown, AnyProtocol<KvmWorld>>;
  /** Protocols of the test's own. */
  readonly extra?: readonly AnyProtocol<KvmWorld>[];
}

/** Builds a machine and binds its chips. */
export function fakeMachine(o: FakeOptions = {}): FakeMachine {
  const limits = { ...SMALL, ...o.limits };
  const swapped = KVM_PROTOCOLS.map((p) => o.swap?.get(p) ?? p);
  const protocols = [...swapped, ...(o.extra ?? [])];
  const kvmKind = kvmLayout(limits);
  const kind = struct('fake', {
    eventfds: eventfdsLayout(o.eventfds ?? 8),
    vm0: kvmKind,
    vm1: kvmKind,
    processes: processTable(o.processes ?? 24, protocols),
  });
  const arena = createArena(kind);
  const eventfds = createEventfds(arena.root.eventfds);
  const trace = createTrace();
  const events: TraceEvent[] = [];
  trace.listener = (event) => void events.push(event);
  trace.on = o.trace === true;
  const kvms: Kvm[] = [];
  const chips: FakeChip[] = [];
  const world: KvmWorld = { kvms };
  const plain = createProcesses<KvmWorld>(arena, arena.root.processes, { protocols, machine: world });
  const mutant = <P>(p: P): P => (o.swap?.get(p) ?? p) as P;
  const processes: Processes<KvmWorld> = {
    ...plain,
    spawn: (p, args) => plain.spawn(mutant(p), args),
    call: (p, args, read) => plain.call(mutant(p), args, read),
  };
  for (const [vm, state] of [arena.root.vm0, arena.root.vm1].slice(0, o.vms ?? 1).entries()) {
    const profile = o.profile === undefined ? {} : { profile: o.profile };
    const kernel = o.kernel ?? '6.18';
    const kvm = createKvm({ vm, state, limits, kernel, trace, eventfds, processes: () => processes, ...profile });
    const chip = fakeChip();
    kvm.bindArch(chip.arch);
    kvms.push(kvm);
    chips.push(chip);
  }
  bindIrqfdWakeups(world, eventfds);
  const live = () => ({ eventfds: arena.root.eventfds.fds.count(), waiters: arena.root.eventfds.waiters.count() });
  return { arena, world, kvms, chips, eventfds, processes, events, live };
}

const ENTRY: RouteInput = {
  gsi: 0,
  type: ROUTE.IRQCHIP,
  flags: 0,
  irqchip: 2,
  pin: 0,
  addressLo: 0,
  addressHi: 0,
  data: 0,
  devid: 0,
};

/** An irqchip route; chip 2 is the one with 24 pins. */
export const toPin = (gsi: number, pin: number, irqchip = 2): RouteInput => ({ ...ENTRY, gsi, pin, irqchip });
/** An MSI route. */
export const toMsi = (gsi: number, data: number): RouteInput => ({
  ...ENTRY,
  gsi,
  type: ROUTE.MSI,
  addressLo: 0xfee00000,
  data,
});
