// The threads of the host's interrupt handler: they raise the guest's GSI. Linux ≤ 4.11: arch/x86/kvm/assigned-dev.c kvm_assigned_dev_thread_intx, kvm_assigned_dev_raise_guest_irq.

import { finishThread, IRQ, THREAD_LOCALS, takeWakeup } from '@virq/irq-core/host';
import { protocolsOn } from '@virq/irq-core/protocol';
import type { AssignWorld } from '../world.ts';

const { protocol } = protocolsOn<AssignWorld>();

/** kvm_assigned_dev_thread_intx of a device that its primary handler has masked. */
export const kvmAssignedDevThreadIntx = protocol('kvm_assigned_dev_thread_intx', THREAD_LOCALS, (p) => ({
  take: takeWakeup,
  ...p.spinlocked('intx_mask', (m, f) => m.parts.assign.intx.device(f.owner).intxMaskLock, {
    raise(m, f) {
      const { intx } = m.parts.assign;
      if (intx.device(f.owner).guestMasked === 0) intx.raise(f.owner);
      f.result = IRQ.HANDLED;
    },
  }),
  finish: finishThread,
}));

/** The same without PCI_2_3: there is no primary handler, and the thread disables the line that ONESHOT keeps masked meanwhile. */
export const kvmAssignedDevThreadLine = protocol('kvm_assigned_dev_thread_intx (no PCI_2_3)', THREAD_LOCALS, (p) => ({
  take: takeWakeup,
  ...p.spinlocked('intx', (m, f) => m.parts.assign.intx.device(f.owner).intxLock, {
    disable: (m, f) => m.parts.assign.intx.maskLine(f.owner),
  }),
  ...p.spinlocked('intx_mask', (m, f) => m.parts.assign.intx.device(f.owner).intxMaskLock, {
    raise(m, f) {
      const { intx } = m.parts.assign;
      if (intx.device(f.owner).guestMasked === 0) intx.raise(f.owner);
      f.result = IRQ.HANDLED;
    },
  }),
  finish: finishThread,
}));
