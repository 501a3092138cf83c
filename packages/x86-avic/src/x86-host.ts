// The host below x86 VMs: physical CPUs with what is on its way to them, and the IOMMU. One for all VMs of a machine.

import { array, struct, u1, u8, u16, type View } from '@virq/irq-core/arena';
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
import {
  type AmdState,
  amdLayout,
  deliverMessage,
  type IrData,
  mapHost,
  unmapHost,
  type VapicBus,
} from './iommu/amd.ts';
import { GA_LOG_ENTRIES } from './iommu/ga-log.ts';
import { IOMMU } from './iommu/kind.ts';
import { X86_HOST_PROTOCOLS } from './protocols/host.ts';
import { int } from './vocabulary/args.ts';
import { IOMMU_OPERATIONS } from './vocabulary/iommu-operations.ts';

/** A physical CPU: the vCPU it has loaded (1 + VM, index), whether it is in the guest, and a doorbell that it has not evaluated. Its APIC id is its number. */
const Pcpu = struct('pcpu', { vm: u8, vcpu: u16, inGuest: u1, doorbell: u1 });

/** State of the host; `irqs` is the number of Linux irqs that message vectors can have. */
export const x86HostLayout = (sizes: { readonly cpus: number; readonly irqs: number; readonly logEntries: number }) =>
  struct('x86', {
    iommu: u8,
    vapic: u1,
    cpus: array(Pcpu, sizes.cpus),
    amd: amdLayout(sizes.irqs, sizes.logEntries),
  });
export type X86HostState = View<ReturnType<typeof x86HostLayout>>;

/** A vCPU as the VMs register it: where hardware reaches it. */
export interface VapicSink {
  setIrr(vcpu: number, vector: number): void;
}

/** The host as chips and protocols use it. Host irqs are counted from the first message vector. */
export interface X86Host {
  readonly state: X86HostState;
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
  /** A CPU gets a vCPU's thread, and loses it. */
  occupy(cpu: number, vm: number, vcpu: number): void;
  vacate(vm: number, vcpu: number): void;
  enterGuest(vm: number, vcpu: number): void;
  /** Out of the guest doorbells are ignored: VMRUN looks at the IRR anyway. */
  leaveGuest(vm: number, vcpu: number): void;
  /** MSR 0xC001011B, or the IOMMU's message: a CPU in a guest evaluates its IRR anew. */
  ringDoorbell(apicId: number): void;
  /** The guest on the CPU of a vCPU has looked. */
  takeDoorbell(vm: number, vcpu: number): void;
  readonly remapper: Remapper;
}

/** Vectors of host interrupts, one per remapped irq: FIRST_EXTERNAL_VECTOR on, wrapping below the system vectors. */
const hostVector = (index: number): number => 0x22 + (index % 0xb8);

