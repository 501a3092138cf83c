// The host below POWER VMs: XIVE, OPAL, PHB sources of passed-through devices, and Linux' irq chip over them. Linux: arch/powerpc/sysdev/xive/{common,native}.c.

import {
  defineHostPart,
  type HostContext,
  type HostOptions,
  type HostPart,
  type HostSizes,
} from '@virq/irq-core/backend';
import { ModelError } from '@virq/irq-core/errors';
import type { Remapper, RemapResult } from '@virq/irq-core/host';
import { MSI_IRQ_BASE } from '@virq/irq-core/vfio';
import { powerEvents } from '../events.ts';
import { ESB, ESB_PAGE, PQ } from '../hw/esb.ts';
import { SOURCE_KIND } from '../hw/layout.ts';
import { ARCHITECTURE } from '../hw/profile.ts';
import { createXive, type Xive } from '../hw/xive.ts';
import { HOST_VP } from '../opal/context.ts';
import { createOpal, type Opal } from '../opal/opal.ts';
import { DEFAULT_MAX_VCPUS, powerOfTwo } from '../options.ts';
import { POWER_HOST_PROTOCOLS } from '../protocols/host.ts';
import { int } from '../vocabulary/args.ts';
import { HOST_OPERATIONS } from '../vocabulary/host-operations.ts';
import { hostInspect } from './host-inspect.ts';
import { type HostIrq, type PowerHostSizes, type PowerHostState, powerHostLayout } from './layout.ts';

/** Vectors of a device that have a source each. */
export const VECTORS = 32;
/** Priority of the host's own interrupts. */
export const HOST_PRIORITY = 7;

/** The host as chips and protocols use it. Host irqs are counted from the first message vector. */
export interface PowerHost {
  readonly state: PowerHostState;
  readonly xive: Xive;
  readonly opal: Opal;
  /** The host's VFIO, by which vectors get their eventfds. */
  readonly vfio: HostContext['vfio'];
  /** ibm,single-escalation-support of the firmware: POWER9 DD2 and later. */
  readonly singleEscalation: boolean;
  /** vp-save-restore of the firmware: POWER10. */
  readonly saveRestore: boolean;
  irq(index: number): HostIrq;
  /** Index of the hardware source of a host irq. */
  sourceOf(index: number): number;
  /** Index of a Linux irq, -1 if it is no message vector of a device. */
  indexOf(linuxIrq: number): number;
  linuxIrq(index: number): number;
  /** What a CPU does when the host's queue has an entry: the driver's handler. */
  handle(index: number): void;
  /** xive_irq_eoi. */
  eoi(index: number): void;
  /** EAS of a host irq back to the host's CPU. */
  routeToHost(index: number): void;
  /** What runs on a hardware thread. */
  place(thread: number, vm: number, vcpu: number): void;
  /** Tells a VM that an exception line of its vCPU has risen. */
  onSignal(vm: number, signalled: (vcpu: number) => void): void;
  /** Chips of the VMs of this host, for what one VMM does to another: migration. Null for a VM that there is not. */
  enroll(vm: number, chip: unknown): void;
  peer(vm: number): unknown;
  /** A VMM's mappings of files that share one address_space: file page and number of pages go from all of them. */
  onZap(vm: number, zap: (filePage: number, pages: number) => void): void;
  zapAll(filePage: number, pages: number): void;
  /** Tells a VM that an escalation interrupt of the host is for it; lirq numbers from {@link ESCALATION_LIRQ} on. */
  onEscalation(vm: number, escalated: (vcpu: number, priority: number) => void): void;
}

/** Data of escalations in the host's queue: above all Linux irqs. VM in bits 29:18, vCPU in bits 17:3, priority in bits 2:0. */
export const ESCALATION_LIRQ = 0x40000000;
export const escalationLirq = (vm: number, vcpu: number, priority: number): number =>
  ESCALATION_LIRQ + vm * 2 ** 18 + vcpu * 8 + priority;

