// The host below x86 VMs: physical CPUs with what is on its way to them, and the IOMMU. One for all VMs of a machine.

import { array, struct, u1, u8, type View } from '@virq/irq-core/arena';
import {
  defineHostPart,
  type HostContext,
  type HostOptions,
  type HostPart,
  type HostSizes,
} from '@virq/irq-core/backend';
import { ModelError } from '@virq/irq-core/errors';
import type { Remapper } from '@virq/irq-core/host';
import { MSI_IRQ_BASE } from '@virq/irq-core/vfio';
import { avicEvents } from './avic/events.ts';
import { vcpuOfFrame, vmOfFrame } from './avic/tables.ts';
import { hostInspect } from './host-inspect.ts';
import { HOST_PROPERTIES } from './host-properties.ts';
import { type AmdState, amdLayout, type IrData, invalidate, setHostAffinity, type VapicBus } from './iommu/amd.ts';
import { type AmdRemapper, createAmdRemapper } from './iommu/amd-remapper.ts';
import { GA_LOG_ENTRIES } from './iommu/ga-log.ts';
import { IOMMU } from './iommu/kind.ts';
import { type VtdState, vtdLayout } from './iommu/vtd.ts';
import { createVtd, type Vtd } from './iommu/vtd-remapper.ts';
import { createPcpus, Pcpu, type Pcpus } from './pcpu.ts';
import { NOTIFY } from './posted/pi-descriptor.ts';
import { createPostedHost, type PostedHost, type PostedHostSizes, postedHostLayout } from './posted/posted-host.ts';
import { X86_HOST_PROTOCOLS } from './protocols/host.ts';
import { int } from './vocabulary/args.ts';
import { IOMMU_OPERATIONS } from './vocabulary/iommu-operations.ts';

/** Sizes of {@link x86HostLayout}; `amdIrqs` and `vtdIrqs` are the numbers of Linux irqs that message vectors can have behind either IOMMU. */
export interface X86HostSizes {
  readonly cpus: number;
  readonly amdIrqs: number;
  readonly logEntries: number;
  readonly vtdIrqs: number;
  readonly posted: PostedHostSizes;
}

/** State of the host: of the IOMMU that it does not have, nothing to speak of. */
export const x86HostLayout = ({ cpus, amdIrqs, logEntries, vtdIrqs, posted }: X86HostSizes) =>
  struct('x86', {
    iommu: u8,
    vapic: u1,
    cpus: array(Pcpu, cpus),
    amd: amdLayout(amdIrqs, logEntries),
    vtd: vtdLayout(vtdIrqs),
    posted: postedHostLayout(posted),
  });
export type X86HostState = View<ReturnType<typeof x86HostLayout>>;

/** A vCPU as the VMs register it: where hardware reaches it. */
export interface VapicSink {
  setIrr(vcpu: number, vector: number): void;
}

/** The host as chips and protocols use it. Host irqs are counted from the first message vector. */
export interface X86Host extends Omit<Pcpus, 'cpus' | 'cpuOf'> {
  readonly state: X86HostState;
  readonly pcpus: Pcpus;
  readonly posted: PostedHost;
  readonly vtd: VtdState;
  readonly vtdRemapper: Vtd;
  readonly amdRemapper: AmdRemapper;
  /** True if the IOMMU can post into guests. */
  readonly canPost: boolean;
  irq(index: number): IrData;
  /** Vector that an irq on an ir_list posts, also while AVIC is off. */
  guestVector(index: number): number;
  /** Index of a Linux irq, -1 if it is not remapped. */
  indexOf(linuxIrq: number): number;
  linuxIrq(index: number): number;
  /** A VM tells where its vCPUs' backing pages are. */
  addVm(vm: number, sink: VapicSink): void;
  /** MSR 0xC001011B, or the IOMMU's message: a CPU in a guest evaluates its IRR anew. */
  ringDoorbell(apicId: number): void;
  /** The guest on the CPU of a vCPU has looked. */
  takeDoorbell(vm: number, vcpu: number): void;
  /** irq_set_affinity of the host for an irq, counted from the first message vector. */
  setAffinity(irq: number, cpu: number): void;
  /** A CPU takes the vector of a message that was posted to the host. */
  handleVector(cpu: number, vector: number): void;
  readonly remapper: Remapper;
}

