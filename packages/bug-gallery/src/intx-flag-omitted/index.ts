// The caller leaves out a flag, and KVM enables a line that it never disabled.

import { intxMask, kvmSetPciIrqMask, kvmSetPciIrqMaskLinux } from '@virq/x86-pci23/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'intx-flag-omitted',
  title: 'KVM_ASSIGN_SET_INTX_MASK without PCI_2_3 forgets that the device is masked by DisINTx',
  family: 'vfio',
  thread: 2,
  commits: [],
  story: `The other side of \`intx-flag-argument\`: the device does have DisINTx and was assigned with PCI_2_3, and the VMM leaves the flag out of KVM_ASSIGN_SET_INTX_MASK.

The unmask path takes the device for one that is masked at its line. It enables a line that nobody has disabled ("Unbalanced enable for IRQ N" in the log) and notes that nothing is
masked any more, while DisINTx is still set. The guest's pin was lowered by the mask, so the guest will not end anything, and an acknowledgement that came would find
nothing to unmask.

Derived from reading Linux 4.9; not known to have been reported.`,
  links: [],
  model: intxMask,
  scope: { flag: 0 },
  proof: { assertions: 2, flag: 0 },
  variant: [[kvmSetPciIrqMask, kvmSetPciIrqMaskLinux]],
  expected: { property: 'every assertion is heard', length: 27 },
  fix: 'One stored fact says how the interrupt was masked; unmasking undoes that, whatever the caller says.',
});
