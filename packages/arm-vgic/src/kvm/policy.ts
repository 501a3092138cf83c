// What the VGIC's user interface does otherwise from kernel to kernel, as data. Linux: vgic-kvm-device.c, vgic-its.c, arch/arm64/kvm/arm.c, virt/kvm/kvm_main.c of 6.1.192, 6.12.117, 6.18.35 and 7.3-rc7.

/** Differences that a VMM can see. */
export interface KvmPolicy {
  /** What the vCPU of KVM_IRQ_LINE names. With `index` the id of the vCPU found is taken for an index once more. */
  readonly irqLineVcpu: 'index' | 'id';
  /** Who initialises a GICv2 that is not yet, and refuses a GICv3: KVM_IRQ_LINE and irqfds before they look at anything else, or the injection. Then that drops what comes too early. */
  readonly lazyInit: 'callers' | 'injection';
  /** kvm:vgic_update_irq_pending comes before anything is tested. */
  readonly tracesFirst: boolean;
  /** GICD_IIDR and GICD_TYPER2 can be accessed before the VGIC is initialised. */
  readonly earlyRegisters: boolean;
  /** KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ exists. */
  readonly maintIrq: boolean;
  /** A region that is refused because of the distributor takes redistributors that had their places before off the bus, or leaves them. */
  readonly refusedRegion: 'unplugs' | 'keeps';
  /** What bit a vCPU has in GICD_ITARGETSR of its private interrupts. */
  readonly v2Targets: 'index' | 'id';
  /** KVM_CREATE_VCPU finds out that the id is taken first, or last: then a redistributor's place is gone. */
  readonly vcpuExists: 'first' | 'last';
}

const NEWEST: KvmPolicy = {
  irqLineVcpu: 'id',
  lazyInit: 'callers',
  tracesFirst: false,
  earlyRegisters: true,
  maintIrq: true,
  refusedRegion: 'unplugs',
  v2Targets: 'id',
  vcpuExists: 'first',
};

const V6_18: KvmPolicy = { ...NEWEST, lazyInit: 'injection', vcpuExists: 'last' };
const V6_12: KvmPolicy = {
  ...V6_18,
  earlyRegisters: false,
  maintIrq: false,
  refusedRegion: 'keeps',
  v2Targets: 'index',
};

/** By kernel. */
export const KVM_POLICIES = {
  '6.1': { ...V6_12, irqLineVcpu: 'index', tracesFirst: true, refusedRegion: 'unplugs' },
  '6.12': V6_12,
  '6.18': V6_18,
  '7.3': NEWEST,
} as const satisfies Record<string, KvmPolicy>;
