// A host with its VMs, composed from the core and any backends into one arena.

import { type Arena, createArena, type Fields, type StructKind, struct, u64 } from '../arena/index.ts';
import type { AnyBackend, VmChip, VmOptions } from '../backend.ts';
import { BYPASS_PROTOCOLS, type Bypass, type BypassState, bypassLayout, createBypass } from '../bypass/index.ts';
import { ModelError } from '../errors.ts';
import { createTrace, type EventTexts, type Trace, type TraceEvent } from '../events/index.ts';
import {
  createHost,
  HOST_PROTOCOLS,
  type Host,
  type HostState,
  hostLayout,
  type SpuriousLimits,
} from '../host/index.ts';
import type { AnyHostPart, HostOptions } from '../host-part.ts';
import {
  bindIrqfdWakeups,
  createEventfds,
  createKvm,
  DEFAULT_KERNEL,
  type Eventfds,
  type EventfdsState,
  eventfdsLayout,
  type KernelProfile,
  type KernelVersion,
  KVM_LIMITS,
  KVM_PROTOCOLS,
  type Kvm,
  type KvmState,
  kvmLayout,
  type VmLimits,
} from '../kvm/index.ts';
import { createPci, type Pci, type PciState, pciLayout } from '../pci/index.ts';
import {
  type AnyProtocol,
  createProcesses,
  type Edits,
  type Processes,
  type ProcessTableView,
  processTable,
  type RunOptions,
  type RunResult,
  run,
  type Scheduler,
  straight,
} from '../protocol/index.ts';
import {
  createVfio,
  type DeviceSpec,
  type Vfio,
  type VfioState,
  vfioIntxEnable,
  vfioLayout,
  virqfdInject,
} from '../vfio/index.ts';
import { spuriousOf } from './host-options.ts';
import { attachParts, hostSizes, partsOf, partTexts, type RemapperSlot } from './parts.ts';

/** One VM of a machine. */
export interface VmSpec {
  /** Name used in scenarios; default `vm0`, `vm1`, … */
  readonly name?: string;
  readonly backend: AnyBackend;
  /** The backend's own switches, checked by its vocabulary. */
  readonly options?: VmOptions;
  readonly limits?: Partial<VmLimits>;
  /** Overrides of the kernel profile, for known-bug variants. */
  readonly profile?: Partial<KernelProfile>;
}

/** What a machine is made of. */
export interface MachineOptions {
  readonly kernel?: KernelVersion;
  readonly vms: readonly VmSpec[];
  readonly limits?: Partial<MachineLimits>;
  /** Passed-through devices of the host. */
  readonly devices?: readonly DeviceSpec[];
  /** Parts of the host beside those that the backends bring. */
  readonly parts?: readonly AnyHostPart[];
  /** HOST_OPTIONS and options of all parts, checked by whoever read them. */
  readonly host?: HostOptions;
  /** Thresholds of the host's spurious detector; small ones for `check`. */
  readonly spurious?: SpuriousLimits;
  /** Record footprints (for reductions in `check`). */
  readonly record?: boolean;
  /** Further protocols that can run here: devices, guests and VMMs as small nondeterministic agents. */
  readonly agents?: readonly AnyProtocol<Machine>[];
  /** Historical bugs and mutants: protocols that stand in for others. */
  readonly edits?: Edits;
}

/** Sizes of the host. */
export interface MachineLimits {
  /** eventfds open at once, ≤ 1023. */
  readonly eventfds: number;
  /** Processes in flight at once, ≤ 255. */
  readonly processes: number;
  /** Linux irq numbers of wired lines, 0..irqs-1. */
  readonly irqs: number;
  /** irqbypass producers and consumers, each ≤ 1023. */
  readonly bypass: number;
}

const LIMITS: MachineLimits = { eventfds: 1023, processes: 64, irqs: 64, bypass: 1023 };

/** A VM as the machine holds it. */
export interface Vm {
  readonly index: number;
  readonly name: string;
  readonly backend: AnyBackend;
  readonly kvm: Kvm;
  readonly chip: VmChip;
}

