// @virq/x86-pci23/protocols: the kernel paths of device assignment, and models over them.

export {
  device,
  guestDriver,
  hostDriver,
  intxMask,
  intxShareSwitch,
  vfioIntxEnable,
  vmmSetsIntxMask,
} from '../models/index.ts';
export type { AssignWorld } from '../world.ts';
export { kvmAssignedDevAckIrq } from './ack.ts';
export { writeCommand, writeCommandBySysfs } from './command.ts';
export { kvmSetPciIrqMask, kvmSetPciIrqMaskLinux } from './guest-mask.ts';
export { kvmAssignedDevThreadIntx, kvmAssignedDevThreadLine } from './host-interrupt.ts';
export { kvmDeassignHostIntx } from './release.ts';
export { switchMasking } from './sharing.ts';
