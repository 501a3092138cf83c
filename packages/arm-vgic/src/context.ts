// What the parts of one VM's VGIC share.

import type { BackendProcesses } from '@virq/irq-core/backend';
import type { Trace } from '@virq/irq-core/events';
import type { Kvm } from '@virq/irq-core/kvm';
import type { ArmHost } from './host/arm-host.ts';
import type { ArmProfile } from './kernel.ts';
import type { ArmState } from './layout.ts';
import type { ArmOptions } from './options.ts';

/** Requests to vCPUs (KVM_ARCH_REQ), in the numbering of irq-core. Linux: arch/arm64/include/asm/kvm_host.h. */
export const ARM_REQ = { SLEEP: 8, IRQ_PENDING: 9, RELOAD_GICV4: 12, VGIC_PROCESS_UPDATE: 17 } as const;

/** Shared by all parts. */
export interface Context {
  readonly vm: number;
  readonly state: ArmState;
  readonly host: ArmHost;
  readonly kvm: Kvm;
  readonly trace: Trace;
  readonly profile: ArmProfile;
  readonly options: ArmOptions;
  /** The machine's processes, for kernel paths that run to their end at once. */
  processes(): BackendProcesses;
}