type Escalated = (vcpu: number, priority: number) => void;

/** Sources of device vectors come first. */
function initSources(state: PowerHostState, irqs: number): void {
  for (let index = 0; index < irqs; index++)
    Object.assign(state.xive.sources.at(index), { kind: SOURCE_KIND.PHB_MSI, pages: 1, valid: 1, masked: 1 });
}

/** Creates the host over zeroed state. */
export function createPowerHost(context: HostContext, state: PowerHostState): PowerHost {
  const { trace, options, vfio } = context;
  const escalated: (Escalated | undefined)[] = [];
  const peers: unknown[] = [];
  const zaps: (((filePage: number, pages: number) => void) | undefined)[] = [];
  const signals: (((vcpu: number) => void) | undefined)[] = [];
  const spawn = (protocol: unknown, args: object): void =>
    void context.processes().spawn(protocol as never, args as never);

  function hostEntry(data: number): void {
    if (data >= ESCALATION_LIRQ) {
      const rest = data - ESCALATION_LIRQ;
      escalated[rest >>> 18]?.((rest >>> 3) & 0x7fff, rest & 7);
      return;
    }
    state.irqs.at(data).queued++;
    spawn(POWER_HOST_PROTOCOLS.xiveHostIrq, { irq: data });
  }

  state.xive.delayed = options['delayed_events'] === true ? 1 : 0;
  const xive = createXive({
    state: state.xive,
    trace,
    generation: options['generation'] === 'power10' ? 2 : 1,
    profile: { ...ARCHITECTURE, cpprWithdraws: options['cppr_withdraws_signal'] !== false },
    host: hostEntry,
    fabric: (source) => spawn(POWER_HOST_PROTOCOLS.xiveEvent, { source }),
    signalled(thread) {
      const { vm, vcpu } = state.cpus.at(thread);
      if (vm > 0) signals[vm - 1]?.(vcpu);
    },
  });
  const opal = createOpal(state, xive);
  initSources(state, state.irqs.length);

  const host: PowerHost = {
    state,
    xive,
    opal,
    vfio,
    singleEscalation: options['single_escalation'] !== false,
    saveRestore: state.xive.generation === 2,
    irq: (index) => state.irqs.at(index),
    sourceOf: (index) => index,
    indexOf(linuxIrq) {
      const index = linuxIrq - MSI_IRQ_BASE;
      return index >= 0 && index < state.irqs.length ? index : -1;
    },
    linuxIrq: (index) => index + MSI_IRQ_BASE,
    handle: (index) => vfio.msi.handle(Math.floor(index / VECTORS), index % VECTORS),
    eoi(index) {
      const irq = state.irqs.at(index);
      if (irq.queued > 0) irq.queued--;
      irq.staleP = irq.forwarded;
      if (irq.forwarded === 0) sourceEoi(xive, index);
      irq.savedP = 0;
    },
    routeToHost(index) {
      opal.irqs.configure(opal.irqs.numberOf(index), { vp: HOST_VP, priority: HOST_PRIORITY, lirq: index });
    },
    place(thread, vm, vcpu) {
      Object.assign(state.cpus.at(thread), { vm, vcpu });
    },
    onSignal(vm, signalled) {
      signals[vm] = signalled;
    },
    enroll(vm, chip) {
      peers[vm] = chip;
    },
    peer: (vm) => peers[vm] ?? null,
    onZap(vm, zap) {
      zaps[vm] = zap;
    },
    zapAll(filePage, pages) {
      for (const zap of zaps) zap?.(filePage, pages);
    },
    onEscalation(vm, run) {
      escalated[vm] = run;
    },
  };
  return host;
}

