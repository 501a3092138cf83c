// User space writes the command register back, and with it a DisINTx bit that the kernel has changed meanwhile.

import { intxMask, writeCommand, writeCommandBySysfs } from '@virq/x86-pci23/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'intx-mask-window',
  title: 'PCI 2.3: a read-modify-write of the command register undoes the mask of the interrupt handler',
  family: 'vfio',
  thread: 2,
  commits: [],
  story: `A PCI 2.3 device can be told to keep quiet by a bit of its own: DisINTx, bit 10 of the command register. So a device on a shared line can be
assigned to a guest: the handler sets the bit, the guest's EOI clears it.

In the design discussed by Jan Kiszka and Avi Kivity in December 2010 user space wrote the same register. It reads the register, the handler masks the device and sets bit
10, user space writes back what it read: bit 10 is clear again. The device still asserts, KVM takes it for masked, and the host is interrupted without end.
The mirror image, a stale *set* bit written after the acknowledgement, leaves the device mute (\`virq check intx-mask --variant intx-mask-window --all\`).

VFIO let nobody but the kernel write the bit; the guest's bit 10 is virtual. The corrected model is that.`,
  links: [],
  model: intxMask,
  scope: { masks: 0, writes: 1 },
  proof: { assertions: 2, writes: 1 },
  variant: [[writeCommand, writeCommandBySysfs]],
  expected: { property: 'what KVM has masked stays masked', length: 6 },
  fix: 'Bit 10 of the real register has one owner: the kernel writes it under its lock, and what user space writes there goes to a virtual bit.',
});
