// Writes to one interrupt's part of a register as kernel paths: lock, change, queue. Linux: arch/arm64/kvm/vgic/vgic-mmio.c.

import { queueing } from '../lists/queue.ts';
import * as change from './changes.ts';

/** By what is written, and who writes. Names are the kernel's functions. */
export const WRITE = {
  group: queueing('vgic_mmio_write_group', change.writeGroup),
  guestEnable: queueing('vgic_mmio_write_senable', change.guestEnable),
  userEnable: queueing('vgic_uaccess_write_senable', change.userEnable),
  guestDisable: queueing('vgic_mmio_write_cenable', change.guestDisable),
  userDisable: queueing('vgic_uaccess_write_cenable', change.userDisable),
  guestSetPending: queueing('vgic_mmio_write_spending', change.guestSetPending),
  userSetPending: queueing('vgic_uaccess_write_spending', change.userSetPending),
  guestClearPending: queueing('vgic_mmio_write_cpending', change.guestClearPending),
  userClearPending: queueing('vgic_uaccess_write_cpending', change.userClearPending),
  active: queueing('vgic_mmio_change_active', change.writeActive),
  priority: queueing('vgic_mmio_write_priority', change.writePriority),
  config: queueing('vgic_mmio_write_config', change.writeConfig),
  targets: queueing('vgic_mmio_write_target', change.writeTargets),
  router: queueing('vgic_mmio_write_irouter', change.writeRouter),
  sgir: queueing('vgic_mmio_write_sgir', change.addSenders),
  addSenders: queueing('vgic_mmio_write_sgipends', change.addSenders),
  removeSenders: queueing('vgic_mmio_write_sgipendc', change.removeSenders),
  sgi: queueing('vgic_v3_queue_sgi', change.generateSgi),
} as const;

/** One of them. */
export type Write = (typeof WRITE)[keyof typeof WRITE];