/** xive_do_source_eoi, without StoreEOI: SET_PQ_00, and a new trigger if Q was set. */
export function sourceEoi({ sources }: Xive, source: number): void {
  const s = sources.at(source);
  if (s.storeEoi === 1) sources.store(source, ESB_PAGE.MANAGEMENT, ESB.STORE_EOI);
  else if (s.lsi === 1) sources.load(source, ESB_PAGE.MANAGEMENT, ESB.LOAD_EOI);
  else if ((sources.load(source, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_00) & 1) === 1)
    sources.store(source, ESB_PAGE.TRIGGER, 0);
}

/** Devices' messages go to their sources; what the host gets of them it handles as a process. */
function createPhb({ state, xive, indexOf, routeToHost }: PowerHost): Remapper {
  return {
    map(irq) {
      const index = indexOf(irq);
      Object.assign(state.irqs.at(index), { requested: 1, hasTarget: 1, data: 1, savedP: 0, staleP: 0 });
      routeToHost(index);
      xive.sources.load(index, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_00);
    },
    unmap(irq) {
      const index = indexOf(irq);
      const h = state.irqs.at(index);
      const pq = xive.sources.load(index, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_01);
      Object.assign(h, { requested: 0, hasTarget: 0, savedP: pq >>> 1 });
    },
    deliver(irq): RemapResult {
      const index = indexOf(irq);
      const before = xive.state.sources.at(index).pq;
      xive.sources.trigger(index);
      return before === PQ.RESET ? 'posted' : 'aborted';
    },
  };
}

const numberOf = (options: HostOptions, name: string, otherwise: number): number =>
  (options[name] as number | undefined) ?? otherwise;

function sizesOf({ vms, vcpus, devices }: HostSizes, options: HostOptions): PowerHostSizes {
  const irqs = devices * VECTORS;
  const nvts = numberOf(options, 'vps', powerOfTwo(vms * Math.max(DEFAULT_MAX_VCPUS, powerOfTwo(vcpus)) * 2));
  return {
    vms,
    irqs,
    xive: {
      sources: irqs + numberOf(options, 'ipis', 64 * vms),
      ends: nvts * 8,
      nvts,
      threads: numberOf(options, 'threads', 8),
      frames: powerOfTwo(numberOf(options, 'frames', 64)),
    },
  };
}

/** The host part of the POWER backend. */
export const powerHostPart: HostPart<ReturnType<typeof powerHostLayout>['fields'], PowerHost> = defineHostPart({
  name: 'power',
  summary: 'XIVE, OPAL and PHB sources below POWER VMs',
  options: {
    generation: { type: 'enum', values: ['power9', 'power10'], default: 'power9', doc: 'XIVE generation' },
    threads: int('hardware threads that run vCPUs', { min: 1, max: 128, default: 8 }),
    ipis: int('sources that OPAL can hand out', { min: 1, max: 16384, optional: true }),
    vps: int('virtual processors of the chip, a power of two', { min: 2, max: 8192, optional: true }),
    frames: int('4 KiB frames of memory that can be written', { min: 1, max: 65536, default: 64 }),
    single_escalation: { type: 'bool', default: true, doc: 'the firmware offers single escalation (POWER9 DD2)' },
    delayed_events: { type: 'bool', default: false, doc: 'events take their time from source to END' },
    cppr_withdraws_signal: {
      type: 'bool',
      default: true,
      doc: 'a CPPR that closes takes back a signal that is not acknowledged',
    },
  },
  layout: (sizes, options) => powerHostLayout(sizesOf(sizes, options)),
  attach(context, state) {
    const host = createPowerHost(context, state);
    context.bindRemapper(createPhb(host));
    return host;
  },
  protocols: Object.values(POWER_HOST_PROTOCOLS),
  properties: [],
  operations: HOST_OPERATIONS,
  events: powerEvents,
  inspect: hostInspect,
});

/** The host of a VM's context. */
export function hostOf(host: unknown): PowerHost {
  if (host === null) throw new ModelError('a POWER VM without its host part');
  return host as PowerHost;
}
