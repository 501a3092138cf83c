// A machine under the hand of a scenario or of `virq exec`: names for eventfds, the core's operations, what `observe` shows.

import { EAGAIN, EINVAL, ENXIO } from '../errors.ts';
import { formatEvent, type TraceEvent } from '../events/index.ts';
import type { PartTarget } from '../host-part.ts';
import { FD_NOT_EVENTFD, IRQFD_FLAG, type IrqfdArgs, ROUTE, type RouteInput, SOURCE } from '../kvm/index.ts';
import { DEVICE_OPERATIONS } from './device-operations.ts';
import type { Machine, Vm } from './machine.ts';
import { type ArgSpec, type Args, type Json, OK, type Operation, type OpResult } from './vocabulary.ts';

/** The target of the core's operations. */
export interface Session {
  readonly machine: Machine;
  /** The VM that operations are about when they do not name one. */
  vm: Vm;
  /** fd of an eventfd by name, made on first use. */
  eventfd(name: string): number;
  /** Index of a passed-through device by name, -1 if there is none. */
  device(name: string): number;
  /** Names of the eventfds made so far, in order. */
  eventfdNames(): readonly string[];
  /** Keys that {@link Session.observe} shows. */
  observed: readonly string[];
  /** The chosen state in the shape of the recorded vectors. */
  observe(): Readonly<Record<string, Json>>;
  /** Tracepoint lines since the last call, as the kernel prints them without time. */
  takeTrace(): string[];
  tracing: boolean;
  /** Whether queued work runs to the end after each operation. */
  readonly settles: boolean;
}

/** Eventfds whose descriptor is no eventfd, or closed, for errno tests: `/dev/null` and `-1`. */
const SPECIAL_FDS: Readonly<Record<string, number>> = { '/dev/null': FD_NOT_EVENTFD, '-1': 0xfffe };

function defaultKeys({ backend, chip }: Vm): readonly string[] {
  const { observeDefault } = backend.vocabulary;
  return typeof observeDefault === 'function' ? observeDefault(chip as never) : observeDefault;
}

/** Opens a session on a machine. The first VM is the current one. */
export function createSession(machine: Machine, settles = true): Session {
  const fds = new Map<string, number>();
  let lines: TraceEvent[] = [];
  machine.trace.listener = (event) => void lines.push(event);
  const first = machine.vms[0] as Vm;
  const session: Session = {
    machine,
    vm: first,
    settles,
    tracing: false,
    observed: defaultKeys(first),
    eventfd(name) {
      const known = SPECIAL_FDS[name] ?? fds.get(name);
      if (known !== undefined) return known;
      const fd = machine.eventfds.create();
      if (fd >= 0) fds.set(name, fd);
      return fd;
    },
    device: (name) => machine.vfio.specs.findIndex((d) => d.name === name),
    eventfdNames: () => [...fds.keys()].filter((name) => machine.eventfds.check(fds.get(name) as number) === 0),
    observe() {
      const { vocabulary } = session.vm.backend;
      const show = (key: string): Json => {
        if (key === 'efd') return counters(session);
        return Object.hasOwn(vocabulary.observe, key)
          ? (vocabulary.observe[key]?.(session.vm.chip as never) ?? null)
          : null;
      };
      return Object.fromEntries(session.observed.map((key) => [key, show(key)]));
    },
    takeTrace() {
      const taken = lines.map((event) => formatEvent(event, machine.texts));
      lines = [];
      return taken;
    },
  };
  return session;
}

const counters = (s: Session): Json =>
  Object.fromEntries(s.eventfdNames().map((name) => [name, s.machine.eventfds.count(s.eventfd(name))]));

const u32 = (doc: string, more: Partial<ArgSpec> = {}): ArgSpec => ({ type: 'int', doc, ...more }) as ArgSpec;
const bit = (doc: string, more: Partial<ArgSpec> = {}): ArgSpec =>
  ({ type: 'int', min: 0, max: 1, doc, ...more }) as ArgSpec;
const name = (doc: string, more: Partial<ArgSpec> = {}): ArgSpec =>
  ({ type: 'name', of: 'an eventfd', doc, ...more }) as ArgSpec;

/** Chips a route may name, by their KVM number. */
const CHIPS: readonly string[] = ['pic_master', 'pic_slave', 'ioapic'];
const TYPES: Readonly<Record<string, number>> = { irqchip: ROUTE.IRQCHIP, msi: ROUTE.MSI };

const ENTRY: Readonly<Record<string, ArgSpec>> = {
  gsi: u32('guest system interrupt number'),
  type: {
    type: 'either',
    of: [
      { type: 'enum', values: ['irqchip', 'msi'], doc: '' },
      { type: 'int', doc: '' },
    ],
    doc: 'kind of route, by name or KVM_IRQ_ROUTING_* number',
  },
  chip: {
    type: 'either',
    of: [
      { type: 'enum', values: CHIPS, doc: '' },
      { type: 'int', doc: '' },
    ],
    doc: 'irqchip of an irqchip route',
    default: 0,
  },
  pin: u32('pin of that irqchip', { default: 0 }),
  address_lo: u32('MSI address, low 32 bits', { default: 0 }),
  address_hi: u32('MSI address, high 32 bits', { default: 0 }),
  data: u32('MSI data', { default: 0 }),
  flags: u32('entry flags; bit 0: devid is valid', { default: 0 }),
  devid: u32('device id of the sender', { default: 0 }),
};