/** Creates the host over zeroed state. */
export function createX86Host(
  context: Pick<HostContext, 'trace' | 'processes'>,
  state: X86HostState,
  iommu: number,
): X86Host {
  const { trace } = context;
  const sinks: (VapicSink | undefined)[] = [];
  const { amd, cpus } = state;
  state.iommu = iommu;
  state.vapic = 1;
  amd.gaLog.running = iommu === IOMMU.amd ? 1 : 0;

  function cpuOf(vm: number, vcpu: number): number {
    for (let cpu = 0; cpu < cpus.length; cpu++)
      if (cpus.at(cpu).vm === vm + 1 && cpus.at(cpu).vcpu === vcpu) return cpu;
    return -1;
  }

  const bus = createBus({ trace, sinks, context, amd, ring: (apicId) => host.ringDoorbell(apicId) });

  const host: X86Host = {
    state,
    canPost: iommu !== IOMMU.none,
    irq: (index) => amd.irqs.at(index),
    guestVector: (index) => amd.irqs.at(index).gaVector,
    indexOf: (linuxIrq) =>
      linuxIrq < MSI_IRQ_BASE || linuxIrq - MSI_IRQ_BASE >= amd.irqs.length ? -1 : linuxIrq - MSI_IRQ_BASE,
    linuxIrq: (index) => index + MSI_IRQ_BASE,
    addVm(vm, sink) {
      sinks[vm] = sink;
    },
    occupy(cpu, vm, vcpu) {
      const c = cpus.at(cpu);
      c.vm = vm + 1;
      c.vcpu = vcpu;
    },
    vacate(vm, vcpu) {
      const cpu = cpuOf(vm, vcpu);
      if (cpu >= 0) Object.assign(cpus.at(cpu), { vm: 0, vcpu: 0, inGuest: 0, doorbell: 0 });
    },
    enterGuest(vm, vcpu) {
      const cpu = cpuOf(vm, vcpu);
      if (cpu >= 0) cpus.at(cpu).inGuest = 1;
    },
    leaveGuest(vm, vcpu) {
      const cpu = cpuOf(vm, vcpu);
      if (cpu >= 0) Object.assign(cpus.at(cpu), { inGuest: 0, doorbell: 0 });
    },
    ringDoorbell(apicId) {
      if (apicId < cpus.length && cpus.at(apicId).inGuest === 1) cpus.at(apicId).doorbell = 1;
    },
    takeDoorbell(vm, vcpu) {
      const cpu = cpuOf(vm, vcpu);
      if (cpu >= 0) cpus.at(cpu).doorbell = 0;
    },
    remapper: {
      map(irq, device) {
        const index = host.indexOf(irq);
        if (index < 0) return;
        mapHost(amd.irqs.at(index), (device + 1) << 3, hostVector(index), 0);
        amd.irqs.at(index).remapOnly = 1 - state.vapic;
      },
      unmap(irq) {
        const index = host.indexOf(irq);
        if (index >= 0) unmapHost(amd.irqs.at(index));
      },
      deliver(irq) {
        const index = host.indexOf(irq);
        if (index < 0) return 'host';
        const d = amd.irqs.at(index);
        if (trace.on && d.entry.guestMode === 1) traceposted(irq, d);
        return deliverMessage(d, amd.gaLog, bus);
      },
    },
  };

  function traceposted(irq: number, { cache, entry, isCached }: IrData): void {
    const e = isCached === 1 ? cache : entry;
    const frame = ((e.rootHi << 20) | e.rootLo) >>> 0;
    trace.emit('hw_post', { irq, vec: e.vector, vm: vmOfFrame(frame), vcpu: vcpuOfFrame(frame) });
  }
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
function sizesOf(sizes: HostSizes, options: HostOptions) {
  const amd = iommuOf(options) === IOMMU.amd;
  return {
    cpus: numberOf(options, 'cpus', 8),
    irqs: amd ? Math.max(1, sizes.devices * 32) : 1,
    logEntries: amd ? numberOf(options, 'ga_log_entries', GA_LOG_ENTRIES) : 2,
  };
}

/** The host part of the x86 backend. */
export const x86HostPart: HostPart<ReturnType<typeof x86HostLayout>['fields'], X86Host> = defineHostPart({
  name: 'x86',
  summary: 'physical CPUs and the IOMMU below x86 VMs',
  options: {
    cpus: int('physical CPUs', { min: 1, max: 254, default: 8 }),
    iommu: { type: 'enum', values: ['none', 'amd', 'intel'], default: 'none', doc: 'IOMMU that remaps interrupts' },
    vapic: {
      type: 'bool',
      default: true,
      doc: 'the AMD IOMMU can post (guest virtual APIC); false: remapping only, and irq_set_vcpu_affinity fails',
    },
    ga_log_entries: int('entries of the GA log (AMD)', { min: 2, max: GA_LOG_ENTRIES, default: GA_LOG_ENTRIES }),
  },
  layout: (sizes, options) => x86HostLayout(sizesOf(sizes, options)),
  attach(context, state) {
    const host = createX86Host(context, state, iommuOf(context.options));
    state.vapic = context.options['vapic'] === false ? 0 : 1;
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
