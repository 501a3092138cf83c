// State of KVM's own device assignment. Linux ≤ 4.11: struct kvm_assigned_dev_kernel (arch/x86/kvm/assigned-dev.h).

import { array, bits, handle, struct, u1, u8, u16, u32, type View } from '@virq/irq-core/arena';
import { lock } from '@virq/irq-core/protocol';

/** Where an interrupt of the device is masked: DisINTx in the function, or disable_irq on the host line. */
export const MASKING = { DEVICE: 0, LINE: 1 } as const;

/**
 * One function of the host, assigned or not. `pci23` and `guestMasked` are the stored PCI_2_3 and MASK_INTX; `irqTypes` is
 * irq_requested_type; `hostIrqDisabled` says that KVM has masked the interrupt, `masking` where. `source` 0 is none. `acks` and `switches` count
 * the EOIs and the sharing notifications under way: the kernel's caller is inside them meanwhile.
 */
export const AssignedDevice = struct('assignedDevice', {
  assigned: u1,
  pci23: u1,
  guestMasked: u1,
  hostIrqDisabled: u1,
  masking: bits(1),
  acks: bits(4),
  switches: bits(4),
  vm: u8,
  id: u32,
  irqTypes: u16,
  gsi: u16,
  source: u8,
  ackNotifier: handle,
  intxLock: lock,
  intxMaskLock: lock,
});
export type AssignedDevice = View<typeof AssignedDevice>;

/** All functions of the host, by their index. */
export const assignmentLayout = (devices: number) => struct('assign', { devices: array(AssignedDevice, devices) });
export type AssignmentState = View<ReturnType<typeof assignmentLayout>>;