/** A routing entry from checked arguments. */
export function routeInput(e: Args): RouteInput {
  const n = (key: string): number => e[key] as number;
  return {
    gsi: n('gsi'),
    type: TYPES[e['type'] as string] ?? n('type'),
    flags: n('flags'),
    irqchip: typeof e['chip'] === 'string' ? CHIPS.indexOf(e['chip']) : n('chip'),
    pin: n('pin'),
    addressLo: n('address_lo'),
    addressHi: n('address_hi'),
    data: n('data'),
    devid: n('devid'),
  };
}

/** The routing entries of checked arguments of `set_gsi_routing`. */
export const routeInputs = (args: Args): RouteInput[] => (args['entries'] as Args[]).map(routeInput);

function irqLine(s: Session, args: Args): OpResult {
  const { kvm, chip } = s.vm;
  if (!chip.arch.canSetIrqRouting()) return { ret: -ENXIO };
  const wantsStatus = args['status'] as boolean;
  const status = kvm.setIrq(0, args['gsi'] as number, args['level'] as number, wantsStatus);
  return { ret: 0, out: { status: wantsStatus ? status : null } };
}

/** struct kvm_irqfd from checked arguments of `irqfd`; eventfds are made on first use. */
export function irqfdArgs(s: Session, args: Args): IrqfdArgs {
  const resample = args['resample'] as string | undefined;
  const deassign = args['deassign'] as boolean;
  const flags =
    (args['flags'] as number) |
    (deassign ? IRQFD_FLAG.DEASSIGN : 0) |
    (resample === undefined ? 0 : IRQFD_FLAG.RESAMPLE);
  return {
    fd: s.eventfd(args['name'] as string),
    resamplefd: resample === undefined ? 0 : s.eventfd(resample),
    gsi: args['gsi'] as number,
    flags,
  };
}

function irqfd(s: Session, args: Args): OpResult {
  const request = irqfdArgs(s, args);
  return { ret: s.settles ? s.vm.kvm.irqfd(request) : Math.min(0, s.vm.kvm.startIrqfd(request)) };
}

function signalMsi(s: Session, args: Args): OpResult {
  const n = (key: string): number => args[key] as number;
  const message = {
    type: ROUTE.MSI,
    irqchip: 0,
    pin: 0,
    addressLo: n('address_lo'),
    addressHi: n('address_hi'),
    data: n('data'),
    flags: n('flags'),
    devid: n('devid'),
  };
  return { ret: s.vm.kvm.signalMsi(message) };
}

const { gsi, address_lo, address_hi, data, flags, devid } = ENTRY as Readonly<Record<string, ArgSpec>> as {
  [K in 'gsi' | 'address_lo' | 'address_hi' | 'data' | 'flags' | 'devid']: ArgSpec;
};

