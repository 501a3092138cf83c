// The fault handler counts pages from the beginning of the mapping, the removal from that of the file.

import { borrow } from '@virq/irq-core/protocol';
import { esbFaultNative, xiveVma } from '@virq/ppc-xive/models';
import { nativeEsbFault } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-vma-split',
  title: 'XIVE: after the ESB window is split a page shows another interrupt',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `The fault handler of the ESB window takes the page's place in the mapping for its place in the window. That holds until the mapping is split: unmapping its
beginning, or protecting a part in another way, leaves a mapping whose first page is not that of source 0. Every page in it then shows a lower source than it should, and
unmap_mapping_range, which goes by file offsets, misses them: the page of a device that is handed back may stay.

Only the VMM itself can do this, and QEMU never does. A VMM that confines itself with mprotect after it has mapped might.`,
  links: [],
  model: xiveVma,
  variant: [[esbFaultNative, borrow(esbFaultNative, nativeEsbFault, 'findVma')]],
  expected: { property: 'a page of the window is that of the source at its place in the file', length: 16 },
  unused: [
    "VMM splits the window: 'unmap.release.",
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.resend'",
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.sync'",
    "vCPU at its ESB pages: 'fault.timaPage'",
  ],
  fix: 'The handler goes by vmf->pgoff, which is the offset in the file, less that of the window.',
});
