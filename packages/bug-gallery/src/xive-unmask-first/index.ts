// A guest that unmasks at the ESB before it unmasks in the MSI-X table hears nothing of its device.

import { borrow } from '@virq/irq-core/protocol';
import { clrPassthruNative, setPassthruNative, xiveVectors } from '@virq/ppc-xive/models';
import { clrPassthruCorrected, setPassthruCorrected } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-unmask-first',
  title: 'XIVE native: an interrupt that is enabled when its device takes over stays off',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'emulation' },
  story: `In XICS mode KVM knows whether the guest has an interrupt enabled, and set_mapped ends the device's source if so, which enables it. In native mode it does not know: the guest
enables its interrupts at the ESB, and guest_priority is 0xFF for ever. set_mapped takes the source for masked. The device's source stays at PQ=10, "in flight", and nobody will
ever end it; clr_mapped likewise leaves the IPI at PQ=10.

As long as a guest enables at the ESB after the device has taken over, nothing is noticed: Linux 5.15 to 6.17 unmasks the MSI-X table first. Newer ones do it the other way round
(\`--scope order=1\`): the first message sets Q, and that was the last. With the older order it shows when the VMM takes a vector away and gives it back (\`--scope cycles=1\`),
as QEMU does with all vectors of a device each time that the guest enables a further one.

Linux 6.12, emulated, leaves PQ=10 after both.`,
  links: [],
  model: xiveVectors,
  scope: { order: 1, cycles: 0 },
  proof: { order: 1, cycles: 1, messages: 1 },
  variant: [
    [
      setPassthruNative,
      borrow(setPassthruNative, setPassthruCorrected, 'map.maskSource', 'map.enable', 'map.restorePriority'),
    ],
    [
      clrPassthruNative,
      borrow(clrPassthruNative, clrPassthruCorrected, 'unmap.maskSource', 'unmap.enableIpi', 'unmap.restorePriority'),
    ],
  ],
  expected: { property: 'what the device has to say is heard', length: 36 },
  unused: [
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.resend'",
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.sync'",
  ],
  fix: "In native mode the state of the source's own PQ bits says whether the guest has it enabled; it is carried over to the source that takes its place.",
});
