// What the generic KVM protocols run on: every VM of the machine, and the process table that holds the work items.

import type { Fields } from '../arena/index.ts';
import type { Trace } from '../events/index.ts';
import type { Locals, Protocol } from '../protocol/index.ts';
import type { KvmArch } from './arch.ts';
import type { Eventfds } from './eventfd.ts';
import type { KernelProfile } from './kernel.ts';
import type { KvmState } from './layout.ts';
import type { Notifiers } from './notifiers.ts';
import type { Routing } from './routing.ts';

/** Where an irqfd goes to find a producer with its eventfd: the irqbypass manager. */
export interface BypassConsumers {
  /** irq_bypass_register_consumer: 0 or negative errno (which KVM only logs). */
  registerConsumer(vm: number, irqfd: number, eventfd: number): number;
  unregisterConsumer(vm: number, irqfd: number): void;
  /** True while another process holds the manager's mutex. */
  busy(): boolean;
}

/** The parts of one VM that protocols work on. */
export interface KvmParts {
  readonly vm: number;
  readonly state: KvmState;
  readonly profile: KernelProfile;
  readonly trace: Trace;
  readonly eventfds: Eventfds;
  readonly routing: Routing;
  readonly notifiers: Notifiers;
  arch(): KvmArch;
  bypass(): BypassConsumers | null;
  /** kvm_set_irq in one go: -1 nobody, 0 coalesced, n > 0 reached. */
  setIrq(sourceId: number, gsi: number, level: number, lineStatus: boolean): number;
  /** Starts a protocol of this VM as a process (work item). */
  spawn<A extends Fields>(protocol: Protocol<KvmWorld, A>, args: Partial<Locals<A>>): number;
}

/** A machine as the generic KVM protocols see it. */
export interface KvmWorld {
  readonly kvms: readonly KvmParts[];
}