/** Vectors of host interrupts, one per remapped irq: FIRST_EXTERNAL_VECTOR on, wrapping below the system vectors. */
const hostVector = (index: number): number => 0x22 + (index % 0xb8);

/** Posted interrupts of the CPUs, whose handlers are processes. */
function createPosted({ trace, processes, sizes }: HostContext, state: X86HostState, pcpus: Pcpus): PostedHost {
  const start = (protocol: unknown, cpu: number): void => void processes().spawn(protocol as never, { cpu } as never);
  return createPostedHost({
    state: state.posted,
    pcpus,
    trace,
    vcpusPerVm: sizes.vcpus,
    wakeup: (cpu) => start(X86_HOST_PROTOCOLS.piWakeupHandler, cpu),
    messages: (cpu) => start(X86_HOST_PROTOCOLS.postedMsiNotification, cpu),
  });
}

/** What the host's options say. */
interface HostKind {
  readonly iommu: number;
  /** The AMD IOMMU can post. */
  readonly vapic: boolean;
  /** The host's CPUs are in x2APIC mode. */
  readonly x2apic: boolean;
  readonly postedMsi: boolean;
}

/** Brings zeroed state to what the options say. */
function initHost(state: X86HostState, { iommu, vapic, x2apic }: HostKind, posted: PostedHost): void {
  state.iommu = iommu;
  state.vapic = vapic ? 1 : 0;
  state.amd.gaLog.running = iommu === IOMMU.amd ? 1 : 0;
  state.vtd.x2apic = state.posted.x2apic = x2apic ? 1 : 0;
  for (let cpu = 0; cpu < state.posted.messages.length; cpu++)
    Object.assign(state.posted.messages.at(cpu), { nv: NOTIFY.POSTED_MSI, ndst: posted.ndst(cpu) });
}

/** Creates the host over zeroed state. */
export function createX86Host(context: HostContext, state: X86HostState, kind: HostKind): X86Host {
  const { trace, vfio } = context;
  const { iommu } = kind;
  const sinks: (VapicSink | undefined)[] = [];
  const { amd, cpus, vtd } = state;
  const pcpus = createPcpus(cpus);
  const posted = createPosted(context, state, pcpus);
  initHost(state, kind, posted);
  const irqs = iommu === IOMMU.intel ? vtd.irqs : amd.irqs;
  const indexOf = (linuxIrq: number): number =>
    linuxIrq < MSI_IRQ_BASE || linuxIrq - MSI_IRQ_BASE >= irqs.length ? -1 : linuxIrq - MSI_IRQ_BASE;
  const linuxIrq = (index: number): number => index + MSI_IRQ_BASE;
  const { postedMsi } = kind;
  const vtdRemapper = createVtd({ state: vtd, posted, trace, postedMsi, indexOf, linuxIrq, hostVector });

  const bus = createBus({ trace, sinks, context, amd, ring: (apicId) => host.ringDoorbell(apicId) });

  const amdRemapper = createAmdRemapper({
    ...{ state: amd, bus, trace, indexOf, linuxIrq, hostVector },
    vapic: () => state.vapic,
  });

  const host: X86Host = {
    ...pcpus,
    state,
    pcpus,
    posted,
    vtd,
    vtdRemapper,
    canPost: iommu !== IOMMU.none,
    irq: (index) => amd.irqs.at(index),
    guestVector: (index) => amd.irqs.at(index).gaVector,
    indexOf,
    linuxIrq,
    addVm(vm, sink) {
      sinks[vm] = sink;
    },
    ringDoorbell(apicId) {
      if (apicId < cpus.length && cpus.at(apicId).inGuest === 1) cpus.at(apicId).doorbell = 1;
    },
    takeDoorbell(vm, vcpu) {
      const cpu = pcpus.cpuOf(vm, vcpu);
      if (cpu >= 0) cpus.at(cpu).doorbell = 0;
    },
    setAffinity(irq, cpu) {
      if (iommu === IOMMU.intel)
        context.processes().call(X86_HOST_PROTOCOLS.intelIrSetAffinity as never, { irq, cpu } as never);
      else if (setHostAffinity(amd.irqs.at(irq), cpu)) invalidate(amd.irqs.at(irq));
    },
    handleVector(cpu, vector) {
      const irq = vtdRemapper.irqOfVector(cpu, vector);
      if (irq >= 0) vfio.msi.handle(irq >> 5, irq & 31);
    },
    amdRemapper,
    remapper: iommu === IOMMU.intel ? vtdRemapper : amdRemapper,
  };
  return host;
}