/** The composed machine. Every mutable bit is in `arena`. */
export interface Machine {
  readonly arena: Arena;
  readonly kernel: KernelVersion;
  readonly vms: readonly Vm[];
  /** The generic halves, by VM index: what KVM's protocols work on. */
  readonly kvms: readonly Kvm[];
  readonly eventfds: Eventfds;
  readonly host: Host;
  readonly bypass: Bypass;
  readonly pci: Pci;
  readonly vfio: Vfio;
  /** What the parts of the host attached, by their names. */
  readonly parts: Readonly<Record<string, unknown>>;
  readonly hostParts: readonly AnyHostPart[];
  readonly processes: Processes<Machine>;
  readonly trace: Trace & { listener: ((event: TraceEvent) => void) | null };
  /** Kernel texts of all tracepoints that can be emitted. */
  readonly texts: EventTexts;
  /** Runs queued work until nothing moves. */
  settle(scheduler?: Scheduler, options?: RunOptions): RunResult;
  /** Model time in nanoseconds. */
  now(): number;
  /** Moves the clock; timers that run out fire. */
  advance(nanoseconds: number): void;
}

interface Root {
  readonly clock: bigint;
  readonly clockLo: number;
  readonly clockHi: number;
  readonly eventfds: EventfdsState;
  readonly host: HostState;
  readonly bypass: BypassState;
  readonly pci: PciState;
  readonly vfio: VfioState;
  readonly processes: ProcessTableView;
}

function layoutOf(
  o: MachineOptions,
  limits: readonly VmLimits[],
  protocols: readonly AnyProtocol<never>[],
): StructKind {
  const host = { ...LIMITS, ...o.limits };
  const devices = o.devices?.length ?? 0;
  const fields: Record<string, Fields[string]> = {
    clock: u64,
    eventfds: eventfdsLayout(host.eventfds),
    host: hostLayout({ irqs: devices === 0 ? 1 : host.irqs, actions: devices + 8 }),
    bypass: bypassLayout(host.bypass),
    pci: pciLayout(devices),
    vfio: vfioLayout(devices),
  };
  for (const part of partsOf(o)) fields[part.name] = part.layout(sizesOf(o), o.host ?? {});
  for (const [i, vm] of o.vms.entries()) {
    const sizes = limits[i] as VmLimits;
    fields[nameOf(vm, i)] = struct(nameOf(vm, i), {
      kvm: kvmLayout(sizes),
      chip: vm.backend.layout(sizes, vm.options ?? {}),
    });
  }
  const edited = (o.edits ?? []).map(([, stand]) => stand);
  fields['processes'] = processTable(host.processes, [...protocols, ...edited]);
  return struct('machine', fields);
}

const sizesOf = (o: MachineOptions) =>
  hostSizes(
    o,
    o.vms.map((vm) => limitsOf(vm).vcpus),
  );

/** Texts of the host's own tracepoints and messages. */
const HOST_TEXTS: EventTexts = {
  irq_handler_entry: (e) => `irq=${e['irq']} name=${e['name']}`,
  irq_handler_exit: (e) => `irq=${e['irq']} ret=${e['handled'] ? 'handled' : 'unhandled'}`,
  genirq: (e) => String(e['text']),
  nobody_cared: (e) => String(e['text']),
  ipi_send_cpu: (e) => `cpu=${e['cpu']} callsite=${e['callsite']}`,
  vmm_wakeup: (e) => `eventfd ${e['eventfd']}`,
  kernel_crash: (e) => String(e['text']),
  kvm_userspace_exit: (e) => `reason ${e['reason']}`,
  kvm_vcpu_wakeup: (e) => `vcpu ${e['vcpu']}`,
};

const nameOf = (vm: VmSpec, index: number): string => vm.name ?? `vm${index}`;

const RESERVED: ReadonlySet<string> = new Set(['clock', 'eventfds', 'host', 'bypass', 'pci', 'vfio', 'processes']);

function checkNames(vms: readonly VmSpec[], parts: readonly AnyHostPart[]): void {
  const seen = new Set<string>([...RESERVED, ...parts.map((p) => p.name)]);
  for (const [i, vm] of vms.entries()) {
    const name = nameOf(vm, i);
    if (seen.has(name) || !/^[A-Za-z][A-Za-z0-9]*$/.test(name))
      throw new ModelError(
        `VM name '${name}' is ${seen.has(name) ? 'taken' : 'no name (letters and digits, a letter first)'}`,
      );
    seen.add(name);
  }
}

function limitsOf(vm: VmSpec): VmLimits {
  const { count, pins } = vm.backend.irqchips;
  return { ...KVM_LIMITS, irqchips: count, pins, ...vm.limits };
}

function uniqueProtocols(o: MachineOptions): AnyProtocol<never>[] {
  const { vms, agents = [] } = o;
  return [
    ...new Set<AnyProtocol<never>>([
      ...KVM_PROTOCOLS,
      ...BYPASS_PROTOCOLS,
      ...HOST_PROTOCOLS,
      virqfdInject,
      vfioIntxEnable,
      ...vms.flatMap((vm) => vm.backend.protocols),
      ...partsOf(o).flatMap((part) => part.protocols),
      ...agents,
    ]),
  ];
}

