// @virq/arm-vgic/protocols: kernel paths of the VGIC that other CPUs can interleave.

export { vgicDisableLpis } from '../distributor/disable-lpis.ts';
export { vgicItsProcessCommands } from '../its/protocols/commands.ts';
export { vgicItsInjectMsi } from '../its/protocols/inject.ts';
export { setForwarding, setForwardingCorrected } from '../v4/set-forwarding.ts';
export { unsetForwarding, unsetForwardingByRoute, unsetForwardingCorrected } from '../v4/unset-forwarding.ts';
export { blockVcpu, type Doorbell, gicv4Doorbell, raiseVlpi } from './gicv4-doorbell.ts';
export {
  discard,
  flushPendingLpis,
  type LpiLists,
  lpiMigrateDisable,
  pruneApList,
} from './lpi-migrate-disable.ts';
export { addLpi, type LpiTable, lpiReregister, putLpi } from './lpi-reregister.ts';
export {
  type Automask,
  acknowledge,
  clearPending,
  device,
  guest,
  killAndRestart,
  vfioAutomask,
  vfioIrq,
} from './vfio-automask.ts';
