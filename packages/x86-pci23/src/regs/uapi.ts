// Flags of the assignment ioctls. Linux ≤ 4.11: include/uapi/linux/kvm.h, Documentation/virtual/kvm/api.txt 4.48 to 4.69.

/** struct kvm_assigned_pci_dev flags. */
export const KVM_DEV_ASSIGN = {
  /** Mandatory: without an IOMMU nothing is assigned. */
  ENABLE_IOMMU: 1,
  /** Mask at the device, so that the host line may be shared. Dropped silently when the function cannot. */
  PCI_2_3: 2,
  /** The guest has set DisINTx. */
  MASK_INTX: 4,
} as const;

/** struct kvm_assigned_irq flags: how the host and how the guest take the interrupt. */
export const KVM_DEV_IRQ = {
  HOST_INTX: 0x001,
  HOST_MSI: 0x002,
  HOST_MSIX: 0x004,
  HOST_MASK: 0x00ff,
  GUEST_INTX: 0x100,
  GUEST_MSI: 0x200,
  GUEST_MSIX: 0x400,
  GUEST_MASK: 0xff00,
} as const;
