// One VM's AVIC: which vCPUs are accelerated, their table entries, and how software tells a vCPU of an interrupt. Linux: arch/x86/kvm/svm/avic.c, svm.c.

import type { Trace } from '@virq/irq-core/events';
import { VCPU_MODE, type Vcpus } from '@virq/irq-core/kvm';
import { DELIVERY_MODE } from '../events.ts';
import type { X86Host } from '../x86-host.ts';
import { type InhibitReason, inhibitBit } from './inhibit.ts';
import {
  APICV,
  type AvicState,
  type AvicVcpu,
  backingFrame,
  gaTag,
  MAX_PHYSICAL_ID,
  type PhysicalIdEntry,
  setEntryFrame,
  type TagBits,
  vcpuOfTag,
} from './tables.ts';

/** What differs between kernels in AVIC. */
export interface AvicProfile {
  /** Bits of the GA tag that name the vCPU. */
  readonly tagBits: TagBits;
  /** GALogIntr is set only while the vCPU blocks (6.17); before, in every entry in guest mode. */
  readonly logsOnlyBlocking: boolean;
}

/** AVIC of one VM. */
export interface Avic {
  readonly vm: number;
  readonly state: AvicState;
  readonly profile: AvicProfile;
  readonly host: X86Host;
  readonly vcpus: Vcpus;
  readonly trace: Trace;
  /** One of {@link APICV}. */
  readonly mode: number;
  at(vcpu: number): AvicVcpu;
  /** kvm_vcpu_apicv_active. */
  isActive(vcpu: number): boolean;
  /** Copies of the vCPU's entry in which IsRunning is kept: KVM's, and the hardware's unless erratum 1235 forbids it. */
  runningEntries(vcpu: number): readonly PhysicalIdEntry[];
  /** The vCPU's entry in the hardware's table, null if its id has none. */
  tableEntry(vcpu: number): PhysicalIdEntry | null;
  /** vCPU id by index, the guest's physical APIC id. */
  idOf(vcpu: number): number;
  /** AVIC_GATAG of a vCPU. */
  tagOf(vcpu: number): number;
  /** vCPU that a tag names, -1 if none. */
  vcpuOfTag(tag: number): number;
  frameOf(vcpu: number): number;
  /** Hardware or software sets a vector in the backing page: the LAPIC's register page. */
  setIrr(vcpu: number, vector: number): void;
  /** kvm_vcpu_check_block: a halted vCPU has something to do. */
  mustStayAwake(vcpu: number): boolean;
  /** svm_complete_interrupt_delivery of an active vCPU: doorbell in the guest, else a wake-up. */
  ring(vcpu: number): void;
  /** trace_kvm_apicv_accept_irq. */
  traceAccepted(vcpu: number, irq: { readonly vector: number; readonly mode: number; readonly trigger: number }): void;
}

/** What {@link createAvic} needs. */
export interface AvicParts {
  readonly vm: number;
  readonly state: AvicState;
  readonly mode: number;
  readonly profile: AvicProfile;
  readonly host: X86Host;
  readonly vcpus: Vcpus;
  readonly trace: Trace;
  /** vCPU id by index, the guest's physical APIC id. */
  idOf(vcpu: number): number;
  setIrr(vcpu: number, vector: number): void;
  mustStayAwake(vcpu: number): boolean;
  /** False on processors with erratum 1235: the table never says that a vCPU runs, so that every IPI exits. */
  readonly ipiv: boolean;
}

const isAvic = (mode: number): boolean => mode === APICV.AVIC || mode === APICV.X2AVIC;

/** Creates AVIC over zeroed state. Without it, no vCPU is ever active. */
export function createAvic(parts: AvicParts): Avic {
  const { vm, state, mode, profile, host, vcpus, trace } = parts;
  const views = Array.from({ length: state.vcpus.length }, (_, vcpu) => state.vcpus.at(vcpu));
  const at = (vcpu: number): AvicVcpu => views[vcpu] as AvicVcpu;
  state.mode = mode;
  state.vmId = vm + 1;

  return {
    ...{ vm, state, profile, host, vcpus, trace, mode, at },
    isActive: (vcpu) => at(vcpu).active === 1,
    tableEntry(vcpu) {
      const id = parts.idOf(vcpu);
      return isAvic(mode) && id < state.physical.length ? state.physical.at(id) : null;
    },
    tagOf: (vcpu) => gaTag(state.vmId, profile.tagBits === 8 ? parts.idOf(vcpu) : vcpu, profile.tagBits),
    vcpuOfTag(tag) {
      const named = vcpuOfTag(tag, profile.tagBits);
      for (let vcpu = 0; vcpu < vcpus.count; vcpu++)
        if ((profile.tagBits === 8 ? parts.idOf(vcpu) : vcpu) === named) return vcpu;
      return -1;
    },
    frameOf: (vcpu) => backingFrame(vm, vcpu),
    runningEntries(vcpu) {
      const entry = parts.ipiv ? this.tableEntry(vcpu) : null;
      return entry === null ? [at(vcpu).entry] : [at(vcpu).entry, entry];
    },
    idOf: parts.idOf,
    setIrr: parts.setIrr,
    mustStayAwake: parts.mustStayAwake,
    ring(vcpu) {
      if (vcpus.mode(vcpu) !== VCPU_MODE.IN_GUEST_MODE) {
        vcpus.wakeUp(vcpu);
        return;
      }
      const cpu = vcpus.pcpu(vcpu);
      if (trace.on) trace.emit('kvm_avic_doorbell', { vcpuid: parts.idOf(vcpu), apicid: cpu });
      host.ringDoorbell(cpu);
    },
    traceAccepted(vcpu, { vector, mode, trigger }) {
      if (!trace.on) return;
      const name = DELIVERY_MODE[mode] as string;
      trace.emit('kvm_apicv_accept_irq', { apicid: parts.idOf(vcpu), vec: vector, mode: name, trigger });
    },
  };
}

/** avic_vm_init and avic_init_vcpu for all vCPUs: entries made valid, AVIC on unless something stands against it. */
export function initAvic(a: Avic): void {
  if (!isAvic(a.mode)) return;
  for (let vcpu = 0; vcpu < a.vcpus.count; vcpu++) initVcpu(a, vcpu);
  for (let vcpu = 0; vcpu < a.vcpus.count; vcpu++) a.at(vcpu).active = a.state.inhibits === 0 ? 1 : 0;
}

function initVcpu(a: Avic, vcpu: number): void {
  const v = a.at(vcpu);
  v.dfr = 0xffffffff;
  setEntryFrame(v.entry, a.frameOf(vcpu));
  v.entry.valid = 1;
  const entry = a.tableEntry(vcpu);
  if (entry === null) {
    addInhibit(a, 'PHYSICAL_ID_TOO_BIG');
    return;
  }
  setEntryFrame(entry, a.frameOf(vcpu));
  entry.valid = 1;
}

function addInhibit(a: Avic, reason: InhibitReason): void {
  a.state.inhibits |= inhibitBit(reason);
}

/** Entries that the physical table of a VM has: up to the greatest id in use, within the hardware's limit. */
export function physicalIds(mode: number, greatestId: number): number {
  if (!isAvic(mode)) return 0;
  const limit = mode === APICV.X2AVIC ? MAX_PHYSICAL_ID.X2AVIC : MAX_PHYSICAL_ID.AVIC;
  return Math.min(greatestId, limit) + 1;
}