/** Operations that every backend has, because generic KVM has them. */
export const CORE_OPERATIONS: Readonly<Record<string, Operation<Session>>> = {
  set_gsi_routing: {
    summary: 'KVM_SET_GSI_ROUTING: replaces the whole routing table',
    args: {
      entries: { type: 'list', of: { type: 'object', fields: ENTRY, doc: 'one route' }, doc: 'the new table' },
      flags: u32('table flags', { default: 0 }),
    },
    run(s, args) {
      const set = s.settles ? s.vm.kvm.setGsiRouting : s.vm.kvm.startSetGsiRouting;
      return { ret: set(routeInputs(args), args['flags'] as number) };
    },
  },
  irq_line: {
    summary: 'KVM_IRQ_LINE or KVM_IRQ_LINE_STATUS: sets the level of a GSI for source 0',
    args: {
      gsi,
      level: bit('1 asserted, 0 not'),
      status: { type: 'bool', default: true, doc: 'report the delivery result' },
    },
    run: irqLine,
  },
  signal_msi: {
    summary: 'KVM_SIGNAL_MSI: delivers one message',
    args: { address_lo: { ...address_lo }, address_hi, data, flags, devid },
    run: signalMsi,
  },
  irqfd: {
    summary: 'KVM_IRQFD: binds an eventfd to a GSI, or unbinds it',
    args: {
      name: name('the trigger eventfd'),
      gsi,
      resample: name('the resamplefd; makes the irqfd level-triggered', { optional: true }),
      flags: u32('further flags', { default: 0 }),
      deassign: { type: 'bool', default: false, doc: 'unbind' },
    },
    run: irqfd,
  },
  eventfd: {
    summary: 'eventfd2: opens an eventfd with an initial count',
    args: { name: name('its name'), initial: u32('initial count', { default: 0 }) },
    run(s, args) {
      const fd = s.eventfd(args['name'] as string);
      const initial = args['initial'] as number;
      if (fd < 0) return { ret: fd };
      return initial > 0 ? { ret: s.machine.eventfds.write(fd, initial) } : OK;
    },
  },
  efd_write: {
    summary: 'write(2) to an eventfd: adds to the count and wakes its waiters',
    args: { name: name('the eventfd'), n: u32('what to add', { default: 1 }) },
    run: (s, args) => ({ ret: s.machine.eventfds.write(s.eventfd(args['name'] as string), args['n'] as number) }),
  },
  efd_read: {
    summary: 'read(2) of an eventfd: takes the count',
    args: { name: name('the eventfd') },
    run(s, args) {
      const count = s.machine.eventfds.read(s.eventfd(args['name'] as string));
      return count < 0 ? { ret: count } : { ret: 0, out: { count } };
    },
  },
  vmm_relay: {
    summary: 'a VMM without irqfd: woken by the eventfd it reads it and signals the GSI with KVM_IRQ_LINE, up and down',
    args: { name: name('the eventfd'), gsi },
    run(s, args) {
      const count = s.machine.eventfds.read(s.eventfd(args['name'] as string));
      if (count <= 0) return { ret: count === 0 ? -EAGAIN : count };
      if (s.machine.trace.on) s.machine.trace.emit('vmm_wakeup', { eventfd: args['name'] as string });
      for (const level of [1, 0]) s.vm.kvm.setIrq(SOURCE.USERSPACE, args['gsi'] as number, level, false);
      return OK;
    },
  },
  efd_close: {
    summary: 'close(2) of the last reference to an eventfd',
    args: { name: name('the eventfd') },
    run: (s, args) => ({ ret: s.machine.eventfds.close(s.eventfd(args['name'] as string)) }),
  },
  observe: {
    summary: 'chooses the state that every result shows',
    args: { what: { type: 'list', of: { type: 'name', of: 'a part of the state', doc: 'key' }, doc: 'keys' } },
    run(s, args) {
      const what = args['what'] as string[];
      const known = what.every((key) => key === 'efd' || Object.hasOwn(s.vm.backend.vocabulary.observe, key));
      if (!known) return { ret: -EINVAL };
      s.observed = what;
      return OK;
    },
  },
  trace: {
    summary: 'switches the tracepoint lines of every result on or off',
    args: { on: { type: 'bool', default: true, doc: 'on or off' } },
    run(s, args) {
      s.tracing = s.machine.trace.on = args['on'] as boolean;
      return OK;
    },
  },
  advance: {
    summary: 'moves the model clock; timers that run out fire',
    args: { ns: { type: 'int', max: Number.MAX_SAFE_INTEGER, doc: 'nanoseconds' } },
    run(s, args) {
      s.machine.advance(args['ns'] as number);
      return OK;
    },
  },
};

/** The operation of a host part. */
function partOperation(s: Session, op: string): ReturnType<typeof findOperation> {
  const part = s.machine.hostParts.find(({ operations }) => Object.hasOwn(operations, op));
  const operation = part?.operations[op];
  if (part === undefined || operation === undefined) return undefined;
  const target: PartTarget<unknown> = {
    part: s.machine.parts[part.name],
    device: s.device,
    eventfd: s.eventfd,
    vm: s.vm.index,
  };
  return { args: operation.args, run: (args) => operation.run(target as never, args), isBusy: () => false };
}

/** An operation with what it works on. */
interface FoundOperation {
  readonly args: Operation<never>['args'];
  run(args: Args): OpResult;
  isBusy(args: Args): boolean;
}

/** The operation of a name for the session's current VM: the backend's own words first, then the core's. */
export function findOperation(s: Session, op: string): FoundOperation | undefined {
  const { operations } = s.vm.backend.vocabulary;
  const own = Object.hasOwn(operations, op) ? operations[op] : undefined;
  if (own !== undefined) {
    const chip = s.vm.chip as never;
    return { args: own.args, run: (args) => own.run(chip, args), isBusy: (args) => own.isBusy?.(chip, args) === true };
  }
  const core = [CORE_OPERATIONS, DEVICE_OPERATIONS].find((table) => Object.hasOwn(table, op))?.[op];
  if (core === undefined) return partOperation(s, op);
  return { args: core.args, run: (args) => core.run(s, args), isBusy: () => false };
}

/** Names of all operations of the current VM, each once: a backend may have a word of its own for one of the core's. */
export function operationNames(s: Session): string[] {
  return [
    ...new Set([
      ...Object.keys(CORE_OPERATIONS),
      ...Object.keys(DEVICE_OPERATIONS),
      ...Object.keys(s.vm.backend.vocabulary.operations),
      ...s.machine.hostParts.flatMap((part) => Object.keys(part.operations)),
    ]),
  ];
}
