// KVM_DEV_ARM_VGIC_GRP_CTRL of an ITS device. Linux: arch/arm64/kvm/vgic/vgic-its.c vgic_its_set_attr, vgic_its_ctrl; uapi/asm/kvm.h.

import { ENXIO } from '@virq/irq-core/errors';
import type { Its } from './its.ts';

/** KVM_DEV_ARM_VGIC_CTRL_INIT, KVM_DEV_ARM_ITS_SAVE_TABLES, _RESTORE_TABLES, KVM_DEV_ARM_ITS_CTRL_RESET. */
export const ITS_CTRL = { INIT: 0, SAVE: 1, RESTORE: 2, RESET: 4 } as const;

/** Carries out an attribute: 0 or -errno; one that there is not is -ENXIO from 6.18 on, and 0 before. */
export function controlIts(its: Its, attr: number): number {
  if (attr === ITS_CTRL.INIT) return 0;
  if (attr === ITS_CTRL.SAVE) return its.save();
  if (attr === ITS_CTRL.RESTORE) return its.restore();
  if (attr !== ITS_CTRL.RESET) return its.context.policy.unknownControl === 'refuse' ? -ENXIO : 0;
  its.reset();
  return 0;
}
