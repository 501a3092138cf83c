// The architecture's half of KVM as the generic half calls it. Linux: kvm_arch_* hooks, kvm_set_routing_entry, kvm_irq_routing entry->set.

/** One entry of KVM_SET_GSI_ROUTING as the caller gives it (struct kvm_irq_routing_entry). Numbers are u32. */
export interface RouteInput {
  readonly gsi: number;
  /** 1 IRQCHIP, 2 MSI, 3 S390_ADAPTER, 4 HV_SINT, 5 XEN_EVTCHN. */
  readonly type: number;
  readonly flags: number;
  /** IRQCHIP: which chip and which of its pins. */
  readonly irqchip: number;
  readonly pin: number;
  /** MSI: the message; `devid` counts when flags bit 0 (VALID_DEVID) is set. */
  readonly addressLo: number;
  readonly addressHi: number;
  readonly data: number;
  readonly devid: number;
}

/** A validated route as kept in the arena (struct kvm_kernel_irq_routing_entry), or a copy of it in a frame. */
export interface Route {
  type: number;
  irqchip: number;
  /** Pin in the numbering of entry->set: on x86 the slave PIC's pins are 8..15. */
  pin: number;
  addressLo: number;
  addressHi: number;
  data: number;
  flags: number;
  devid: number;
}

/** Routing entry types, uapi/linux/kvm.h. 0 in a snapshot means "no single route: no fast path". */
export const ROUTE = { NONE: 0, IRQCHIP: 1, MSI: 2, S390_ADAPTER: 3, HV_SINT: 4, XEN_EVTCHN: 5 } as const;

/** What an architecture provides per VM. Return values are KVM's: 0 or a count on success, negative errno. */
export interface KvmArch {
  /** kvm_arch_can_set_irq_routing: an in-kernel interrupt controller exists. */
  canSetIrqRouting(): boolean;
  /** kvm_arch_intc_initialized: false makes KVM_IRQFD fail with EAGAIN. */
  intcInitialized(): boolean;
  /** kvm_arch_irqfd_allowed: false makes KVM_IRQFD fail with EINVAL. */
  irqfdAllowed(resample: boolean): boolean;
  /** kvm_set_routing_entry: 0, or -EINVAL when chip, pin, type or message do not fit. May translate the pin in `out`. */
  setRoutingEntry(input: RouteInput, out: Route): number;
  /** entry->set: delivers; -1 nobody, 0 coalesced, n > 0 reached. `level` is the caller's, source OR is done inside. */
  setIrq(route: Route, sourceId: number, level: number, lineStatus: boolean): number;
  /**
   * kvm_set_irq of an architecture without routing tables (POWER, whose kvm_irq_map_gsi makes each GSI its own route): what setIrq returns. It never
   * sleeps, so irqfds call it in the writer's context. KVM_SET_GSI_ROUTING does not exist there and fails with ENOTTY.
   */
  setGsi?(gsi: number, sourceId: number, level: number): number;
  /** kvm_arch_set_irq_inatomic: as setIrq, or -EWOULDBLOCK when only process context can decide. */
  setIrqInatomic(route: Route, sourceId: number, level: number): number;
  /** Another process holds a lock that an injection through the route takes: who injects in one step has to spin. Without it nobody ever has to. */
  isBusy?(route: Route): boolean;
  /** KVM_SIGNAL_MSI without a routing table: validates and delivers. */
  signalMsi(message: Route): number;
  /** kvm_arch_post_irq_routing_update: a new table is in force (x86 split irqchip rescans EOI bitmaps). */
  routingUpdated(): void;
  /** kvm_arch_post_irq_ack_notifier_list_update: notifiers changed (x86 rescans EOI bitmaps). */
  ackNotifiersUpdated(): void;
  /** Clears a source id on every pin (kvm_free_irq_source_id); does not re-evaluate the pins. */
  clearSource(sourceId: number): void;
  /** kvm_arch_vcpu_runnable: the vCPU has an interrupt to take; without it a halted vCPU only wakes when told to. */
  vcpuRunnable?(vcpu: number): boolean;
  /** pi_start_bypass: the VM has its first irqfd with a producer. */
  startBypass?(): void;
  /**
   * kvm_arch_update_irqfd_routing / kvm_pi_update_irte: point a posted interrupt at the new route. `newRoute` null restores host mode.
   * `irqfd` is the handle of the irqfd. Returns 0 or negative errno.
   */
  updateIrte(irqfd: number, hostIrq: number, newRoute: Route | null): number;
  /**
   * kvm_arch_irq_bypass_add_producer of an architecture that hands a device's interrupt over itself (POWER, Arm) instead of by {@link updateIrte}: 0, or
   * anything else to leave the two unconnected. `irqfd` is the handle of the irqfd.
   */
  addProducer?(gsi: number, hostIrq: number, irqfd: number): number;
  /** Its counterpart, kvm_arch_irq_bypass_del_producer. A failure is only logged. */
  delProducer?(gsi: number, hostIrq: number, irqfd: number): void;
  /**
   * The two as processes that others can interleave, for an irqfd that comes or goes and waits for them. They set `irteBusy` of the irqfd, and clear
   * it when they are done. Without them each is one step.
   */
  startAddProducer?(irqfd: number, hostIrq: number): number;
  startDelProducer?(irqfd: number, hostIrq: number): void;
  /**
   * {@link updateIrte} as a process, for paths that others can interleave: true if it was started. It sets `irteBusy` of the irqfd, and clears it when it is done.
   * Without it the update is one step.
   */
  startUpdateIrte?(irqfd: number, hostIrq: number, newRoute: Route | null): boolean;
}