type VmStates = Readonly<Record<string, { kvm: KvmState; chip: never }>>;

/** Creates one VM: the generic half, then the backend's on top of it. */
function addVm(machine: Machine & { readonly vms: Vm[]; readonly kvms: Kvm[] }, spec: VmSpec, states: VmStates): void {
  const { kernel, trace, eventfds, bypass } = machine;
  const index = machine.vms.length;
  const name = nameOf(spec, index);
  const state = states[name] as VmStates[string];
  const limits = limitsOf(spec);
  const profile = spec.profile === undefined ? {} : { profile: spec.profile };
  const processes = (): never => machine.processes as never;
  const kvm = createKvm({ vm: index, state: state.kvm, limits, kernel, trace, eventfds, processes, ...profile });
  machine.kvms.push(kvm);
  for (const part of machine.hostParts) part.addVm?.(machine.parts[part.name] as never, kvm);
  const options = spec.options ?? {};
  const host = spec.backend.host === undefined ? null : machine.parts[spec.backend.host.name];
  const { now } = machine;
  const chip = spec.backend.attach(
    { vm: index, limits, kvm, trace, kernel, options, host, processes, now },
    state.chip,
  );
  kvm.bindArch(chip.arch);
  kvm.bindBypass(bypass);
  machine.vms.push({ index, name, backend: spec.backend, kvm, chip });
  // What a VMM does at start may be kernel paths, which find the VM by its index.
  chip.installDefaults?.();
}

/** The host's side: lines, bypass, devices, processes. */
function addHost(machine: Machine, o: MachineOptions, root: Root, protocols: readonly AnyProtocol<never>[]): void {
  const { trace, eventfds, kernel, now } = machine;
  const list = protocols as unknown as readonly AnyProtocol<Machine>[];
  const processes = createProcesses<Machine>(machine.arena, root.processes, {
    protocols: list,
    machine,
    edits: o.edits ?? [],
  });
  const host = createHost({
    state: root.host,
    trace,
    now,
    spurious: o.spurious ?? spuriousOf(o.host),
    condOneshot: kernel !== '6.1',
    processes: () => processes as never,
  });
  const pci = createPci(root.pci, host);
  const bypass = createBypass({ state: root.bypass, world: machine, kernel });
  const defer = (device: number): void => void processes.spawn(virqfdInject, { device });
  const slot: RemapperSlot = { bound: null };
  const remapper = () => slot.bound;
  const vfio = createVfio({
    state: root.vfio,
    specs: o.devices ?? [],
    host,
    pci,
    eventfds,
    bypass,
    defer,
    processes: () => processes as never,
    remapper,
    nointxmask: o.host?.['nointxmask'] === true,
    trace,
  });
  Object.assign(machine, { processes, host, bypass, pci, vfio });
  const states = root as unknown as Readonly<Record<string, never>>;
  Object.assign(machine, { parts: attachParts(machine, o, { sizes: sizesOf(o), states, slot }) });
}

/** Composes a machine and brings every VM to reset. Throws ModelError when names clash. */
export function createMachine(o: MachineOptions): Machine {
  checkNames(o.vms, partsOf(o));
  const protocols = uniqueProtocols(o);
  const layout = layoutOf(o, o.vms.map(limitsOf), protocols);
  const arena = createArena(layout, { record: o.record === true }) as unknown as Arena;
  const root = arena.root as unknown as Root & VmStates;
  const vms: Vm[] = [];
  const machine = {
    arena,
    kernel: o.kernel ?? DEFAULT_KERNEL,
    vms,
    kvms: [],
    hostParts: partsOf(o),
    eventfds: createEventfds(root.eventfds),
    trace: createTrace(),
    texts: Object.assign({ ...HOST_TEXTS, ...partTexts(o) }, ...o.vms.map((vm) => vm.backend.events)) as EventTexts,
    settle: (scheduler: Scheduler = straight(), options?: RunOptions) => run(machine.processes, scheduler, options),
    now: () => root.clockHi * 0x1_0000_0000 + root.clockLo,
    advance(nanoseconds: number) {
      (root as { clock: bigint }).clock = root.clock + BigInt(Math.trunc(nanoseconds));
      for (const vm of vms) vm.chip.advance?.(root.clock);
    },
  } as unknown as Machine & { readonly vms: Vm[]; readonly kvms: Kvm[] };
  addHost(machine, o, root, protocols);
  for (const spec of o.vms) addVm(machine, spec, root);
  bindIrqfdWakeups(machine, machine.eventfds);
  return machine;
}
