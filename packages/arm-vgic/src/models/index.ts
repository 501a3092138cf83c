// @virq/arm-vgic/models: families for the checker.

export { gicv4Doorbell, lpiMigrateDisable, lpiReregister, vfioAutomask } from '../protocols/index.ts';
