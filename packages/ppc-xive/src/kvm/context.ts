// What the parts of one VM's interrupt controller share. Linux: arch/powerpc/kvm/book3s_xive.c.

import type { BackendProcesses } from '@virq/irq-core/backend';
import type { Trace } from '@virq/irq-core/events';
import type { Kvm } from '@virq/irq-core/kvm';
import type { PowerHost } from '../host/power-host.ts';
import type { PowerProfile } from '../kernel.ts';
import type { PowerOptions } from '../options.ts';
import type { XiveKvmState } from './layout.ts';

/** Shared by all parts of one VM's chip. */
export interface Context {
  readonly vm: number;
  readonly state: XiveKvmState;
  readonly host: PowerHost;
  readonly kvm: Kvm;
  readonly trace: Trace;
  readonly profile: PowerProfile;
  readonly options: PowerOptions;
  /** The machine's processes, for kernel paths that run to their end at once. */
  processes(): BackendProcesses;
}
