// The EAS of a device that takes over carries the number of the source, not the one the guest has asked for.

import { borrow } from '@virq/irq-core/protocol';
import { clrPassthruNative, setPassthruNative, xiveVectors } from '@virq/ppc-xive/models';
import { clrPassthruCorrected, setPassthruCorrected } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-remap-number',
  title: 'XIVE native: a passed-through interrupt arrives under the wrong number',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'emulation' },
  story: `What the guest finds in its event queue is the EISN that it has given to H_INT_SET_SOURCE_CONFIG. kvmppc_xive_set_mapped and _clr_mapped route the source that takes over as the old one was
routed, but with state->number as data, which is what XICS wants. In native mode it should be state->eisn. A Linux guest takes the number for that of one of its own interrupts, or
of none, and the handler never runs.

The first time it does not matter: SOURCE_CONFIG comes last. It does when a vector is taken away and given back after that, and the VMM cannot repair it by repeating SOURCE_CONFIG, which
does nothing when priority, server and EISN are what they were.

Seen on Linux 6.12 under emulation: a source configured with EISN 0x1234 delivers 0x20, its number, once the device is behind it.`,
  links: [],
  model: xiveVectors,
  variant: [
    [setPassthruNative, borrow(setPassthruNative, setPassthruCorrected, 'map.configure')],
    [clrPassthruNative, borrow(clrPassthruNative, clrPassthruCorrected, 'unmap.configure')],
  ],
  expected: { property: 'the interrupt arrives under the number that the guest has given it', length: 61 },
  unused: [
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.resend'",
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.sync'",
  ],
  fix: 'In native mode the EAS gets state->eisn. One line, but not for XICS mode, in which eisn is never set.',
});
