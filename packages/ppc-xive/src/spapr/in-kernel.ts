// What QEMU asks KVM's XIVE device for: attributes, one_reg and accesses through its mapping of the ESB pages. QEMU: hw/intc/spapr_xive_kvm.c.

/** A queue as EQ_CONFIG takes it (struct kvm_ppc_xive_eq). */
export interface KvmEq {
  readonly flags: number;
  readonly qshift: number;
  readonly qaddr: bigint;
  readonly qtoggle: number;
  readonly qindex: number;
}

/** Payload of SOURCE_CONFIG. */
export interface KvmSourceConfig {
  readonly server: number;
  readonly priority: number;
  readonly masked: boolean;
  readonly eisn: number;
}

/** KVM's XICS-over-XIVE device as QEMU uses it. QEMU: hw/intc/xics_kvm.c. */
export interface InKernelXics {
  /** KVM_CREATE_DEVICE of the XICS device, NR_SERVERS, every vCPU connected. */
  connect(servers: number): number;
  disconnect(): void;
  /** ics_set_kvm_state_one: KVM_DEV_XICS_GRP_SOURCES. */
  setSource(lisn: number, value: bigint): number;
  /** ics_get_kvm_state; negative errno. */
  getSource(lisn: number): bigint | number;
  /** KVM_IRQ_LINE. */
  setIrq(lisn: number, level: number): void;
  /** KVM_REG_PPC_ICP_STATE. */
  getIcp(vcpu: number): bigint | number;
  setIcp(vcpu: number, value: bigint): number;
}

/** KVM's device as QEMU uses it. Return values are 0 or negative errno. */
export interface InKernel {
  /** KVM_CREATE_DEVICE of the XIVE device, NR_SERVERS, both mappings, every vCPU connected. */
  connect(servers: number): number;
  /** Mappings and file are closed. */
  disconnect(): void;
  /** kvmppc_xive_source_reset_one. */
  resetSource(lisn: number, lsi: boolean, asserted: boolean): number;
  configureSource(lisn: number, config: KvmSourceConfig): number;
  configureQueue(server: number, priority: number, eq: KvmEq): number;
  /** Toggle and index of a queue; null for an error. */
  queueState(server: number, priority: number): { readonly toggle: number; readonly index: number } | null;
  syncSource(lisn: number): number;
  /** KVM_DEV_XIVE_EQ_SYNC. */
  syncQueues(): number;
  /** KVM_DEV_XIVE_RESET. */
  reset(): number;
  /** Load from a source's management page: 8 bits of it. */
  esbLoad(lisn: number, offset: number): number;
  /** Store of 0 to it. */
  esbStore(lisn: number, offset: number): void;
  /** KVM_REG_PPC_VP_STATE: words 0 and 1 of the OS ring; negative errno. */
  getVp(vcpu: number): bigint | number;
  setVp(vcpu: number, w01: bigint): number;
}
