// Models over the part and a machine around it.

export { intxMask } from './intx-mask.ts';
export { intxShareSwitch } from './intx-share-switch.ts';
export { vfioIntxEnable } from './vfio-intx-enable.ts';
export { device, guestDriver, hostDriver, vmmSetsIntxMask } from './world.ts';
