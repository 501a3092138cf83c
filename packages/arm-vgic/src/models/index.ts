// @virq/arm-vgic/models: families for the checker.

export { gicv4Doorbell, lpiMigrateDisable, lpiReregister, vfioAutomask } from '../protocols/index.ts';
export { v4Doorbell } from './v4-doorbell.ts';
export { v4Forward, v4Unforward } from './v4-forward.ts';
