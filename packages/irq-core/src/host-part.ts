// A part of the host below KVM that belongs to an architecture or a kernel module, shared by all VMs: physical CPUs, the IOMMU, a driver.

import type { Fields, StructKind, StructView } from './arena/index.ts';
import type { InspectSection } from './backend.ts';
import type { EventTexts, Trace } from './events/index.ts';
import type { Host, Remapper } from './host/index.ts';
import type { Eventfds } from './kvm/eventfd.ts';
import type { Kvm } from './kvm/index.ts';
import type { KernelVersion } from './kvm/kernel.ts';
import type { ArgSpec, Operation } from './machine/vocabulary.ts';
import type { Pci } from './pci/index.ts';
import type { AnyProtocol, Processes } from './protocol/index.ts';
import type { Vfio } from './vfio/index.ts';

/** Fields of a scenario's `host:` section that belong to a part, checked against {@link HostPart.options}. */
export type HostOptions = Readonly<Record<string, unknown>>;

/** Sizes a part may depend on. */
export interface HostSizes {
  readonly vms: number;
  /** vCPUs of the largest VM. */
  readonly vcpus: number;
  /** Passed-through devices; each has up to 32 message vectors. */
  readonly devices: number;
}

/** What a part is given. */
export interface HostContext {
  readonly trace: Trace;
  readonly kernel: KernelVersion;
  readonly options: HostOptions;
  readonly sizes: HostSizes;
  readonly eventfds: Eventfds;
  readonly lines: Host;
  readonly pci: Pci;
  readonly vfio: Vfio;
  /** The VMs' generic halves; they are created after the parts. */
  readonly kvms: readonly Kvm[];
  processes(): Processes<never>;
  /** Puts an IOMMU between devices and CPUs; at most one part may. */
  bindRemapper(remapper: Remapper): void;
  /** Model time, nanoseconds. */
  now(): number;
}

/** What an operation of a part works on. */
export interface PartTarget<H> {
  readonly part: H;
  /** Index of a passed-through device by name, -1 if there is none. */
  device(name: string): number;
  /** fd of an eventfd by name, made on first use. */
  eventfd(name: string): number;
  /** VM the operation is about. */
  readonly vm: number;
}

/** The contract. `F` is its declared state, `H` what `attach` returns. */
export interface HostPart<F extends Fields = Fields, H = unknown> {
  /** Field of the machine's state, letters and digits. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly options: Readonly<Record<string, ArgSpec>>;
  /** A pure function of its arguments. */
  layout(sizes: HostSizes, options: HostOptions): StructKind<F>;
  attach(context: HostContext, state: StructView<F>): H;
  /** A VM's generic half exists: the part may take its place on the EOI path. */
  addVm?(part: H, kvm: Kvm): void;
  readonly protocols: readonly AnyProtocol<never>[];
  readonly properties: readonly { readonly name: string; readonly holds: (part: H) => boolean }[];
  readonly operations: Readonly<Record<string, Operation<PartTarget<H>>>>;
  readonly events: EventTexts;
  inspect(part: H): readonly InspectSection[];
}

/** A part of any state, as the machine handles it. */
export type AnyHostPart = Omit<HostPart, 'layout' | 'attach' | 'addVm' | 'properties' | 'operations' | 'inspect'> & {
  layout(sizes: HostSizes, options: HostOptions): StructKind;
  attach(context: HostContext, state: never): unknown;
  addVm?(part: never, kvm: Kvm): void;
  readonly properties: readonly { readonly name: string; readonly holds: (part: never) => boolean }[];
  readonly operations: Readonly<Record<string, Operation<never>>>;
  inspect(part: never): readonly InspectSection[];
};

/** Declares a part. */
export const defineHostPart = <F extends Fields, H>(part: HostPart<F, H>): HostPart<F, H> => part;
