// What an architecture backend is: a plain object made by defineBackend. No scanning, no base class, no registry.

import type { Fields, StructKind, StructView } from './arena/index.ts';
import { VirqError } from './errors.ts';
import type { EventTexts, Trace } from './events/index.ts';
import type { AnyHostPart } from './host-part.ts';
import type { KvmArch } from './kvm/arch.ts';
import type { DeviceAttrTable } from './kvm/device-attrs.ts';
import type { Kvm } from './kvm/index.ts';
import type { KernelVersion } from './kvm/kernel.ts';
import type { VmLimits } from './kvm/limits.ts';
import type { Vocabulary } from './machine/vocabulary.ts';
import type { AnyProtocol, Processes } from './protocol/index.ts';
import type { RegisterMap } from './registers/index.ts';

/** Version of this contract. A backend of another version is refused. */
export const SPEC_VERSION = 1;

const BRAND = Symbol.for('virq.backend.v1');

/** What a VM is created with, beyond its sizes: the backend's own switches (`irqchip: 'split'`, `gic: 3` …). */
export type VmOptions = Readonly<Record<string, unknown>>;

/** What a backend is given to build its half of one VM. */
export interface VmContext {
  /** Index of the VM in the machine. */
  readonly vm: number;
  readonly limits: VmLimits;
  /** The generic half: routing, irqfd, ack notifiers, vCPU requests. */
  readonly kvm: Kvm;
  readonly trace: Trace;
  readonly kernel: KernelVersion;
  readonly options: VmOptions;
  /** What the backend's {@link Backend.host} part attached; null without one. */
  readonly host: unknown;
  /** The machine's processes, for kernel paths that run to their end at once. */
  processes(): BackendProcesses;
  /** Model time in nanoseconds; moves only when a scenario says so. */
  now(): number;
}

/** One VM's interrupt controllers: the hooks for the generic half, and whatever the backend's own vocabulary needs. */
export interface VmChip {
  readonly arch: KvmArch;
  /** Called once the generic half is bound: default routing and the like. */
  installDefaults?(): void;
  /** Model time has moved on to `now` nanoseconds. */
  advance?(now: bigint): void;
}

/** A property a backend promises, for `check`. Names read as sentences. */
export interface BackendProperty {
  readonly name: string;
  readonly holds: (chip: never) => boolean;
}

/** One dense line per thing, as a kernel engineer reads it. */
export interface InspectSection {
  readonly title: string;
  readonly lines: readonly string[];
}

/** A KVM device (KVM_CREATE_DEVICE) and its attributes, for the generated reference. */
export interface DeviceReference {
  /** KVM_DEV_TYPE_*. */
  readonly name: string;
  readonly summary: string;
  readonly attributes: DeviceAttrTable<never>;
}

/** The contract. `F` is the declared state of one VM, `C` what `attach` returns. */
export interface Backend<F extends Fields = Fields, C extends VmChip = VmChip> {
  readonly specVersion: typeof SPEC_VERSION;
  /** Short name, `x86-avic`; what `--backend` takes. */
  readonly name: string;
  /** Kernel architecture name: `x86`, `arm64`, `powerpc`, … */
  readonly arch: string;
  /** One sentence for `virq backends`. */
  readonly summary: string;
  /** Irqchips a route can name and pins of each, for the reverse map from pins to GSIs. */
  readonly irqchips: { readonly count: number; readonly pins: number };
  /** What its VMs share below KVM: physical CPUs, the IOMMU. */
  readonly host?: AnyHostPart;
  /** State of one VM's interrupt controllers. Must be a pure function of its arguments. */
  layout(limits: VmLimits, options: VmOptions): StructKind<F>;
  /** Brings the zeroed state to reset and returns the chip that works on it. */
  attach(context: VmContext, state: StructView<F>): C;
  /** Register maps, for docs, `describe` and conformance. */
  readonly registers: readonly RegisterMap[];
  /** KVM devices that user space talks to. */
  readonly devices?: readonly DeviceReference[];
  /** Multi-step kernel paths. */
  readonly protocols: readonly AnyProtocol<never>[];
  readonly properties: readonly BackendProperty[];
  /** Operations it adds to the core's, and what `observe` can show. */
  readonly vocabulary: Vocabulary<C>;
  /** Kernel texts of the tracepoints it emits. */
  readonly events: EventTexts;
  /** Other implementations that it models, by name: backends of their own, with their own words. */
  readonly implementations?: Readonly<Record<string, AnyBackend>>;
  /** Human view of the chip's state. */
  inspect(chip: C): readonly InspectSection[];
}

/** A backend of any state, as the machine and the CLI handle it. */
export type AnyBackend = Omit<Backend<Fields, VmChip>, 'layout' | 'attach' | 'vocabulary' | 'inspect'> & {
  layout(limits: VmLimits, options: VmOptions): StructKind;
  attach(context: VmContext, state: never): VmChip;
  readonly vocabulary: Vocabulary<never>;
  inspect(chip: never): readonly InspectSection[];
};

/** What a backend author writes: the contract without version and brand. */
export type BackendDefinition<F extends Fields, C extends VmChip> = Omit<Backend<F, C>, 'specVersion'> & {
  readonly specVersion: number;
};

/** Declares a backend. `specVersion` must be {@link SPEC_VERSION}. Throws VIRQ-B00x with a sentence that says what to fix. */
export function defineBackend<F extends Fields, C extends VmChip>(definition: BackendDefinition<F, C>): Backend<F, C> {
  const branded = { ...definition, [BRAND]: true };
  assertBackend(branded, definition.name);
  return branded as unknown as Backend<F, C>;
}

const REQUIRED: readonly (readonly [string, string])[] = [
  ['name', 'string'],
  ['arch', 'string'],
  ['summary', 'string'],
  ['layout', 'function'],
  ['attach', 'function'],
  ['registers', 'object'],
  ['protocols', 'object'],
  ['properties', 'object'],
  ['vocabulary', 'object'],
  ['events', 'object'],
  ['inspect', 'function'],
];

/** Checks that a value (the default export of a module, say) is a backend. Throws VIRQ-B00x naming `from`. */
export function assertBackend(value: unknown, from: string): asserts value is AnyBackend {
  if (typeof value !== 'object' || value === null || (value as Record<symbol, unknown>)[BRAND] !== true)
    throw new VirqError('VIRQ-B001', `${from} is no backend`, {
      hint: 'its default export must be the result of defineBackend() from @virq/irq-core/backend',
    });
  const backend = value as Record<string, unknown>;
  if (backend['specVersion'] !== SPEC_VERSION)
    throw new VirqError(
      'VIRQ-B002',
      `${from} has specVersion ${JSON.stringify(backend['specVersion'])}, this virq takes ${SPEC_VERSION}`,
      {
        hint: `install a version of ${from} made for specVersion ${SPEC_VERSION}, or set specVersion: ${SPEC_VERSION} in defineBackend()`,
      },
    );
  for (const [key, type] of REQUIRED)
    if (typeof backend[key] !== type)
      throw new VirqError('VIRQ-B003', `${from}: '${key}' is ${typeof backend[key]}, expected ${type}`, {
        hint: `give defineBackend() a ${type} named '${key}'`,
      });
}

export {
  type AnyHostPart,
  defineHostPart,
  type HostContext,
  type HostOptions,
  type HostPart,
  type HostSizes,
  type PartTarget,
} from './host-part.ts';

/** Processes of a machine as a backend sees them. */
export type BackendProcesses = Processes<never>;
