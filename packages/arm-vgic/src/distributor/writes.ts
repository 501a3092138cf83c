// Writes to one interrupt's part of a register as kernel paths: lock, change, queue. Linux: arch/arm64/kvm/vgic/vgic-mmio.c.

import { type Change, queueing } from '../lists/queue.ts';
import * as changes from './changes.ts';

/** A write as a path, and what it changes under the lock. */
const write = (kernel: string, change: Change) => ({ protocol: queueing(kernel, change), change });

/** By what is written, and who writes. Names are the kernel's functions. */
export const WRITE = {
  group: write('vgic_mmio_write_group', changes.writeGroup),
  guestEnable: write('vgic_mmio_write_senable', changes.guestEnable),
  userEnable: write('vgic_uaccess_write_senable', changes.userEnable),
  guestDisable: write('vgic_mmio_write_cenable', changes.guestDisable),
  userDisable: write('vgic_uaccess_write_cenable', changes.userDisable),
  guestSetPending: write('vgic_mmio_write_spending', changes.guestSetPending),
  userSetPending: write('vgic_uaccess_write_spending', changes.userSetPending),
  guestClearPending: write('vgic_mmio_write_cpending', changes.guestClearPending),
  userClearPending: write('vgic_uaccess_write_cpending', changes.userClearPending),
  active: write('vgic_mmio_change_active', changes.writeActive),
  priority: write('vgic_mmio_write_priority', changes.writePriority),
  config: write('vgic_mmio_write_config', changes.writeConfig),
  targets: write('vgic_mmio_write_target', changes.writeTargets),
  router: write('vgic_mmio_write_irouter', changes.writeRouter),
  sgir: write('vgic_mmio_write_sgir', changes.addSenders),
  addSenders: write('vgic_mmio_write_sgipends', changes.addSenders),
  removeSenders: write('vgic_mmio_write_sgipendc', changes.removeSenders),
  sgi: write('vgic_v3_queue_sgi', changes.generateSgi),
} as const;

/** One of them. */
export type Write = (typeof WRITE)[keyof typeof WRITE];
