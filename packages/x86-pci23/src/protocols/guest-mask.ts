// The guest sets or clears DisINTx, and the VMM says so. Linux ≤ 4.11: arch/x86/kvm/assigned-dev.c kvm_vm_ioctl_set_pci_irq_mask.

import { u1, u8 } from '@virq/irq-core/arena';
import { protocolsOn, replace } from '@virq/irq-core/protocol';
import type { AssignWorld } from '../world.ts';

/**
 * KVM_ASSIGN_SET_INTX_MASK as it should be: unmasking undoes the mask that is recorded, wherever it is, and raises the GSI again when the
 * device asserts on. Masking is lazy: the hardware is masked when an interrupt comes.
 */
export const kvmSetPciIrqMask = protocolsOn<AssignWorld>().protocol(
  'KVM_ASSIGN_SET_INTX_MASK',
  { device: u8, masked: u1, pci23: u1, reassert: u1 },
  (p) => ({
    ...p.spinlocked('intx_mask', (m, f) => m.parts.assign.intx.device(f.device).intxMaskLock, {
      store(m, f) {
        const { intx } = m.parts.assign;
        intx.device(f.device).guestMasked = f.masked;
        return intx.takesIntx(f.device) ? undefined : 'unlock intx_mask';
      },
      lower(m, f) {
        if (f.masked === 0) return undefined;
        m.parts.assign.intx.lower(f.device);
        return 'unlock intx_mask';
      },
      ...p.spinlocked('intx', (m, f) => m.parts.assign.intx.device(f.device).intxLock, {
        unmask(m, f) {
          f.reassert = m.parts.assign.intx.unmask(f.device) ? 1 : 0;
        },
      }),
      reassert(m, f) {
        if (f.reassert === 1) m.parts.assign.intx.raise(f.device);
      },
    }),
  }),
);

/**
 * The ioctl as it was. Linux: unmasking looks at the PCI_2_3 flag of the caller, not at the stored one. Without it a disabled line is
 * enabled; with it nothing is done, because user space is to write the command register next.
 */
export const kvmSetPciIrqMaskLinux = replace(kvmSetPciIrqMask, 'unmask', (m, f) => {
  const { intx } = m.parts.assign;
  const d = intx.device(f.device);
  if (f.pci23 === 1 || d.hostIrqDisabled === 0) return;
  d.hostIrqDisabled = 0;
  m.host.enable(intx.hostIrq(f.device));
});
