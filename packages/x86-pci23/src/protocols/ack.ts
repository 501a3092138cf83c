// The guest has ended its interrupt: the host's mask goes away. Linux ≤ 4.11: arch/x86/kvm/assigned-dev.c kvm_assigned_dev_ack_irq.

import { u1, u8 } from '@virq/irq-core/arena';
import { protocolsOn } from '@virq/irq-core/protocol';
import type { AssignWorld } from '../world.ts';

/**
 * kvm_assigned_dev_ack_irq, once it has lowered the GSI. The GSI may be shared, so the end may be that of another device; only what is masked
 * is unmasked. Abstraction: the GSI is lowered before the EOI goes on; the rest is a process of its own, which another vCPU may
 * overtake; the one that ends the interrupt is in it until `finish`.
 */
export const kvmAssignedDevAckIrq = protocolsOn<AssignWorld>().protocol(
  'kvm_assigned_dev_ack_irq',
  { device: u8, reassert: u1 },
  (p) => ({
    ...p.spinlocked('intx_mask', (m, f) => m.parts.assign.intx.device(f.device).intxMaskLock, {
      isGuestMasked: (m, f) =>
        m.parts.assign.intx.device(f.device).guestMasked === 1 ? 'unlock intx_mask' : undefined,
      ...p.spinlocked('intx', (m, f) => m.parts.assign.intx.device(f.device).intxLock, {
        unmask(m, f) {
          f.reassert = m.parts.assign.intx.unmask(f.device) ? 1 : 0;
        },
      }),
      reassert(m, f) {
        if (f.reassert === 1) m.parts.assign.intx.raise(f.device);
      },
    }),
    finish(m, f) {
      m.parts.assign.intx.device(f.device).acks--;
    },
  }),
);
