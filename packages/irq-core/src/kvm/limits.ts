// How much room a VM's state has. Small numbers make small states for `check`.

/** Sizes of one VM. */
export interface VmLimits {
  /** vCPUs the VM can have, 1–1024. */
  readonly vcpus: number;
  /** GSIs a routing table can name, 0..gsis-1. KVM_MAX_IRQ_ROUTES is 4096. */
  readonly gsis: number;
  /** Entries of a routing table. KVM's limit is 4096. */
  readonly routes: number;
  /** irqfds alive at once, ≤ 1023. */
  readonly irqfds: number;
  /** KVM_NR_IRQCHIPS: irqchips a route can name. */
  readonly irqchips: number;
  /** KVM_IRQCHIP_NUM_PINS: pins per irqchip in the reverse map. */
  readonly pins: number;
}

/** KVM's own limits on x86, with room for 1000 irqfds. */
export const KVM_LIMITS: VmLimits = { vcpus: 1, gsis: 4096, routes: 4096, irqfds: 1000, irqchips: 3, pins: 24 };