interface BusParts {
  readonly trace: HostContext['trace'];
  readonly sinks: readonly (VapicSink | undefined)[];
  readonly context: Pick<HostContext, 'processes'>;
  readonly amd: AmdState;
  ring(apicId: number): void;
}

/** What the IOMMU reaches. */
function createBus({ trace, sinks, context, amd, ring }: BusParts): VapicBus {
  return {
    setIrr(frame, vector) {
      const sink = sinks[vmOfFrame(frame)];
      sink?.setIrr(vcpuOfFrame(frame), vector);
      return sink !== undefined;
    },
    doorbell(apicId) {
      if (trace.on) trace.emit('hw_doorbell', { apicid: apicId });
      ring(apicId);
    },
    gaInterrupt() {
      if (amd.gaLog.polling === 1) return;
      amd.gaLog.polling = 1;
      if (trace.on) trace.emit('hw_ga_interrupt', {});
      context.processes().spawn(X86_HOST_PROTOCOLS.pollGaLog as never);
    },
  };
}

const numberOf = (options: HostOptions, name: string, otherwise: number): number =>
  (options[name] as number | undefined) ?? otherwise;

/** IOMMU named by the options. */
const iommuOf = (options: HostOptions): number => IOMMU[(options['iommu'] as keyof typeof IOMMU | undefined) ?? 'none'];

/** What the state is made for: without an IOMMU nothing is remapped. */
function sizesOf(sizes: HostSizes, options: HostOptions): X86HostSizes {
  const [amd, intel] = [iommuOf(options) === IOMMU.amd, iommuOf(options) === IOMMU.intel];
  const cpus = numberOf(options, 'cpus', 8);
  const irqs = Math.max(1, sizes.devices * 32);
  const slots = intel ? sizes.vms * sizes.vcpus : 0;
  return {
    cpus,
    amdIrqs: amd ? irqs : 1,
    logEntries: amd ? numberOf(options, 'ga_log_entries', GA_LOG_ENTRIES) : 2,
    vtdIrqs: intel ? irqs : 1,
    posted: { cpus: intel ? cpus : 0, slots, messages: intel && options['posted_msi'] === true ? cpus : 0 },
  };
}

/** The host part of the x86 backend. */
export const x86HostPart: HostPart<ReturnType<typeof x86HostLayout>['fields'], X86Host> = defineHostPart({
  name: 'x86',
  summary: 'physical CPUs and the IOMMU below x86 VMs',
  options: {
    cpus: int('physical CPUs', { min: 1, max: 254, default: 8 }),
    iommu: { type: 'enum', values: ['none', 'amd', 'intel'], default: 'none', doc: 'IOMMU that remaps interrupts' },
    x2apic: { type: 'bool', default: true, doc: "the host's CPUs are in x2APIC mode" },
    posted_msi: {
      type: 'bool',
      default: false,
      doc: 'messages for the host are posted too (Intel, intremap=posted_msi)',
    },
    vapic: {
      type: 'bool',
      default: true,
      doc: 'the AMD IOMMU can post (guest virtual APIC); false: remapping only, and irq_set_vcpu_affinity fails',
    },
    ga_log_entries: int('entries of the GA log (AMD)', { min: 2, max: GA_LOG_ENTRIES, default: GA_LOG_ENTRIES }),
  },
  layout: (sizes, options) => x86HostLayout(sizesOf(sizes, options)),
  attach(context, state) {
    const { options } = context;
    const host = createX86Host(context, state, {
      iommu: iommuOf(options),
      vapic: options['vapic'] !== false,
      x2apic: options['x2apic'] !== false,
      postedMsi: options['posted_msi'] === true,
    });
    if (host.canPost) context.bindRemapper(host.remapper);
    return host;
  },
  protocols: Object.values(X86_HOST_PROTOCOLS),
  properties: HOST_PROPERTIES,
  operations: IOMMU_OPERATIONS,
  events: avicEvents,
  inspect: hostInspect,
});

/** The host of a VM's context. */
export function hostOf(host: unknown): X86Host {
  if (host === null) throw new ModelError('an x86 VM without its host part');
  return host as X86Host;
}
