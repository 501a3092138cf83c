// User space saves, restores or resets an ITS. Linux: vgic-its.c vgic_its_ctrl. No vCPU runs and no other ioctl of the VM is under way, but devices' MSIs may come in.

import { u8, u16 } from '@virq/irq-core/arena';
import { type Combinators, protocolsOn } from '@virq/irq-core/protocol';
import { controlIts } from '../control-attrs.ts';
import type { Its } from '../its.ts';
import { type ItsMachine, itsOf, vmOf } from './world.ts';

const { protocol } = protocolsOn<ItsMachine>();

/** `attr` is that of KVM_DEV_ARM_VGIC_GRP_CTRL, `error` an errno. */
const CONTROL_LOCALS = { vm: u8, its: u8, attr: u8, error: u16 } as const;
type ControlFrame = { -readonly [K in keyof typeof CONTROL_LOCALS]: number };

/** Abstraction: the tables are written or read in one step; with its_lock held nobody changes what goes into them. */
export const vgicItsCtrl = protocol('vgic_its_ctrl', CONTROL_LOCALS, (p: Combinators<ItsMachine, ControlFrame>) => ({
  ...p.locked('config', (m, f) => vmOf(m, f).state.dist.configLock, {
    ...p.locked('its', (m, f) => itsOf(m, f).state.itsLock, {
      control(m, f) {
        f.error = Math.abs(controlIts(vmOf(m, f).its.all[f.its] as Its, f.attr));
      },
    }),
  }),
}));
