// SET_INTX_MASK unmasks the way its caller says, not the way the handler masked.

import { intxMask, kvmSetPciIrqMask, kvmSetPciIrqMaskLinux } from '@virq/x86-pci23/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'intx-flag-argument',
  title: 'KVM_ASSIGN_SET_INTX_MASK unmasks the device although the handler disabled the line',
  family: 'vfio',
  thread: 2,
  commits: [],
  story: `KVM_ASSIGN_SET_INTX_MASK took a flag from its caller: the device speaks PCI 2.3. KVM had a flag of its own, which it cleared when the device turned out not to have DisINTx.
The unmask path trusted the caller's. For a device that was silently downgraded it does nothing, because user space is to write the command register next, and leaves the host
line disabled. The guest's pin was lowered by the mask, so no acknowledgement will come either.

Derived from reading Linux 4.9; not known to have been reported. The ioctl is gone with legacy device assignment.`,
  links: [],
  model: intxMask,
  scope: { pci23: 0 },
  proof: { assertions: 2, pci23: 0 },
  variant: [[kvmSetPciIrqMask, kvmSetPciIrqMaskLinux]],
  expected: { property: 'no device asserts while its interrupt is masked', length: 30 },
  fix: 'One stored fact says how the interrupt was masked; unmasking undoes that, and tells the guest again if the device still asserts.',
});
