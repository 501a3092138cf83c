// @virq/x86-pci23: INTx of assigned PCI 2.3 devices on shared host lines.

export type { AssignIrq, Assignment, AssignPciDev } from './assignment.ts';
export { AssignedDevice, type AssignmentState, MASKING } from './layout.ts';
export { legacyAssignment } from './part.ts';
export { KVM_DEV_ASSIGN, KVM_DEV_IRQ } from './regs/uapi.ts';
