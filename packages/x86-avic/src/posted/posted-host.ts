// Posted interrupts as physical CPUs see them: notifications that arrive, the lists of vCPUs to wake. Linux: arch/x86/kernel/irq.c, arch/x86/kvm/vmx/posted_intr.c.

import { array, bitmap, struct, u1, type View } from '@virq/irq-core/arena';
import type { Trace } from '@virq/irq-core/events';
import { lock } from '@virq/irq-core/protocol';
import type { Pcpus } from '../pcpu.ts';
import { apicIdOf, NOTIFY, ndstOf, PiDescriptor } from './pi-descriptor.ts';

/** Sizes of {@link postedHostLayout}. */
export interface PostedHostSizes {
  readonly cpus: number;
  /** VMs × vCPUs of the largest; lists have a bit for each. */
  readonly slots: number;
  /** CPUs with a descriptor for messages that the host has posted to itself; 0 without posted_msi. */
  readonly messages: number;
}

/** wakeup_vcpus_on_cpu with its lock, by slot. Abstraction: a set; vCPUs are woken in the order of their slots. */
const wakeupList = (slots: number) => struct('wakeupList', { lock, vcpus: bitmap(Math.max(1, slots)) });

/** `x2apic` is the mode of the host's CPUs; `messages` are posted_msi_pi_desc. */
export const postedHostLayout = ({ cpus, slots, messages }: PostedHostSizes) =>
  struct('posted', {
    x2apic: u1,
    wakeups: array(wakeupList(slots), cpus),
    messages: array(PiDescriptor, messages),
  });
export type PostedHostState = View<ReturnType<typeof postedHostLayout>>;

/** A VM with APICv on VMX, as the host reaches it. */
export interface PostedVm {
  readonly descriptors: { readonly length: number; at(vcpu: number): { readonly desc: PiDescriptor } };
  isActive(vcpu: number): boolean;
  /** An interrupt for the host makes the vCPU leave the guest. */
  interruptGuest(vcpu: number): void;
}

/** What VMs and the IOMMU use. */
export interface PostedHost {
  readonly state: PostedHostState;
  addVm(vm: number, sink: PostedVm): void;
  /** Descriptor of a vCPU, or of a CPU if `vm` is -1; null if there is none. */
  descriptor(vm: number, index: number): PiDescriptor | null;
  /** NDST of a CPU. */
  ndst(cpu: number): number;
  /** A vCPU's bit in the lists, and back. */
  slot(vm: number, vcpu: number): number;
  ownerOf(slot: number): { readonly vm: number; readonly vcpu: number };
  /** An interrupt with this vector arrives at the CPU that an NDST names. */
  notify(ndst: number, vector: number): void;
}

/** What {@link createPostedHost} needs. */
export interface PostedHostParts {
  readonly state: PostedHostState;
  readonly pcpus: Pcpus;
  readonly trace: Trace;
  readonly vcpusPerVm: number;
  /** The CPU takes the wake-up vector: starts pi_wakeup_handler. */
  wakeup(cpu: number): void;
  /** The CPU takes the vector of posted messages: starts its handler. */
  messages(cpu: number): void;
}

/** Creates it over zeroed state. */
export function createPostedHost(parts: PostedHostParts): PostedHost {
  const { state, pcpus, trace, vcpusPerVm } = parts;
  const { cpus } = pcpus;
  const sinks: (PostedVm | undefined)[] = [];

  function interruptGuest(cpu: number): void {
    const { vm, vcpu, inGuest } = cpus.at(cpu);
    if (inGuest === 1) sinks[vm - 1]?.interruptGuest(vcpu);
  }

  /** What a CPU does with a vector. In a guest with APICv the posted-interrupt vector causes no exit; in the host its handler only counts. */
  const TAKES: Readonly<Record<number, (cpu: number) => void>> = {
    [NOTIFY.POSTED]: (cpu) => {
      const c = cpus.at(cpu);
      if (c.inGuest === 0) return;
      if (sinks[c.vm - 1]?.isActive(c.vcpu)) c.notification = 1;
      else interruptGuest(cpu);
    },
    [NOTIFY.WAKEUP]: (cpu) => {
      interruptGuest(cpu);
      if (cpus.at(cpu).wakeup === 1) return;
      cpus.at(cpu).wakeup = 1;
      parts.wakeup(cpu);
    },
    [NOTIFY.POSTED_MSI]: (cpu) => {
      interruptGuest(cpu);
      parts.messages(cpu);
    },
  };

  return {
    state,
    addVm(vm, sink) {
      sinks[vm] = sink;
    },
    descriptor(vm, index) {
      if (vm < 0) return index >= 0 && index < state.messages.length ? state.messages.at(index) : null;
      const all = sinks[vm]?.descriptors;
      return all !== undefined && index < all.length ? all.at(index).desc : null;
    },
    ndst: (cpu) => ndstOf(cpu, state.x2apic === 1),
    slot: (vm, vcpu) => vm * vcpusPerVm + vcpu,
    ownerOf: (slot) => ({ vm: Math.floor(slot / vcpusPerVm), vcpu: slot % vcpusPerVm }),
    notify(ndst, vector) {
      const cpu = apicIdOf(ndst, state.x2apic === 1);
      if (trace.on) trace.emit('hw_notification', { apicid: cpu, vec: vector });
      if (cpu < cpus.length) TAKES[vector]?.(cpu);
    },
  };
}
